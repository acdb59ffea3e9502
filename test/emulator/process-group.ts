import { ChildProcess } from 'node:child_process';

/** Ends a process group at once: its leader and all processes that it has started. */
export function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return; // the process could not be started
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // the process has already ended
  }
}
