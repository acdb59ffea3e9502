import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Returns a folder, and fills it first if it does not exist. The folder gets its name only when it is complete. So an incomplete
 * folder is never used, and two processes can fill it at the same time.
 *
 * @param install fills the folder with the temporary name that it gets
 */
export function installedOnce(folder: string, install: (unfinished: string) => void): string {
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  install(unfinished);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true });
  }
  return folder;
}
