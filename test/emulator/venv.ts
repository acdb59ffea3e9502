import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { installedOnce } from '../util/installed-once';

const EMULATOR = resolve(__dirname, 'requirements.txt');
const CHECKOUT = resolve(__dirname, '../..');
const HOME = join(CHECKOUT, '.venv');
const FROM_3_10 = 'import sys, venv; print(sys.version); sys.exit(sys.version_info < (3, 10))';

/**
 * The Python of a virtual environment with exactly these requirements, which is created if it does not exist. Its folder is
 * named after its contents, so a changed requirement needs no upgrade.
 */
export function python(requirements: string = EMULATOR): string {
  const purpose = basename(dirname(requirements));
  const home = join(HOME, purpose);
  const { command, version } = systemPython();
  const name = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex').slice(0, 16);
  return join(installedOnce(join(home, name), (unfinished) => {
    console.error(`Installing Python packages for ${relative(CHECKOUT, dirname(requirements))} into .venv/ (once) …`);
    sweep(home);
    run(command, ['-m', 'venv', unfinished]);
    const pip = (...args: string[]) => run(join(unfinished, 'bin/python'), ['-m', 'pip', ...args, '--disable-pip-version-check']);
    pip('install', '--quiet', '--no-deps', '-r', requirements);
    // Without this check, a dependency that is missing from the requirements would only make an import fail later.
    pip('check');
  }), 'bin/python');
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
