import { Observation } from './observation';
import { Operation } from '../../handler/runtime/stack-status';
import { WhenMissingMode, NO_IMAGE } from '../contract';

/** The inputs of a decision. */
export interface Situation {
  readonly observation: Observation;
  readonly timeLeft: boolean;
  readonly operation: Operation;
  /** The recorded answer to repeat. It can be `NO_IMAGE`. */
  readonly onRecord: string | undefined;
  /** Whether tasks may be running. */
  readonly mayRun: boolean;
  readonly whenMissing: WhenMissingMode;
}

export type Decision =
  /** The digest can be `NO_IMAGE`. */
  | { readonly kind: 'succeed'; readonly digest: string; readonly warning?: string }
  | { readonly kind: 'lookAgain' }
  | { readonly kind: 'fail' };

/**
 * | observed                               | time left  | no time left | rolling back (*)            |
 * |----------------------------------------|------------|--------------|-----------------------------|
 * | found                                  | succeed    | succeed      | succeed                     |
 * | missing, activating                    | look again | fail (**)    | succeed with a warning      |
 * | gone, not ready, not begun             | look again | fail         | as missing                  |
 * | denied, throttled, unavailable         | look again | fail         | look again, then as missing |
 * | anything else: waiting does not help   | fail       | fail (**)    | as missing                  |
 *
 * (*) Repeats the recorded answer before any observation, if there is one. Otherwise, returns the observed digest even if
 * the image is unsuitable, or `NO_IMAGE` if no digest was observed. If CloudFormation does not report whether the stack
 * is rolling back, the guard also repeats the recorded answer. Without one, it decides as if the stack were not rolling
 * back.
 *
 * (**) With `WhenMissing.startWithoutTasks()`, a missing or unnamed image succeeds with 0 tasks, unless tasks may be
 * running. The option must never stop running tasks.
 *
 * The time limit depends on the observation: see `patience.ts`.
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
