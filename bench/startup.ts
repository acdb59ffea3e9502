import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { median } from './statistics';

const ROUNDS = 25;
const ROOT = resolve(__dirname, '..');
const OURS = resolve(ROOT, 'assets/guard/handler/index.lambda/index.js');

const CANDIDATES: ReadonlyArray<{ readonly name: string; readonly code: string }> = [
  { name: 'bare Node.js', code: '0' },
  { name: 'bare, with `https` and `crypto`', code: 'require("https"); require("crypto")' },
  { name: 'the guard', code: requireOf(OURS) },
  {
    name: '`@cdklabs/deploy-time-build`',
    code: requireOf(resolve(ROOT, 'node_modules/@cdklabs/deploy-time-build/lambda/trigger-codebuild/dist/index.js')),
  },
  { name: 'CDK `Provider` framework', code: requireOf(resolve(ROOT, 'node_modules/aws-cdk-lib/custom-resources/lib/provider-framework/runtime/framework.js')) },
];

export interface StartUp {
  readonly name: string;
  /** Time from the start of the process to its end. */
  readonly elapsedMs: number;
  /** Elapsed time and processor time, as multiples of bare Node.js in the same round. */
  readonly elapsed: number;
  readonly cpu: number;
}

export const startUpRounds = ROUNDS;

export function bundleSize(): number {
  return statSync(OURS).size;
}

/** Measures how much each handler adds to a cold start. The candidates take turns, so that a busy moment affects all of them. */
export function measureStartUp(): StartUp[] {
  if (!existsSync(OURS)) throw new Error('the handler is not bundled: run `npx projen bundle` first');

  const rounds = Array.from({ length: ROUNDS + 1 }, () => CANDIDATES.map(({ code }) => run(code)));
  // The first round warms the file system's cache.
  rounds.shift();
  return CANDIDATES.map(({ name }, index) => ({
    name,
    elapsedMs: median(rounds.map((round) => round[index].elapsedMs)),
    elapsed: median(rounds.map((round) => round[index].elapsedMs / round[0].elapsedMs)),
    cpu: median(rounds.map((round) => round[index].cpuMs / round[0].cpuMs)),
  }));
}

function run(code: string): { readonly elapsedMs: number; readonly cpuMs: number } {
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--no-warnings', '-e', `${code}; console.log(JSON.stringify(process.cpuUsage()))`], { encoding: 'utf8' });
  const elapsedMs = performance.now() - start;
  if (status !== 0) throw new Error(`a handler cannot be imported: ${stderr}`);
  const { user, system } = JSON.parse(stdout);
  return { elapsedMs, cpuMs: (user + system) / 1e3 };
}

function requireOf(file: string): string {
  return `require(${JSON.stringify(file)})`;
}
