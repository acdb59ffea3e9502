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
 * | release                                       | forward | rolling back | no operation | unknown       |
 * |-----------------------------------------------|---------|--------------|--------------|---------------|
 * | has no image                                  | skip    | skip         | skip         | skip          |
 * | is deployed                                   | skip    | skip         | skip         | skip          |
 * | has run earlier                               | skip    | skip         | skip         | skip          |
 * | has run earlier, with rerunForEarlierReleases | run     | skip         | refuse       | skip and warn |
 * | has not run                                   | run     | skip         | refuse       | refuse        |
 *
 * The run history decides first, because a rollback returns to a release that has run. If a release is not in the history
 * and the operation is unknown, the handler refuses the request: a rollback must not run the task, and a deployment must
 * not start services before the task has run.
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
