import { Container, EcsClient, patience, Task, Trouble, troubleOf } from './ecs-client';
import { Run } from './request';
import { AT_FIRST, next, pollPause, retryPause } from '../../handler/runtime/backoff';
import { Deadlines } from '../../handler/runtime/deadlines';
import { Log } from '../../handler/runtime/log';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation } from '../../handler/runtime/stack-status';

/** How the task has ended, or why nobody watches it any more. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly task: Task }
  /** By itself: the container exited with another code than 0, or has never come up. */
  | { readonly kind: 'failed'; readonly task: Task }
  /** By somebody or something else, whatever the exit code. */
  | { readonly kind: 'interrupted'; readonly task: Task }
  | { readonly kind: 'timedOut'; readonly task: Task; readonly stopping: Stopping; readonly afterMs: number }
  | { readonly kind: 'cancelled'; readonly task: Task; readonly stopping: Stopping }
  /** ECS does not say any more how the task is. */
  | { readonly kind: 'lost'; readonly task: Task; readonly trouble?: Trouble; readonly stopping: Stopping };

/** What came of stopping the task: it has ended, or is about to, or goes on. */
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

/** Often enough to stop the task before a rollback takes away the permission to, and CloudFormation allows fewer calls than ECS. */
const STATUS_EVERY_MS = 10_000;

/** ECS may take a moment to know its own tasks, and afterwards knows them for an hour. */
const UNKNOWN_MS = 60_000;

/** To stop the task, and to read what it has logged. */
const TIME_TO_STOP_MS = 20_000;

/** Of that, what reading takes. */
const TIME_TO_READ_MS = 5_000;

/** Until the task has ended, or its time is over, or that of the request, or the deployment is canceled. */
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
      return { kind: 'timedOut', task, afterMs, stopping: await endTask(watch, task, `Not ended after ${Math.round(afterMs / 1000)} seconds`) };
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

/** What is throttled or unavailable comes back: a task that runs is not left alone for that. */
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
 * Nothing while the task has not ended. The exit code is known before ECS has cleaned up after the task.
 *
 * A program that is told to stop may exit with 0 as well. So it has succeeded only where ECS says that the container has
 * ended the task, and no list of everything else that ends tasks can be too short.
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

/** The stop code of a task of which some container has never come up. */
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

/** Stops the task, and waits for its end as long as there is time: the rollback should not meet it. */
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

/** The clock of the task is that of ECS, however often its request is delivered. */
function createdAt({ createdAt: time }: Task, now: number): number {
  const ms = typeof time === 'number' ? time * 1000 : Date.parse(time ?? '');
  return Number.isNaN(ms) ? now : Math.min(ms, now);
}
