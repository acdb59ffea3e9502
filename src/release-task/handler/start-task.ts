import { decide, Situation } from './decide';
import { EcsClient, Task, Trouble, troubleOf } from './ecs-client';
import { patience } from './patience';
import { Deadlines } from '../../handler/runtime/deadlines';
import { retryPause } from '../../handler/runtime/pauses';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation } from '../../handler/runtime/stack-status';

/** Result of the request to run the task. */
export type Start =
  | { readonly kind: 'started'; readonly task: Task }
  | { readonly kind: 'skipped'; readonly because: string; readonly isWarning?: true }
  /** @see decide */
  | { readonly kind: 'refused'; readonly because: 'late' | 'unknown'; readonly status: string }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

export interface Starting {
  readonly runtime: Runtime;
  readonly ecs: EcsClient;
  readonly askOperation: AskOperation;
  readonly situation: Omit<Situation, 'operation'>;
  readonly times: Deadlines;
}

/** Time limit for asking CloudFormation about its operation. After this time, the operation is unknown. */
const STATUS_PATIENCE_MS = 60_000;

/**
 * Starts the task if it must run. The operation of the stack is looked up just before each attempt, because a canceled or
 * late request must not start anything.
 */
export async function startTask({ runtime: { clock, random }, ecs, askOperation, situation, times }: Starting): Promise<Start> {
  let status = '';
  let first: number | undefined;
  for (let troubles = 1; ; troubles++) {
    let decision = decide({ ...situation, operation: undefined });
    if (decision.kind === 'ask') {
      const asked = await askOperation(STATUS_PATIENCE_MS);
      status = asked.status;
      decision = decide({ ...situation, operation: asked.operation });
    }
    if (decision.kind === 'skip') return { ...decision, kind: 'skipped' };
    if (decision.kind === 'refuse') return { kind: 'refused', because: decision.because, status };

    let trouble: Trouble;
    try {
      return { kind: 'started', task: await ecs.runTask() };
    } catch (error) {
      trouble = troubleOf(error);
    }
    first ??= clock.now();
    const until = Math.min(first + patience(trouble), times.lastCall);
    if (clock.now() >= until) return { kind: 'failed', trouble };
    await clock.sleep(Math.min(retryPause(troubles, random()), until - clock.now()));
  }
}
