import { minimized } from './minimize';
import { run, RunOptions, Saboteur } from './run';
import { randomStory } from './story';
import { Subject } from './subject';
import { Exemption, Invariant, INVARIANTS } from '../judge/invariants';

export interface CampaignOptions {
  readonly subject: Subject;
  readonly firstSeed: number;
  readonly count: number;
  readonly stormy: boolean;
  readonly saboteur?: Saboteur;
  readonly onCall?: RunOptions['onCall'];
}

export interface Campaign {
  readonly stories: number;
  readonly calls: number;
  readonly checked: ReadonlyMap<Invariant, number>;
  readonly exempted: ReadonlyMap<Exemption, number>;
  /** Seeds of the stories that violate each invariant. */
  readonly violated: ReadonlyMap<Invariant, readonly number[]>;
}

/** Runs random stories one after another. */
export async function campaign({ subject, firstSeed, count, stormy, saboteur, onCall }: CampaignOptions): Promise<Campaign> {
  const checked = new Map<Invariant, number>();
  const exempted = new Map<Exemption, number>();
  const violated = new Map<Invariant, number[]>();
  let calls = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { verdict, calls: made } = await run(randomStory(seed, stormy), { subject, saboteur, onCall });
    calls += made;
    add(checked, verdict.checked);
    add(exempted, verdict.exempted);
    for (const invariant of verdict.violated) violated.set(invariant, [...violated.get(invariant) ?? [], seed]);
  }
  return { stories: count, calls, checked, exempted, violated };
}

/** The shortest story that shows a violation, from beginning to end, as readable text. */
export async function explain(seed: number, stormy: boolean, invariant: Invariant, subject: Subject, saboteur?: Saboteur): Promise<string> {
  const story = await minimized(randomStory(seed, stormy), invariant, { subject, saboteur });
  const { verdict, trace } = await run(story, { subject, saboteur, traced: true });
  return [`Seed ${seed} (${stormy ? 'stormy' : 'calm'}) violates "${INVARIANTS[invariant]}"`, JSON.stringify(story.world), trace.text(verdict.violations)].join('\n');
}

function add<Key>(sums: Map<Key, number>, more: ReadonlyMap<Key, number>): void {
  for (const [key, count] of more) sums.set(key, (sums.get(key) ?? 0) + count);
}
