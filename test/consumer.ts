import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const CHECKOUT = join(__dirname, '..');
const TARBALLS = join(CHECKOUT, 'dist', 'js');
const EXAMPLES = join(CHECKOUT, 'examples', 'typescript');

/** Users have only the tarball of this library. The manifests of the examples determine all other packages. */
const TOOLS = ['@types/node', 'aws-cdk', 'tsx', 'typescript'];

/** The examples that users read. */
export const ALL_EXAMPLES = readdirSync(EXAMPLES);

/** Packages that examples use in addition to the library and its peers. */
const OTHER_LIBRARIES = [...new Set(ALL_EXAMPLES.flatMap((example) => Object.entries<string>(readJson(join(EXAMPLES, example, 'package.json')).dependencies)
  .filter(([name]) => !['@org/phased-fargate', 'aws-cdk-lib', 'constructs'].includes(name))
  .map(([name, version]) => `${name}@${version}`)))];

/** The folder in which the test files of one run share installed packages, see `shared-installations.ts`. If unset, each has its own. */
export const SHARED_INSTALLATIONS = 'PHASED_FARGATE_SHARED_INSTALLATIONS';

export interface Peers {
  readonly cdk: string;
  readonly constructs: string;
}

const { peerDependencies } = readJson(join(CHECKOUT, 'package.json'));

export const LOWEST: Peers = {
  cdk: peerDependencies['aws-cdk-lib'].replace('^', ''),
  constructs: peerDependencies.constructs.replace('^', ''),
};

export const NEWEST: Peers = { cdk: process.env.NEWEST_CDK ?? 'latest', constructs: 'latest' };

/**
 * A folder outside the checkout with the examples as users have them: their files, and the packed tarball and its peers as
 * installed by npm.
 */
export class Consumer {
  public static async install(peers: Peers, ...more: string[]): Promise<Consumer> {
    const { devDependencies } = readJson(join(EXAMPLES, 'minimal', 'package.json'));
    const packages = [
      tarball(), `aws-cdk-lib@${peers.cdk}`, `constructs@${peers.constructs}`,
      ...TOOLS.map((tool) => `${tool}@${devDependencies[tool]}`), ...OTHER_LIBRARIES, ...more,
    ];
    const consumer = new Consumer(mkdtempSync(join(tmpdir(), 'phased-fargate-consumer-')));
    try {
      cpSync(EXAMPLES, consumer.directory, { recursive: true, filter: (source) => !/node_modules|cdk\.out/.test(source) });
      const shared = process.env[SHARED_INSTALLATIONS];
      if (shared) {
        symlinkSync(join(await installedOnce(shared, packages), 'node_modules'), join(consumer.directory, 'node_modules'));
      } else {
        await npmInstall(consumer.directory, packages);
      }
      return consumer;
    } catch (error) {
      consumer.remove();
      throw error;
    }
  }

  private constructor(public readonly directory: string) {}

  /** The folder of an example, to run the CDK CLI in. */
  public example(name: string): string {
    return join(this.directory, name);
  }

  /** Runs a command in a folder of the consumer. A failure contains the whole output. */
  public async run(folder: string, command: string, ...args: string[]): Promise<string> {
    return run(join(this.directory, folder), command, ...args);
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Installs the same packages once for all test files of a run. The first test file installs them, and the others wait. */
async function installedOnce(home: string, packages: readonly string[]): Promise<string> {
  const finished = join(home, createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 16));
  const unfinished = `${finished}.unfinished`;
  while (!existsSync(finished)) {
    if (!isMade(unfinished)) {
      await sleep(100);
      continue;
    }
    try {
      await npmInstall(unfinished, packages);
      renameSync(unfinished, finished);
    } catch (error) {
      rmSync(unfinished, { recursive: true });
      if (!existsSync(finished)) throw error;
    }
  }
  return finished;
}

/** Creates a directory. Returns false if it already exists. */
function isMade(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

async function npmInstall(cwd: string, packages: readonly string[]): Promise<void> {
  await run(cwd, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', ...packages);
}

async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

/** The tarball that `npx projen package:js` has packed. */
export function tarball(): string {
  const packed = existsSync(TARBALLS) ? readdirSync(TARBALLS).filter((file) => file.endsWith('.tgz')) : [];
  if (packed.length !== 1) {
    throw new Error(`expected one tarball in ${TARBALLS}, found ${packed.length}: run "npx projen prepare-package" first`);
  }
  return join(TARBALLS, packed[0]);
}

export function readJson(file: string): any {
  return JSON.parse(readFileSync(file, 'utf8'));
}
