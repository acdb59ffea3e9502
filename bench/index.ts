import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countCalls, resourcesOfRequirements } from './calls';
import { measureDetection } from './detection';
import { barChart, lineChart } from './plot';
import { measureReleaseTask } from './release-task';
import { report } from './report';
import { measureScale } from './scale';
import { bundleSize, measureStartUp } from './startup';
import { measureSynthesis, measureWait } from './synth';

const DOCS = join(__dirname, '..', 'docs');

/** The strictest rate that AWS describes, and a higher rate at which a thousand guards are still throttled. */
const RATES = [20, 100];

async function main(): Promise<void> {
  const startUp = measureStartUp();
  const synthesis = await measureSynthesis();
  const results = {
    startUp,
    synthesis,
    wait: measureWait(),
    bundleBytes: bundleSize(),
    calls: await countCalls(),
    requirements: resourcesOfRequirements(),
    releaseTask: await measureReleaseTask(),
    detection: await measureDetection(),
    scale: await measureScale(RATES),
  };
  mkdirSync(join(DOCS, 'images'), { recursive: true });
  writeFileSync(join(DOCS, 'benchmarks.md'), report(results));
  writeFileSync(join(DOCS, 'images', 'start-up.svg'), barChart('Start-up, as a multiple of bare Node.js', startUp.map(({ name, elapsed }) => (
    { name: name.replaceAll('`', ''), value: elapsed, label: elapsed.toFixed(2), highlighted: name === 'the guard' }
  ))));
  writeFileSync(join(DOCS, 'images', 'synthesis.svg'), lineChart('Synthesis: processor time in ms', 'services in one app', [
    { name: 'bare', points: synthesis.map(({ services, bare }) => [services, bare.cpuMs]) },
    { name: 'PhasedFargateService', points: synthesis.map(({ services, ours }) => [services, ours.cpuMs]) },
  ]));
}

void main();
