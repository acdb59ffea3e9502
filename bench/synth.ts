import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median } from './statistics';
import { Synthesis, Variant } from './synth-app';

export const synthRounds = 21;
const SIZES = [1, 10, 50, 100];

export interface Growth {
  readonly services: number;
  readonly bare: Synthesis;
  readonly ours: Synthesis;
  /** Median of what each round showed, 1 being as fast as the other. */
  readonly ratio: number;
}

/** Both take turns, so that a busy moment hits both. */
export async function measureSynthesis(): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const services of SIZES) {
    const bare: Synthesis[] = [];
    const ours: Synthesis[] = [];
    for (let round = 0; round < synthRounds; round++) {
      bare.push(await synthesiseApart('bare', services));
      ours.push(await synthesiseApart('ours', services));
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

function typical(syntheses: readonly Synthesis[]): Synthesis {
  return { ...syntheses[0], cpuMs: median(syntheses.map(({ cpuMs }) => cpuMs)) };
}

async function synthesiseApart(variant: Variant, services: number): Promise<Synthesis> {
  const child = fork(join(__dirname, 'synth-app.ts'), [variant, String(services)], {
    execArgv: ['-r', 'ts-node/register/transpile-only'],
    env: { ...process.env, TS_NODE_PROJECT: 'tsconfig.dev.json' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => { throw new Error(`the synthesis ended with ${code} and without a result`); });
  const [result] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => {});
  return result as Synthesis;
}
