import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './statistics';
import { Synthesis, Variant } from './synth-app';

export const synthRounds = 21;
const SIZES = [1, 10, 50, 100];
const APP = join(__dirname, 'synth-app.ts');
const CDK = join(__dirname, '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');
const TRANSPILE = ['-r', 'ts-node/register/transpile-only'];
const ENVIRONMENT = { ...process.env, TS_NODE_PROJECT: 'tsconfig.dev.json' };

export interface Growth {
  readonly services: number;
  readonly bare: Synthesis;
  readonly ours: Synthesis;
  /** Median ratio of all rounds. 1 means that both take the same time. */
  readonly ratio: number;
}

/** The variants take turns, so that a busy moment affects both. */
export async function measureSynthesis(): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const services of SIZES) {
    const bare: Synthesis[] = [];
    const ours: Synthesis[] = [];
    for (let round = 0; round < synthRounds; round++) {
      bare.push(await synthesizeApart('bare', services));
      ours.push(await synthesizeApart('ours', services));
    }
    growth.push({
      services,
      bare: typical(bare),
      ours: typical(ours),
      ratio: median(ours.map(({ cpuMs }, round) => cpuMs / bare[round].cpuMs)),
    });
  }
  return growth;
}

export interface Wait {
  readonly services: number;
  readonly bareMs: number;
  readonly oursMs: number;
  readonly ratio: number;
}

/** Measures `cdk synth`, which also includes loading the CLI and starting the app. */
export function measureWait(): Wait {
  const services = SIZES[SIZES.length - 1];
  const rounds = Array.from({ length: synthRounds }, () => ({ bare: runCli('bare', services), ours: runCli('ours', services) }));
  return {
    services,
    bareMs: median(rounds.map(({ bare }) => bare)),
    oursMs: median(rounds.map(({ ours }) => ours)),
    ratio: median(rounds.map(({ bare, ours }) => ours / bare)),
  };
}

function runCli(variant: Variant, services: number): number {
  const output = mkdtempSync(join(tmpdir(), 'phased-fargate-bench-'));
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [
    CDK, 'synth', '--quiet', '--no-notices', '--no-version-reporting', '--output', output,
    '--app', `"${process.execPath}" ${TRANSPILE.join(' ')} "${APP}" ${variant} ${services}`,
  ], { env: { ...ENVIRONMENT, CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: '1' }, encoding: 'utf8' });
  const elapsedMs = performance.now() - start;
  rmSync(output, { recursive: true });
  if (status !== 0) throw new Error(`cdk synth failed: ${stderr}`);
  return elapsedMs;
}

function typical(syntheses: readonly Synthesis[]): Synthesis {
  return { ...syntheses[0], cpuMs: median(syntheses.map(({ cpuMs }) => cpuMs)) };
}

async function synthesizeApart(variant: Variant, services: number): Promise<Synthesis> {
  const child = fork(APP, [variant, String(services)], {
    execArgv: TRANSPILE,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => { throw new Error(`the synthesis ended with ${code} and without a result`); });
  const [result] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  return result as Synthesis;
}
