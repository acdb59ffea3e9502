import { Observation } from './observation';
import { Operation } from '../../handler/runtime/stack-status';
import { WhenMissingMode, NO_IMAGE } from '../contract';

/** All that a decision depends on. */
export interface Situation {
  readonly observation: Observation;
  readonly timeLeft: boolean;
  readonly operation: Operation;
  /** The answer that a rollback goes back to, be it that there was no image. */
  readonly onRecord: string | undefined;
  /** Tasks may be running. */
  readonly mayRun: boolean;
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
 * | gone, not ready, not begun             | look again | fail         | as missing                  |
 * | denied, throttled, unavailable         | look again | fail         | look again, then as missing |
 * | anything else: nothing that time cures | fail       | fail (**)    | as missing                  |
 *
 * (*) With the answer on record, if there is one, and then before anything is observed. If not, with the digest that
 * was seen, however unfit, and otherwise with the one that stands for no image. Where CloudFormation does not say
 * whether the stack is rolling back, the answer on record counts, and everything else as if it were not.
 *
 * (**) A missing or unnamed image succeeds with 0 tasks where that was asked for and no tasks may be running: to start
 * without tasks is one thing, to stop those that run is another.
 *
 * How much time is left depends on what was observed: see `patience.ts`.
 */
export function decide(situation: Situation): Decision {
  const { observation, operation, onRecord } = situation;
  if (operation === 'rollback' && onRecord) return { kind: 'succeed', digest: onRecord };
  if (operation === 'unknown' && onRecord) {
    return { kind: 'succeed', digest: onRecord, warning: 'the guard cannot determine whether the stack is rolling back, so it keeps the previous answer' };
  }
  if (observation.kind === 'found') return { kind: 'succeed', digest: observation.digest, warning: observation.doubt };
  if (situation.timeLeft) return { kind: 'lookAgain' };
  if (operation === 'rollback') return passForRollback(observation);
  if (isAbsent(observation) && situation.whenMissing === 'startWithoutTasks' && !situation.mayRun) {
    return { kind: 'succeed', digest: NO_IMAGE, warning: 'there is no image yet, so everything is deployed with 0 tasks' };
  }
  return { kind: 'fail' };
}

function passForRollback(observation: Observation): Decision {
  return {
    kind: 'succeed',
    digest: 'digest' in observation ? observation.digest : NO_IMAGE,
    warning: `the stack is rolling back, so the guard proceeds without the image (${observation.kind})`,
  };
}

function isAbsent({ kind }: Observation): boolean {
  return kind === 'missing' || kind === 'unnamed';
}
