import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consumer, readJson } from '../consumer';

/** The last cdk-nag version for the lowest aws-cdk-lib. */
export const CDK_NAG = 'cdk-nag@2.37.55';

const CONTEXT: Record<string, string[]> = { 'app-and-fargate-stack': ['--context', 'sha=4f9d2c1e8b7a6d5c4b3a29180f7e6d5c4b3a2918'] };

/** Synthesizes an example as its users do. Returns the directory of the cloud assembly. */
export async function synth(consumer: Consumer, example: string, flags: string, outdir: string, app?: string): Promise<string> {
  const settings = join(consumer.example(example), 'cdk.json');
  const context = flags === 'all recommended feature flags'
    ? readJson(join(consumer.directory, 'node_modules/aws-cdk-lib/recommended-feature-flags.json'))
    : {};
  writeFileSync(settings, JSON.stringify({ ...readJson(settings), context }));

  await consumer.run(example, join(consumer.directory, 'node_modules/.bin/cdk'), 'synth', '--quiet', '--no-notices', '--no-version-reporting', '--output', outdir,
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
