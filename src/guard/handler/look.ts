import { AskRegistry } from './aws-client';
import { decide, Decision, patience, pause } from './decide';
import { answeredBefore, deployedImage, recall, runningImage } from './memory';
import { Observation } from './observation';
import { observer, Observer } from './observe';
import { Envelope, Question } from './parse';
import { Timetable } from './timetable';
import { World } from './world';

export interface Outcome {
  readonly decision: Exclude<Decision, { readonly kind: 'lookAgain' }>;
  readonly observation: Observation;
  readonly rollingBack: boolean;
}

export interface Search {
  readonly world: World;
  readonly askRegistry: AskRegistry;
  readonly isRollingBack: () => Promise<boolean>;
  readonly envelope: Envelope;
  readonly question: Question;
  readonly times: Timetable;
  readonly signal: AbortSignal;
}

/** Observe and decide, again and again until there is something to answer. */
export async function lookUntilDecided(search: Search): Promise<Outcome> {
  const { world: { clock, random }, envelope, question, times } = search;
  const registry = observer(search.world, search.askRegistry, question);
  const memory = recall(envelope.physicalId);
  const deployed = deployedImage(memory, question);

  let rollingBack = envelope.requestType === 'Update' && await search.isRollingBack();
  let observation: Observation = { kind: 'unseen' };
  let troubles = 0;
  for (;;) {
    const until = Math.min(times.start + patience(observation.kind, rollingBack ? 0 : question.waitMs), times.lastLook);
    const decision = decide({
      observation,
      timeLeft: clock.now() < until,
      rollingBack,
      answeredBefore: answeredBefore(memory, question),
      imageRunning: runningImage(memory) !== undefined,
      whenMissing: question.whenMissing,
    });
    if (decision.kind === 'fail' && !rollingBack && await search.isRollingBack()) {
      // The stack may have turned back since, or not have said so at first.
      rollingBack = true;
      continue;
    }
    if (decision.kind !== 'lookAgain') return { decision, observation, rollingBack };

    await clock.sleep(Math.min(pause(observation.kind, troubles, random()), until - clock.now()), search.signal);
    const thorough = observation.kind === 'unseen' || clock.now() >= until;
    observation = await look(registry, question, deployed, thorough);
    troubles = observation.kind === 'throttled' || observation.kind === 'unavailable' ? troubles + 1 : 0;
  }
}

/** What is deployed comes first: only when it no longer serves is the question asked anew. */
async function look(registry: Observer, question: Question, deployed: string | undefined, thorough: boolean): Promise<Observation> {
  if (!question.imageId) return { kind: 'unnamed' };
  if (deployed) {
    const observation = await registry.look({ imageDigest: deployed }, false);
    if (observation.kind === 'found' || 'message' in observation) return observation;
  }
  return registry.look(question.imageId, thorough);
}
