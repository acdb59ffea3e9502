import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CHECKOUT = join(__dirname, '..');
const TARBALLS = join(CHECKOUT, 'dist', 'js');
const EXAMPLES = join(CHECKOUT, 'examples', 'typescript');

/** Users have nothing of ours but the tarball; the tools are those that the manifests of the examples name. */
const TOOLS = ['@types/node', 'aws-cdk', 'tsx', 'typescript'];

/** The examples that users read. */
export const ALL_EXAMPLES = readdirSync(EXAMPLES);

/** What examples use besides the library and its peers. */
const OTHER_LIBRARIES = [...new Set(ALL_EXAMPLES.flatMap((example) => Object.entries<string>(readJson(join(EXAMPLES, example, 'package.json')).dependencies)
  .filter(([name]) => !['@org/phased-fargate', 'aws-cdk-lib', 'constructs'].includes(name))
  .map(([name, version]) => `${name}@${version}`)))];

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
 * A place outside of the checkout where the examples are as users have them: their own files, and the packed tarball
 * and the peers installed by npm.
 */
export class Consumer {
  public static async install(peers: Peers, ...more: string[]): Promise<Consumer> {
    const consumer = new Consumer(mkdtempSync(join(tmpdir(), 'phased-fargate-consumer-')));
    try {
      cpSync(EXAMPLES, consumer.directory, { recursive: true, filter: (source) => !/node_modules|cdk\.out/.test(source) });
      const { devDependencies } = readJson(join(EXAMPLES, 'minimal', 'package.json'));
      await consumer.run('.', 'npm', 'install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline',
        tarball(), `aws-cdk-lib@${peers.cdk}`, `constructs@${peers.constructs}`,
        ...TOOLS.map((tool) => `${tool}@${devDependencies[tool]}`), ...OTHER_LIBRARIES, ...more);
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

  /** Runs a command in a folder of the consumer; fails with its whole output. */
  public async run(folder: string, command: string, ...args: string[]): Promise<string> {
    try {
      const { stdout, stderr } = await promisify(execFile)(command, args, {
        cwd: join(this.directory, folder),
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
      throw new Error(`${message}\n${stdout}\n${stderr}`);
    }
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What `npx projen package:js` has packed. */
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
