import { Invariant } from './judge/invariants';
import { SABOTEURS, WIRE_SABOTEURS } from './judge/saboteurs';
import { campaign } from './story/campaign';
import { run } from './story/run';
import { randomStory } from './story/story';
import { versionOf } from './story/subject';
import { WireRecorder } from './wire/recorder';

const STORIES = 300;

/** Invariants that the handler of contract 2 is known to violate. */
const KNOWN_FAULTS: readonly Invariant[] = [
  'inTime', 'rollbackSucceeds', 'rollbackAnswer', 'rollbackTags', 'rollbackId', 'deployedIsTagged', 'lateMessenger', 'releases', 'calls',
];

test.each(Object.entries(SABOTEURS))('the judge detects the saboteur that violates the invariant %s', async (name, saboteur) => {
  const invariant = name as Invariant;
  const subject = versionOf('tested');
  for (let seed = 1; seed <= STORIES; seed++) {
    const story = randomStory(seed, seed % 2 === 0);
    const { verdict } = await run(story, { subject, saboteur });
    if (verdict.violated.has(invariant) && !(await run(story, { subject })).verdict.violated.has(invariant)) return;
  }
  throw new Error(`in none of ${STORIES} stories did the judge detect that ${invariant} is violated`);
});

test.each(Object.entries(WIRE_SABOTEURS))('botocore detects %s', async (_, change) => {
  const recorder = new WireRecorder();
  await campaign({
    subject: versionOf('tested'),
    firstSeed: 1,
    count: 20,
    stormy: false,
    onCall: (call, place) => recorder.called({ ...call, request: change(call.request) }, place),
  });

  expect(recorder.report().complaints).not.toEqual([]);
});

test('the stories reveal every known fault of the handler of contract 2', async () => {
  const subject = versionOf('contract-2');
  const unfound = new Set(KNOWN_FAULTS);
  for (let seed = 1; seed <= 10 * STORIES && unfound.size > 0; seed++) {
    const { verdict } = await run(randomStory(seed, seed % 2 === 0), { subject });
    for (const invariant of verdict.violated) unfound.delete(invariant);
  }

  expect([...unfound]).toEqual([]);
});
