import * as fs from 'node:fs';
import * as path from 'node:path';
import { repositoryRoot } from './generated-file';

/** How to install an app for checks and deployments, derived from the files of its package managers. */
export interface Installation {
  /** Command that runs the CDK CLI. */
  readonly cdkCommand: string;
  readonly steps: InstallStep[];

  /** Reason why the installation is unknown, if it is. The CDK CLI still runs if it is installed already. */
  readonly fault?: string;
}

export interface InstallStep {
  readonly name: string;
  readonly commands: string[];

  /** Relative to the root of the repository. */
  readonly directory: string;

  /** Inputs of the pnpm action. Empty if package.json specifies the version. */
  readonly pnpm?: { readonly version?: string };
}

type Manager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCKFILES: Record<string, Manager> = {
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/**
 * Installs the yarn version in package.json. Some versions of Node.js include an old corepack, and others include none. The
 * command installs into the directory of Node.js, which is in the path.
 */
const COREPACK = 'npx --yes corepack@0.34.7 enable --install-directory "$(dirname "$(command -v node)")"';

/** pnpm versions by the version of the lockfile. */
const PNPM_VERSIONS: Record<string, string | undefined> = { 5: '7', 6: '8', 9: '10' };

/** The installation of the app that is being synthesized. */
export function installationHere(): Installation {
  return installationOf(process.cwd(), repositoryRoot() ?? process.cwd());
}

/**
 * Determines the installation from lockfiles and manifests. It searches from the directory of the app upward to the root of
 * the repository, and uses the nearest file.
 *
 * @throws if it cannot determine the package manager
 */
export function installationOf(appDirectory: string, root: string): Installation {
  const node = nodeInstallation(appDirectory, root);
  const python = pythonInstallation(appDirectory, root);
  return { cdkCommand: node?.cdkCommand ?? 'npx --yes aws-cdk@2', ...python, steps: [...node?.steps ?? [], ...python.steps] };
}

function nodeInstallation(appDirectory: string, root: string): Installation | undefined {
  const at = nearest(appDirectory, root, (directory) => lockfilesIn(directory).length > 0 || exists(directory, 'package.json'));
  if (!at) return undefined;
  // The lockfile of a workspace is in a parent directory of its members.
  const directory = lockfilesIn(at).length > 0 ? at
    : nearest(at, root, (candidate) => lockfilesIn(candidate).length > 0 && isWorkspace(candidate)) ?? at;
  const { manager, version, isLocked } = managerOf(directory, root);
  const step = { name: 'Install', directory: relative(root, directory) };
  const install = (frozen: string, free: string, ...before: string[]) => ({ ...step, commands: [...before, isLocked ? frozen : free] });
  switch (manager) {
    case 'npm': return { cdkCommand: 'npx cdk', steps: [install('npm ci', 'npm install')] };
    case 'pnpm': return {
      cdkCommand: 'pnpm exec cdk',
      steps: [{ ...install('pnpm install --frozen-lockfile', 'pnpm install'), pnpm: { version: version ? undefined : pnpmVersion(directory) } }],
    };
    case 'yarn': return {
      cdkCommand: 'yarn cdk',
      steps: [isYarnClassic(directory, version)
        ? install('yarn install --frozen-lockfile', 'yarn install', COREPACK)
        : install('yarn install --immutable', 'yarn install --no-immutable', COREPACK)],
    };
    case 'bun': {
      const bun = `bun@${version ?? '1'}`;
      const { commands, ...rest } = install(`npx --yes ${bun} install --frozen-lockfile`, `npx --yes ${bun} install`);
      // Checks and cdk.json can call bun by its name.
      return { cdkCommand: 'npx cdk', steps: [{ ...rest, commands: [...commands, `dirname "$(npx --yes --package ${bun} --call 'command -v bun')" >> "$GITHUB_PATH"`] }] };
    }
  }
}

function managerOf(directory: string, root: string): { readonly manager: Manager; readonly version?: string; readonly isLocked: boolean } {
  const { packageManager = '' } = readJson(path.join(directory, 'package.json')) ?? {};
  const [, named, version] = /^(npm|pnpm|yarn|bun)@(\d[\w.-]*)/.exec(packageManager) ?? [];
  const found = lockfilesIn(directory);
  const managers = [...new Set(found.map((file) => LOCKFILES[file]))];
  const manager = managers.length === 1 ? managers[0] : named as Manager | undefined;
  if (!manager && managers.length > 1) {
    throw new Error(`${placeOf(root, directory)} has lockfiles of several package managers (${found.join(', ')}): ` +
      'delete all but one, or set packageManager in package.json');
  }
  return { manager: manager ?? 'npm', version: manager === named ? version : undefined, isLocked: managers.includes(manager ?? 'npm') };
}

function lockfilesIn(directory: string): string[] {
  return Object.keys(LOCKFILES).filter((file) => exists(directory, file));
}

function isWorkspace(directory: string): boolean {
  return exists(directory, 'pnpm-workspace.yaml') || readJson(path.join(directory, 'package.json'))?.workspaces !== undefined;
}

/** Applies only if the app is written in Python, because a requirements.txt can have another purpose. */
function pythonInstallation(appDirectory: string, root: string): Pick<Installation, 'steps' | 'fault'> {
  const app = readJson(path.join(appDirectory, 'cdk.json'))?.app;
  if (typeof app !== 'string' || !/\b(python3?|pipenv|poetry|uv)\b|\.py\b/.test(app)) return { steps: [] };
  const directory = nearest(appDirectory, root, (candidate) => ['poetry.lock', 'uv.lock', 'requirements.txt'].some((file) => exists(candidate, file)));
  if (!directory) return { steps: [], fault: 'cdk.json runs Python, but there is no requirements.txt, poetry.lock, or uv.lock: add one of them, or pass installCommand' };
  const locked = ['poetry', 'uv'].filter((manager) => exists(directory, `${manager}.lock`));
  const manager = locked.find((each) => locked.length === 1 || new RegExp(`\\b${each} run\\b`).test(app));
  if (locked.length > 1 && !manager) {
    return { steps: [], fault: `${placeOf(root, directory)} has lockfiles of several package managers (poetry.lock, uv.lock): delete all but one` };
  }

  const tools = '"$RUNNER_TEMP/python-tools"';
  const tool = (name: string, ...run: string[]) => [
    `python3 -m venv ${tools}`, `${tools}/bin/pip install ${name}`, ...run, `echo ${tools}/bin >> "$GITHUB_PATH"`,
  ];
  const commands = manager === 'poetry'
    ? tool(pinned('poetry', /generated by Poetry (\d[\w.]*)/, path.join(directory, 'poetry.lock')),
      `POETRY_VIRTUALENVS_IN_PROJECT=true ${tools}/bin/poetry install --no-root`)
    : manager === 'uv'
      ? tool('uv', `${tools}/bin/uv sync --frozen`)
      : ['python3 -m venv .venv', '.venv/bin/pip install --requirement requirements.txt'];
  return {
    steps: [{
      name: 'Install Python packages',
      directory: relative(root, directory),
      commands: [...commands, 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"'],
    }],
  };
}

function pnpmVersion(directory: string): string {
  const lockfile = path.join(directory, 'pnpm-lock.yaml');
  const [, major = ''] = (fs.existsSync(lockfile) && /^lockfileVersion: '?(\d+)/m.exec(fs.readFileSync(lockfile, 'utf8'))) || [];
  return PNPM_VERSIONS[major] ?? '10';
}

/** Later versions of yarn have a different lockfile format and a different option. */
function isYarnClassic(directory: string, version: string | undefined): boolean {
  if (version) return version.startsWith('1.');
  const lockfile = path.join(directory, 'yarn.lock');
  return !fs.existsSync(lockfile) || !/^__metadata:/m.test(fs.readFileSync(lockfile, 'utf8'));
}

function pinned(name: string, version: RegExp, file: string): string {
  const [, found] = version.exec(fs.readFileSync(file, 'utf8')) ?? [];
  return found ? `${name}==${found}` : name;
}

function nearest(from: string, root: string, holds: (directory: string) => boolean): string | undefined {
  for (let directory = from; ; directory = path.dirname(directory)) {
    if (holds(directory)) return directory;
    if (directory === root || directory === path.dirname(directory)) return undefined;
  }
}

function exists(directory: string, file: string): boolean {
  return fs.existsSync(path.join(directory, file));
}

function placeOf(root: string, directory: string): string {
  return directory === root ? 'the repository' : relative(root, directory);
}

function relative(root: string, directory: string): string {
  return path.relative(root, directory).split(path.sep).join('/') || '.';
}

function readJson(file: string): Record<string, any> | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
