import { Operation } from '../../handler/runtime/stack-status';

/** Everything that determines whether the task runs. */
export interface Situation {
  readonly hasImage: boolean;
  /** State of the release in the run history. */
  readonly record: 'latest' | 'earlier' | 'none';
  readonly rerunForEarlierReleases: boolean;
  /** CloudFormation no longer waits for an answer to this request. */
  readonly isAbandoned: boolean;
  /** Undefined until CloudFormation has been asked. */
  readonly operation: Operation | undefined;
}

export type Decision =
  | { readonly kind: 'run' }
  /** The deployment continues without the task. */
  | { readonly kind: 'skip'; readonly because: string; readonly isWarning?: true }
  | { readonly kind: 'refuse'; readonly because: 'late' | 'unknown' }
  /** The decision depends on the operation of the stack. */
  | { readonly kind: 'ask' };

/**
 * | release                                  | forward | rolling back | no operation | not known     |
 * |------------------------------------------|---------|--------------|--------------|---------------|
 * | without an image                         | skip    | skip         | skip         | skip          |
 * | the one that is deployed                 | skip    | skip         | skip         | skip          |
 * | an earlier one that has run              | skip    | skip         | skip         | skip          |
 * | the same, to run again when returned to  | run     | skip         | refuse       | skip and warn |
 * | one that has not run                     | run     | skip         | refuse       | refuse        |
 *
 * What is on record counts first: a rollback goes back to what has run. Only what is not on record, and yet comes at a
 * time when nobody knows what the stack is doing, is neither run nor passed over: to run it in a rollback would be as
 * wrong as to start a service whose migration has not run.
 */
export function decide({ hasImage, record, rerunForEarlierReleases, isAbandoned, operation }: Situation): Decision {
  if (!hasImage) return skip('there is no image yet');
  if (record === 'latest') return skip('the release is deployed already, and its task has run');
  if (record === 'earlier' && !rerunForEarlierReleases) return skip('the release has run its task before');
  if (isAbandoned) return { kind: 'refuse', because: 'late' };

  switch (operation) {
    case undefined: return { kind: 'ask' };
    case 'forward': return { kind: 'run' };
    case 'rollback': return skip('the stack is rolling back');
    case 'over': return { kind: 'refuse', because: 'late' };
    case 'unknown': return record === 'earlier'
      ? { ...skip('it is unknown whether the stack is rolling back, and the release has run its task before'), isWarning: true }
      : { kind: 'refuse', because: 'unknown' };
  }
}

function skip(because: string) {
  return { kind: 'skip', because } as const;
}
