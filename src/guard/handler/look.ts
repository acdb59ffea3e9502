import { AskRegistry } from './aws-client';
import { decide, Decision, patience } from './decide';
import { Log } from './log';
import { answeredBefore, deployedImage, NO_IMAGE, recall, runningImage } from './memory';
import { Observation } from './observation';
import { observer, Observer } from './observe';
import { Envelope, Question } from './parse';
import { AT_FIRST, next, pause } from './rhythm';
import { RollingBack } from './stack-status';
import { Timetable } from './timetable';
import { World } from './world';

export interface Outcome {
  readonly decision: Exclude<Decision, { readonly kind: 'lookAgain' }>;
  readonly observation: Observation;
  readonly rollingBack: boolean;
  readonly imageRunning: boolean;
}

export interface Search {
  readonly world: World;
  readonly askRegistry: AskRegistry;
  readonly isRollingBack: () => Promise<RollingBack>;
  readonly log: Log;
  readonly envelope: Envelope;
  readonly question: Question;
  readonly times: Timetable;
}

/** Observe and decide, again and again until there is something to answer. */
export async function lookUntilDecided(search: Search): Promise<Outcome> {
  const { world: { clock, random }, envelope, question, times, log } = search;
  const registry = observer(search.world, search.askRegistry, question);
  const memory = recall(envelope.physicalId);
  const imageRunning = runningImage(memory) !== undefined;

  const status = envelope.requestType === 'Update' ? await search.isRollingBack() : false;
  let rollingBack = status === true;
  // If this may be a rollback, what was answered before is the better guess.
  const recorded = status === undefined ? answeredBefore(memory, question) : deployedImage(memory, question);

  let observation: Observation = { kind: 'unseen' };
  let announced: Observation['kind'] = 'unseen';
  let rhythm = AT_FIRST;
  for (;;) {
    const until = Math.min(times.start + patience(observation.kind, rollingBack ? 0 : question.waitMs), times.lastLook);
    const decision = decide({
      observation,
      timeLeft: clock.now() < until,
      rollingBack,
      answeredBefore: answeredBefore(memory, question),
      imageRunning,
      whenMissing: question.whenMissing,
    });
    if (decision.kind === 'fail' && !rollingBack && await search.isRollingBack()) {
      // The stack may have turned back since, or not have said so at first.
      rollingBack = true;
      continue;
    }
    if (decision.kind !== 'lookAgain') return { decision, observation, rollingBack, imageRunning };

    if (observation.kind !== announced) log('info', 'looking again', { observed: observation });
    announced = observation.kind;
    const first = observation.kind === 'unseen';
    if (!first) await clock.sleep(Math.min(pause(rhythm, random()), until - clock.now()));
    observation = await look(registry, question, recorded, first || clock.now() >= until);
    rhythm = next(rhythm, observation.kind);
  }
}

/** What is on record comes first: only where it no longer serves is the question asked anew. */
async function look(registry: Observer, question: Question, recorded: string | undefined, thorough: boolean): Promise<Observation> {
  if (!question.imageId) return { kind: 'unnamed' };
  if (recorded && recorded !== NO_IMAGE) {
    const observation = await registry.look({ imageDigest: recorded }, false);
    if (observation.kind === 'found' || 'message' in observation) return observation;
  }
  return registry.look(question.imageId, thorough);
}
