import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

const EMULATOR = resolve(__dirname, 'requirements.txt');
const CHECKOUT = resolve(__dirname, '../..');
const HOME = join(CHECKOUT, '.venv');
const FROM_3_10 = 'import sys, venv; print(sys.version); sys.exit(sys.version_info < (3, 10))';

/**
 * The Python of a virtual environment with exactly these requirements, which is created if it does not exist.
 *
 * Its folder is named after its contents and gets that name only once it is complete. So a changed requirement needs no
 * upgrade, an incomplete environment is never used, and two processes can create it at the same time.
 */
export function python(requirements: string = EMULATOR): string {
  const purpose = basename(dirname(requirements));
  const home = join(HOME, purpose);
  const { command, version } = systemPython();
  const name = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const finished = join(home, name);
  if (!existsSync(finished)) {
    console.error(`Installing Python packages for ${relative(CHECKOUT, dirname(requirements))} into .venv/ (once) …`);
    sweep(home);
    const unfinished = join(home, `${name}.${process.pid}`);
    run(command, ['-m', 'venv', unfinished]);
    const pip = (...args: string[]) => run(join(unfinished, 'bin/python'), ['-m', 'pip', ...args, '--disable-pip-version-check']);
    pip('install', '--quiet', '--no-deps', '-r', requirements);
    // Fails if the requirements lack a dependency, instead of an import that fails later.
    pip('check');
    try {
      renameSync(unfinished, finished);
    } catch (error) {
      if (!existsSync(finished)) throw error;
      rmSync(unfinished, { recursive: true }); // another process has already created it
    }
  }
  return join(finished, 'bin/python');
}

function systemPython(): { command: string; version: string } {
  for (const command of ['python3', 'python']) {
    const { status, stdout } = spawnSync(command, ['-c', FROM_3_10], { encoding: 'utf8' });
    if (status === 0) return { command, version: stdout };
  }
  throw new Error('this needs Python 3.10 or newer with its venv module, as python3 on the PATH');
}

function run(command: string, args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

/** Removes environments of earlier requirements and incomplete ones from processes that have ended. */
function sweep(home: string): void {
  mkdirSync(home, { recursive: true });
  for (const entry of readdirSync(home)) {
    const maker = entry.split('.')[1];
    if (!maker || !isAlive(Number(maker))) rmSync(join(home, entry), { recursive: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
