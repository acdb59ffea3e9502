import { parseArgs } from 'node:util';
import { campaign, explain } from './story/campaign';
import { Origin } from './story/story';
import { versionOf } from './story/subject';
import { WireRecorder } from './wire/recorder';

/** `--seed 1 --count 1000 --stormy` runs stories one after another. `--explain` prints the shortest story for each violation. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000' },
      stormy: { type: 'boolean', default: false },
      explain: { type: 'string' },
      subject: { type: 'string', default: 'tested' },
      wire: { type: 'boolean', default: false },
    },
  });
  const subject = versionOf(values.subject as Origin);
  const recorder = values.wire ? new WireRecorder() : undefined;
  const started = Date.now();
  const { violated, checked, exempted, ...counts } = await campaign({
    subject,
    firstSeed: Number(values.seed),
    count: Number(values.count),
    stormy: values.stormy,
    onCall: (...call) => recorder?.called(...call),
  });
  const seconds = (Date.now() - started) / 1000;
  console.log({ ...counts, seconds, checked: Object.fromEntries(checked), exempted: Object.fromEntries(exempted) });
  for (const [invariant, seeds] of violated) {
    console.log(`${invariant}: ${seeds.length} stories: ${seeds.slice(0, 10).join(' ')}`);
    if (values.explain === invariant || values.explain === 'all') console.log(await explain(seeds[0], values.stormy, invariant, subject));
  }
  const wire = recorder?.report();
  if (wire) console.log({ ...wire, complaints: wire.complaints.slice(0, 10) });
  process.exitCode = violated.size > 0 ? 1 : 0;
}

void main();
