import { WhenMissingMode } from '../contract';
import { NO_IMAGE } from './memory';
import { Observation, ObservationKind } from './observation';

/** All that a decision depends on. */
export interface Situation {
  readonly observation: Observation;
  readonly timeLeft: boolean;
  /** Unknown counts as no. */
  readonly rollingBack: boolean;
  /** What was answered to the same question before, be it that there was no image. */
  readonly answeredBefore: string | undefined;
  /** An image of an earlier release is deployed. */
  readonly imageRunning: boolean;
  readonly whenMissing: WhenMissingMode;
}

export type Decision =
  /** The digest may be the one that stands for no image. */
  | { readonly kind: 'succeed'; readonly digest: string; readonly warning?: string }
  | { readonly kind: 'lookAgain' }
  | { readonly kind: 'fail' };

/**
 * | observed                               | time left  | no time left | rolling back (*)            |
 * |----------------------------------------|------------|--------------|-----------------------------|
 * | found                                  | succeed    | succeed      | succeed                     |
 * | missing, activating                    | look again | fail (**)    | succeed all the same, warn  |
 * | denied, throttled, unavailable         | look again | fail         | look again, then as missing |
 * | anything else: nothing that time cures | fail       | fail (**)    | as missing                  |
 *
 * (*) With what was answered before, if that is on record, and then before anything is observed. If not, with the
 * digest that was seen, however unfit, and otherwise with the one that stands for no image.
 *
 * (**) A missing or unnamed image succeeds with 0 tasks where that was asked for and no earlier image is running: to
 * start without tasks is one thing, to stop those that run is another.
 */
export function decide(situation: Situation): Decision {
  const { observation, rollingBack, timeLeft } = situation;
  if (rollingBack && situation.answeredBefore) return { kind: 'succeed', digest: situation.answeredBefore };
  if (observation.kind === 'found') return { kind: 'succeed', digest: observation.digest, warning: observation.doubt };
  if (timeLeft && isCuredByTime(observation.kind, rollingBack)) return { kind: 'lookAgain' };
  if (rollingBack) return passForRollback(observation);
  if (isAbsent(observation) && situation.whenMissing === 'startWithoutTasks' && !situation.imageRunning) {
    return { kind: 'succeed', digest: NO_IMAGE, warning: 'there is no image yet, so everything is deployed with 0 tasks' };
  }
  return { kind: 'fail' };
}

function passForRollback(observation: Observation): Decision {
  return {
    kind: 'succeed',
    digest: 'digest' in observation ? observation.digest : NO_IMAGE,
    warning: `the stack is rolling back, so the guard lets it pass without the image (${observation.kind})`,
  };
}

function isAbsent({ kind }: Observation): boolean {
  return kind === 'missing' || kind === 'unnamed';
}

const FOREVER = Infinity;

/** A new role's permissions take a while to be known everywhere. */
const CONSISTENCY_MS = 60_000;

/** Long enough for a busy or ailing service to recover, where no longer wait was asked for. */
const OUTAGE_MS = 60_000;

/** Until when, counted from the start, it makes sense to look again after such an observation. */
export function patience(kind: ObservationKind, waitMs: number): number {
  switch (kind) {
    case 'unseen': return FOREVER;
    case 'missing': case 'activating': return waitMs;
    case 'denied': return CONSISTENCY_MS;
    case 'throttled': case 'unavailable': return Math.max(waitMs, OUTAGE_MS);
    default: return 0;
  }
}

/** A rollback waits for whoever can still tell which image there is, but not for an image. */
function isCuredByTime(kind: ObservationKind, rollingBack: boolean): boolean {
  return patience(kind, rollingBack ? 0 : FOREVER) > 0;
}
