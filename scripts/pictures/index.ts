import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SynthesizedApp } from './app';
import { eventsPicture } from './events';
import { phasesPicture } from './phases';
import { playback } from './playback';
import { recordDemo, recordDeployments } from './record';
import { stacksPicture } from './stacks';
import { terminalPicture } from './terminal';

export const IMAGES = join(__dirname, '../../docs/images');

/** Pictures of synthesized examples. They change only if the examples or the library change. */
export function picturesOfExamples(): Record<string, string> {
  const minimal = SynthesizedApp.of('minimal');
  const ofYourOwn = SynthesizedApp.of('app-and-fargate-stack', { sha: '4f9d2c1' });
  return {
    'phases.svg': phasesPicture(minimal),
    'stacks.svg': stacksPicture(minimal),
    'stacks-of-your-own.svg': stacksPicture(ofYourOwn),
  };
}

/** Pictures of deployments on the emulator. */
const OF_DEPLOYMENTS = {
  'events.svg': async () => eventsPicture(await recordDeployments()),
  'demo.svg': async () => terminalPicture('npm run demo', playback(await recordDemo())),
};

async function main(names: readonly string[]): Promise<void> {
  for (const [name, picture] of Object.entries({ ...picturesOfExamples(), ...OF_DEPLOYMENTS })) {
    if (names.length > 0 && !names.includes(name)) continue;
    writeFileSync(join(IMAGES, name), typeof picture === 'string' ? picture : await picture());
    console.log(join('docs/images', name));
  }
}

if (require.main === module) void main(process.argv.slice(2));
