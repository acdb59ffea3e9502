import { join } from 'node:path';

/** The folder in which the programs of one run share compiled code, see `shared-installations.ts`; without it, none is kept. */
export const COMPILE_CACHE = 'PHASED_FARGATE_COMPILE_CACHE';

/** Environment variables for Node.js programs that start again and again. */
export function compileCache(): Record<string, string> {
  const home = process.env[COMPILE_CACHE];
  return home ? { [COMPILE_CACHE]: home, NODE_OPTIONS: `--require ${JSON.stringify(join(__dirname, 'compile-cached.cjs'))}` } : {};
}
