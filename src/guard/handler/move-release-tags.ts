import { troubleOf } from './ecr/client';
import { Releases, ReleaseTags } from './ecr/release-tags';
import { Observation } from './observation';
import { patience } from './patience';
import { Deadlines } from '../../handler/runtime/deadlines';
import { retryPause } from '../../handler/runtime/pauses';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation } from '../../handler/runtime/stack-status';

/** The stack is not, or no longer, in the operation that the request belongs to. */
export interface OutOfDate {
  readonly kind: 'outOfDate';
  readonly status: string;
}

export interface Moving {
  readonly runtime: Runtime;
  readonly tags: ReleaseTags;
  readonly releases: Releases;
  /** The operation that the request belongs to. */
  readonly operation: 'forward' | 'rollback';
  readonly askOperation: AskOperation;
  readonly times: Deadlines;
}

/**
 * Keeps what is released, and what the stack may return to, from expiring. Whoever asks twice does no harm.
 *
 * CloudFormation is asked just before the first tag moves: a request that was canceled, or that Lambda delivers late,
 * must not touch what is deployed by then.
 *
 * @returns what prevents it
 */
export async function moveReleaseTags(moving: Moving): Promise<Observation | OutOfDate | undefined> {
  const { runtime: { clock, random }, tags, times } = moving;
  const start = clock.now();
  for (let troubles = 1; ; troubles++) {
    const trouble = await attempt(moving);
    if (!trouble || trouble.kind === 'outOfDate' || trouble.kind === 'gone') return trouble;

    const until = Math.min(start + patience(trouble.kind, 0), times.lastCall);
    if (clock.now() >= until) return trouble;
    await clock.sleep(Math.min(retryPause(troubles, random()), until - clock.now()));
    tags.forget();
  }
}

async function attempt({ tags, releases, operation, askOperation }: Moving): Promise<Observation | OutOfDate | undefined> {
  try {
    const moves = await tags.plan(releases, { sparingLatest: operation === 'forward' });
    if (moves.length === 0) return undefined;

    const now = await askOperation();
    if (now.operation === 'unknown') return { kind: 'unavailable', action: 'cloudformation:DescribeStacks', message: now.status };
    if (now.operation !== operation) return { kind: 'outOfDate', status: now.status };
    let passedOver: Observation | undefined;
    for (const move of moves) {
      const trouble = await tags.move(move).then(() => undefined, troubleOf);
      if (!trouble) continue;
      if (move.digest === releases.latest) return trouble;
      // An earlier image that is gone cannot be kept any more.
      if (trouble.kind === 'gone') continue;
      // One that can never be kept must not cost what a rollback goes back to its tag.
      if (operation === 'forward' || patience(trouble.kind, 0) > 0) return trouble;
      passedOver = trouble;
    }
    return passedOver;
  } catch (error) {
    return troubleOf(error);
  }
}
