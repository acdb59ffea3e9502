import { Container, EcsClient, Task, Trouble, troubleOf } from './ecs-client';
import { patience } from './patience';
import { Run } from './request';
import { Deadlines } from '../../handler/runtime/deadlines';
import { Log } from '../../handler/runtime/log';
import { AT_FIRST, next, pollPause, retryPause } from '../../handler/runtime/pauses';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation } from '../../handler/runtime/stack-status';

/** How the task has ended, or why it is no longer watched. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly task: Task }
  /** By itself: the container exited with a code other than 0, or never started. */
  | { readonly kind: 'failed'; readonly task: Task }
  /** By someone or something else, with any exit code. */
  | { readonly kind: 'interrupted'; readonly task: Task }
  | { readonly kind: 'timedOut'; readonly task: Task; readonly stopping: Stopping; readonly afterMs: number }
  | { readonly kind: 'cancelled'; readonly task: Task; readonly stopping: Stopping }
  /** ECS no longer reports the state of the task. */
  | { readonly kind: 'lost'; readonly task: Task; readonly trouble?: Trouble; readonly stopping: Stopping };

/** Result of stopping the task: it has ended, is about to end, or continues to run. */
export type Stopping =
  | { readonly kind: 'stopped' | 'stopping' }
  | { readonly kind: 'goesOn'; readonly trouble: Trouble };

export interface Watch {
  readonly runtime: Runtime;
  readonly ecs: EcsClient;
  readonly askOperation: AskOperation;
  readonly log: Log;
  readonly run: Run;
  readonly times: Deadlines;
}

/** Frequent enough to stop the task before a rollback removes the permission to do so. CloudFormation allows fewer calls than ECS. */
const STATUS_EVERY_MS = 10_000;

/** ECS may not find a new task for a moment. Later, it reports the task for one hour. */
const UNKNOWN_MS = 60_000;

/** Time to stop the task and to read its logs. */
const TIME_TO_STOP_MS = 20_000;

/** Part of this time that reading the logs needs. */
const TIME_TO_READ_MS = 5_000;

/** Watches until the task has ended, its time or the time of the request is over, or the deployment is canceled. */
export async function watchTask(watch: Watch, started: Task): Promise<Outcome> {
  const { runtime: { clock, random }, ecs, askOperation, log, run, times } = watch;
  const since = createdAt(started, clock.now());
  const until = Math.min(since + run.timeoutMs, times.lastCall - TIME_TO_STOP_MS);
  let task = started;
  let seen = clock.now();
  let asked = clock.now();
  let announced = '';
  for (let backoff = AT_FIRST; ;) {
    const { task: looked, trouble } = await look(ecs, task.taskArn);
    if (looked) {
      task = looked;
      seen = clock.now();
    }
    const end = endOf(task, run.containerName);
    if (end) return { kind: end, task };

    const status = trouble?.kind ?? task.lastStatus ?? 'unknown';
    if (status !== announced) log('info', 'the task is under way', { task: task.taskArn, status, trouble });
    announced = status;

    if (clock.now() >= until) {
      const afterMs = until - since;
      return { kind: 'timedOut', task, afterMs, stopping: await endTask(watch, task, `Timed out after ${Math.round(afterMs / 1000)} seconds`) };
    }
    if (isLost(trouble, clock.now() - seen)) {
      return { kind: 'lost', task, trouble, stopping: await stopTask(watch, task, 'ECS returned no status for the task') };
    }
    if (clock.now() - asked >= STATUS_EVERY_MS) {
      asked = clock.now();
      const { operation } = await askOperation();
      if (operation === 'rollback' || operation === 'over') {
        return { kind: 'cancelled', task, stopping: await stopTask(watch, task, 'The deployment was canceled') };
      }
    }
    backoff = next(backoff, trouble?.kind ?? 'seen');
    await clock.sleep(Math.max(0, Math.min(pollPause(backoff, random()), until - clock.now())));
  }
}

/** Throttled or unavailable services recover, so the running task is not abandoned. */
function isLost(trouble: Trouble | undefined, unseenMs: number): boolean {
  if (trouble?.kind === 'throttled' || trouble?.kind === 'unavailable') return false;
  return unseenMs >= (trouble ? patience(trouble) : UNKNOWN_MS);
}

async function look(ecs: EcsClient, taskArn: string): Promise<{ readonly task?: Task; readonly trouble?: Trouble }> {
  try {
    return { task: await ecs.describeTask(taskArn) };
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}

/**
 * Undefined while the task has not ended. The exit code is known before ECS has cleaned up after the task.
 *
 * A stopped program can also exit with code 0. The task has therefore succeeded only if ECS reports that the container has
 * ended the task. A list of all other causes would always be incomplete.
 */
export function endOf(task: Task, containerName: string): 'succeeded' | 'failed' | 'interrupted' | undefined {
  const exitCode = containerOf(task, containerName)?.exitCode ?? undefined;
  if (exitCode === undefined && task.lastStatus !== 'STOPPED') return undefined;
  switch (task.stopCode) {
    case undefined: case 'EssentialContainerExited': return exitCode === 0 ? 'succeeded' : 'failed';
    case FAILED_TO_START: return exitCode === 0 ? 'interrupted' : 'failed';
    default: return 'interrupted';
  }
}

/** Stop code of a task in which a container never started. */
export const FAILED_TO_START = 'TaskFailedToStart';

export function containerOf({ containers = [] }: Task, name: string): Container | undefined {
  return containers.find((container) => container.name === name);
}

async function stopTask({ runtime: { clock, random }, ecs, log, times }: Watch, { taskArn }: Task, reason: string): Promise<Stopping> {
  for (let troubles = 1; ; troubles++) {
    try {
      await ecs.stopTask(taskArn, reason);
      log('warn', 'the task is being stopped', { task: taskArn, because: reason });
      return { kind: 'stopping' };
    } catch (error) {
      const trouble = troubleOf(error);
      const pause = retryPause(troubles, random(), 500);
      if (patience(trouble) === 0 || clock.now() + pause >= times.lastCall) return { kind: 'goesOn', trouble };
      await clock.sleep(pause);
    }
  }
}

/** Stops the task, and waits for its end while there is time, so that the rollback does not run at the same time. */
async function endTask(watch: Watch, task: Task, reason: string): Promise<Stopping> {
  const { runtime: { clock, random }, ecs, run, times } = watch;
  const stopping = await stopTask(watch, task, reason);
  const until = times.lastCall - TIME_TO_READ_MS;
  while (stopping.kind === 'stopping' && clock.now() < until) {
    const { task: looked } = await look(ecs, task.taskArn);
    if (looked && endOf(looked, run.containerName)) return { kind: 'stopped' };
    await clock.sleep(Math.max(0, Math.min(pollPause(AT_FIRST, random()), until - clock.now())));
  }
  return stopping;
}

/** Uses the time of ECS, because a request can be delivered several times. */
function createdAt({ createdAt: time }: Task, now: number): number {
  const ms = typeof time === 'number' ? time * 1000 : Date.parse(time ?? '');
  return Number.isNaN(ms) ? now : Math.min(ms, now);
}
