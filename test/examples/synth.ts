import { readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Consumer, readJson } from '../consumer';
import { COMMANDS } from '../emulator/emulator';

/** The last cdk-nag version for the lowest aws-cdk-lib. */
export const CDK_NAG = 'cdk-nag@2.37.55';

const CONTEXT: Record<string, string[]> = { 'app-and-fargate-stack': ['--context', 'sha=4f9d2c1e8b7a6d5c4b3a29180f7e6d5c4b3a2918'] };

export interface Options {
  /** Command that runs the app, instead of that in its cdk.json. */
  readonly app?: string;
  /** Whether `npx` and `tsx` run the app, instead of their stand-in. They take longer than the synthesis. */
  readonly realCommands?: boolean;
}

/** Synthesizes an example with the CDK CLI. Returns the directory of the cloud assembly. */
export async function synth(consumer: Consumer, example: string, flags: string, outdir: string, options: Options = {}): Promise<string> {
  const { app, realCommands } = options;
  const settings = join(consumer.example(example), 'cdk.json');
  const recommended = flags === 'all recommended feature flags';
  const context = recommended ? readJson(join(consumer.directory, 'node_modules/aws-cdk-lib/recommended-feature-flags.json')) : {};
  writeFileSync(settings, JSON.stringify({ ...readJson(settings), context }));

  await consumer.run(example, 'env',
    // Newer versions of aws-cdk-lib validate templates, which takes several seconds. A finding is an error only with the flags.
    ...(recommended ? [] : ['CDK_VALIDATION=false']),
    ...(realCommands ? [] : [`PATH=${[COMMANDS, process.env.PATH].join(delimiter)}`]),
    join(consumer.directory, 'node_modules/.bin/cdk'), 'synth', '--quiet', '--no-notices', '--no-version-reporting', '--output', outdir,
    ...(app ? ['--app', app] : []),
    ...(CONTEXT[example] ?? []));
  return join(consumer.example(example), outdir);
}

export function files(directory: string, name: RegExp): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file) && !file.includes('node_modules'))
    .map((file) => join(directory, file))
    .sort();
}
