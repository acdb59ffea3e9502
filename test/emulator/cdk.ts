import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aws, Cloud } from './aws';
import { Emulator } from './emulator';
import { endGroup } from './process-group';

const CLI = require.resolve('aws-cdk/bin/cdk');
const BOOTSTRAP_TEMPLATE = join(dirname(CLI), '../lib/api/bootstrap/bootstrap-template.yaml');

export interface CdkRun {
  readonly exitCode: number | null;
  /** Output that a user sees. */
  readonly output: string;
}

export interface CdkOptions {
  /** The folder of the app, with its cdk.json. */
  readonly cwd: string;
  /** Called with each piece of the output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Ends the CLI and the processes that it has started. */
  readonly signal?: AbortSignal;
}

/** Runs the real CDK CLI against an account or, in a clean environment, against the emulator. */
export async function cdk({ env }: Cloud, args: string[], { cwd, onOutput, signal }: CdkOptions): Promise<CdkRun> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [CLI, ...args, '--no-notices', '--no-color'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a separate process group, so that all of it can be ended
  });
  const end = () => endGroup(child);
  signal?.addEventListener('abort', end);
  let output = '';
  const collect = (text: string) => {
    output += text;
    onOutput?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  const exitCode = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
  return { exitCode, output };
}

/** Starts an emulator with the stack that `cdk bootstrap` deploys, from the same template. */
export async function bootstrapped(): Promise<Emulator> {
  const emulator = await Emulator.start();
  const aws = new Aws(emulator);
  await aws.cloudFormation('CreateStack', { StackName: 'CDKToolkit', TemplateBody: readFileSync(BOOTSTRAP_TEMPLATE, 'utf8') });
  while (await aws.stackStatus('CDKToolkit') === 'CREATE_IN_PROGRESS') await sleep(20);
  return emulator;
}

/** Prepares the emulator for deployments by `cdk bootstrap`. */
export async function bootstrap(emulator: Emulator, signal?: AbortSignal): Promise<void> {
  const target = `aws://${emulator.env.AWS_ACCESS_KEY_ID}/${emulator.env.AWS_REGION}`;
  const { exitCode, output } = await cdk(emulator, ['bootstrap', target], { cwd: emulator.directory, signal });
  if (exitCode !== 0) throw new Error(`cdk bootstrap ended with ${exitCode}:\n${output}`);
}
