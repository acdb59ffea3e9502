import { Task, Trouble } from './ecs-client';
import { LogStream } from './last-log-lines';
import { Run } from './request';
import { Start } from './start-task';
import { containerOf, FAILED_TO_START, Outcome, Stopping } from './watch-task';
import { short } from '../../handler/response';
import { deploy, findTasks, readLog, stopTask } from '../../private/cli-commands';

/** Data for a failure reason, besides the event itself. */
export interface Circumstances {
  readonly run: Run;
  /** The last lines of the container, without secrets. */
  readonly lines?: readonly string[];
  readonly stream?: LogStream;
}

type NotStarted = Extract<Start, { readonly kind: 'refused' | 'failed' }>;
type NotSucceeded = Exclude<Outcome, { readonly kind: 'succeeded' }>;

/**
 * The reason of the failure and the remedy, for users of the CLI. The most important sentence comes first and the last log
 * lines at the end, because screens truncate text.
 */
export function explain(what: NotStarted | NotSucceeded, circumstances: Circumstances): string {
  const { run } = circumstances;
  switch (what.kind) {
    case 'refused':
      return what.because === 'late'
        ? sentences(
          `The release task was not started, because this request is out of date${what.status && `: the stack is in ${what.status}`}.`,
          `If you still want this deployment, start it again: ${again(run)}`,
        )
        : sentences(
          `The release task was not started, because its function cannot determine whether the stack is rolling back: ${short(what.status)}.`,
          `Grant the function of the release task cloudformation:DescribeStacks. Then: ${again(run)}`,
        );
    case 'failed':
      return 'trouble' in what ? notStarted(what.trouble, run) : failed(what.task, circumstances);
    case 'interrupted':
      return sentences(
        `The release task was interrupted: ${ending(what.task, run)}.`,
        UNTOUCHED,
        `Deploy again to rerun it: ${again(run)}`,
        whereabouts(what.task, circumstances),
      );
    case 'timedOut':
      return sentences(
        `The release task did not end within ${Math.round(what.afterMs / 1000)} s, ${endOf(what.stopping, 'it')}.`,
        goesOn(what.stopping, what.task, run),
        UNTOUCHED,
        `Make the task faster, or raise its timeout (at most 14 minutes). Then: ${again(run)}`,
        whereabouts(what.task, circumstances),
      );
    case 'cancelled':
      return sentences(
        `The deployment was canceled while the release task ran, ${endOf(what.stopping, 'the task')}.`,
        goesOn(what.stopping, what.task, run),
        whereabouts(what.task, circumstances),
      );
    case 'lost':
      return sentences(
        `ECS returned no status for the release task: ${what.trouble ? troubled(what.trouble) : 'it was not in the answer'}.`,
        what.stopping.kind === 'goesOn' ? `The task may still be running. Stop it: ${stopCommand(what.task, run)}.` : 'The task is being stopped.',
        UNTOUCHED,
        `Deploy again: ${again(run)}`,
        whereabouts(what.task, circumstances),
      );
  }
}

/** Reason if there was no time to answer the request. */
export function whenOutOfTime(run: Run): string {
  return `The ECS task may still be running. Find it with: ${findTasks(run)}.`;
}

const UNTOUCHED = 'The services that wait for it were not updated.';

function notStarted(trouble: Trouble, run: Run): string {
  const remedy = {
    denied: 'Check the permissions boundary and service control policies of the role in this message, and the trust policies of the task roles.',
    refused: 'Fix the problem that ECS reports.',
    noPlace: 'Fargate may lack capacity in these subnets, or the account quota is exhausted: pass subnets in more availability zones, or request an increase in Service Quotas.',
    throttled: 'The task is not the cause.',
    unavailable: `The task is not the cause. If ECS started it anyway, find it with: ${findTasks(run)}.`,
  }[trouble.kind];
  return sentences(`The release task could not be started: ${troubled(trouble)}.`, UNTOUCHED, remedy, `Deploy again: ${again(run)}`);
}

function failed(task: Task, circumstances: Circumstances): string {
  const { run } = circumstances;
  const { exitCode, name } = containerOf(task, run.containerName) ?? {};
  const what = typeof exitCode === 'number'
    ? `The release task failed: container ${name} exited with code ${exitCode}`
    : task.stopCode === FAILED_TO_START
      ? 'The release task failed to start'
      : `The release task failed: container ${run.containerName} ended without an exit code`;
  const why = reasons(task, run);
  return sentences(
    `${what}${why && ` (${why})`}.`,
    UNTOUCHED,
    `Fix the cause, then deploy again or deploy a new image: ${again(run)}`,
    whereabouts(task, circumstances),
  );
}

/** How a task ended if it did not end by itself. */
function ending(task: Task, run: Run): string {
  const exitCode = containerOf(task, run.containerName)?.exitCode;
  return [task.stopCode, reasons(task, run), typeof exitCode === 'number' && `exit code ${exitCode}`].filter((part) => part).join(', ');
}

function reasons(task: Task, { containerName }: Run): string {
  const reason = containerOf(task, containerName)?.reason;
  return [...new Set([task.stoppedReason, reason])].filter((part): part is string => Boolean(part)).map(short).join('; ');
}

function endOf(stopping: Stopping, subject: string): string {
  return {
    stopped: `so ${subject} was stopped`,
    stopping: `so ${subject} is being stopped, which can take as long as its stopTimeout`,
    goesOn: `and ${subject} is still running, because stopping it failed`,
  }[stopping.kind];
}

function goesOn(stopping: Stopping, task: Task, run: Run): string | undefined {
  return stopping.kind === 'goesOn' ? `${troubled(stopping.trouble)}. Stop it: ${stopCommand(task, run)}.` : undefined;
}

function stopCommand({ taskArn }: Task, { region, cluster }: Run): string {
  return stopTask({ region, cluster, taskArn });
}

/** In bytes. The rest of a reason is far below the limit of CloudFormation. */
const ROOM_FOR_LINES = 2_000;

function whereabouts({ taskArn }: Task, { stream, lines = [] }: Circumstances): string {
  const all = stream && `Full log: ${readLog(stream)}.`;
  const last = latest(lines);
  return sentences(`Task: ${taskArn}.`, all, last.length > 0 ? `Last lines: ${last.join(' | ')}` : undefined);
}

/** As many of the last lines as fit. If a single line is too long, its beginning. */
function latest(lines: readonly string[]): readonly string[] {
  let room = ROOM_FOR_LINES;
  let first = lines.length;
  while (first > 0 && (room -= Buffer.byteLength(JSON.stringify(lines[first - 1])) + ' | '.length) >= 0) first--;
  return first === lines.length ? lines.slice(-1) : lines.slice(first);
}

function again({ serviceStack }: Run): string {
  return `${deploy(serviceStack)}.`;
}

function troubled({ action, message }: Trouble): string {
  return `${action ? `${action} failed: ` : ''}${short(message)}`;
}

function sentences(...parts: Array<string | undefined>): string {
  return parts.filter((part) => part).join(' ');
}
