import { troubleOf } from './ecr/client';
import { Releases, ReleaseTags } from './ecr/release-tags';
import { Observation } from './observation';
import { patience } from './patience';
import { Deadlines } from '../../handler/runtime/deadlines';
import { retryPause } from '../../handler/runtime/pauses';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation } from '../../handler/runtime/stack-status';

/** The operation that the request belongs to is not, or no longer, in progress. */
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
 * Protects the released image, and the images that the stack may return to, from expiring. A repeated call does no harm.
 *
 * Asks CloudFormation for the status of the stack just before the first move. A request that was canceled, or that Lambda
 * delivers late, must not change the protection of images that were deployed later.
 *
 * @returns the problem that prevents it, if there is one
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
      // An earlier image that has been deleted cannot be protected.
      if (trouble.kind === 'gone') continue;
      // In a rollback, an image that can never be protected must not prevent the remaining moves, such as the move to the
      // restored image.
      if (operation === 'forward' || patience(trouble.kind, 0) > 0) return trouble;
      passedOver = trouble;
    }
    return passedOver;
  } catch (error) {
    return troubleOf(error);
  }
}
