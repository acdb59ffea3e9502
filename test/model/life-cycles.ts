import { Invariant, INVARIANTS } from './judge/invariants';
import { campaign, explain } from './story/campaign';
import { versionOf } from './story/subject';
import { WireRecorder } from './wire/recorder';

/** First seed in CI. For other stories: `MODEL_SEED=100000 MODEL_STORIES=50000 npx projen test:model`. */
const FIRST_SEED = Number(process.env.MODEL_SEED ?? 1);
const STORIES = Number(process.env.MODEL_STORIES ?? (process.env.CI ? 5000 : 500));

/** Maximum number of kinds of violations that are printed in full. */
const MOST_TOLD = 5;

/** Runs random stories. Expects that none of them violates an invariant and that together they cover everything. */
export function expectNoViolations({ stormy, rare }: { stormy: boolean; rare: readonly Invariant[] }): void {
  test(`${STORIES} life cycles starting at seed ${FIRST_SEED} violate no invariant`, async () => {
    const subject = versionOf('tested');
    const recorder = new WireRecorder();
    const { violated, checked, exempted, calls } = await campaign({
      subject, firstSeed: FIRST_SEED, count: STORIES, stormy, onCall: (call, place) => recorder.called(call, place),
    });
    const { complaints, judged, signatures } = recorder.report();
    console.info(JSON.stringify({ calls, judged, signatures, checked: Object.fromEntries(checked), exempted: Object.fromEntries(exempted) }));

    const told = [...violated].slice(0, MOST_TOLD).map(async ([invariant, seeds]) => (
      `${seeds.length} stories: ${seeds.slice(0, 20).join(' ')}\n${await explain(seeds[0], stormy, invariant, subject)}`
    ));
    expect(await Promise.all(told)).toEqual([]);
    expect(complaints).toEqual([]);

    const expected = Object.keys(INVARIANTS).filter((invariant) => invariant !== 'wire' && !rare.includes(invariant as Invariant));
    const neglected = expected.filter((invariant) => (checked.get(invariant as Invariant) ?? 0) < STORIES / 50);
    expect(neglected).toEqual([]);
    expect(signatures).toBeGreaterThanOrEqual(STORIES / 50);
  });
}
