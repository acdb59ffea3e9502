import { CLUSTER, event } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { Container, Task, Trouble } from '../../../src/release-task/handler/ecs-client';
import { Circumstances, explain, whenOutOfTime } from '../../../src/release-task/handler/failure-reason';
import { parse } from '../../../src/release-task/handler/request';
import { Stopping } from '../../../src/release-task/handler/watch-task';

const run = parse(openRequest(event()));
const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task/shop/1';
const UNTOUCHED = 'The services that wait for it were not updated.';
const FIND = `aws ecs list-tasks --region eu-west-1 --cluster ${CLUSTER} --started-by ${run.startedBy}`;
const STOP = `aws ecs stop-task --region eu-west-1 --cluster ${CLUSTER} --task ${ARN}`;

const DENIED: Trouble = { kind: 'denied', action: 'ecs:StopTask', message: 'AccessDeniedException: no' };

const because = (what: Parameters<typeof explain>[0], circumstances: Partial<Circumstances> = {}) => explain(what, { run, ...circumstances });

function task(container?: Partial<Container>, more: Partial<Task> = {}): Task {
  return { taskArn: ARN, containers: [{ name: 'sidecar', exitCode: 9, reason: 'no' }, ...container ? [{ name: 'app', ...container }] : []], ...more };
}

describe('the reason for a task that was not started', () => {
  test.each([
    ['UPDATE_COMPLETE', ': the stack is in UPDATE_COMPLETE'],
    ['', ''],
  ])('says that the request is out of date, with the status %j', (status, said) => {
    expect(because({ kind: 'refused', because: 'late', status })).toBe(
      `The release task was not started, because this request is out of date${said}. If you still want this deployment, start it again: cdk deploy Prod/Shop.`,
    );
  });

  test.each([
    ['denied', 'Check the permissions boundary and service control policies of the role in this message, and the trust policies of the task roles.'],
    ['refused', 'Fix the problem that ECS reports.'],
    ['noPlace', 'Fargate may lack capacity in these subnets, or the account quota is exhausted: '
      + 'pass subnets in more availability zones, or request an increase in Service Quotas.'],
    ['throttled', 'The task is not the cause.'],
    ['unavailable', `The task is not the cause. If ECS started it anyway, find it with: ${FIND}.`],
  ] as const)('shows the remedy for trouble of the kind %s', (kind, remedy) => {
    expect(because({ kind: 'failed', trouble: { kind, action: 'ecs:RunTask', message: 'no.' } })).toBe(
      `The release task could not be started: ecs:RunTask failed: no. ${UNTOUCHED} ${remedy} Deploy again: cdk deploy Prod/Shop.`,
    );
  });

  test('quotes the network error if ECS did not respond', () => {
    expect(because({ kind: 'failed', trouble: { kind: 'unavailable', message: 'read ECONNRESET' } })).toMatch(/^The release task could not be started: read ECONNRESET\. /);
  });
});

describe('the reason for a task that failed', () => {
  const AFTERWARDS = `${UNTOUCHED} Fix the cause, then deploy again or deploy a new image: cdk deploy Prod/Shop. Task: ${ARN}.`;

  test.each<[string, Task, string]>([
    ['with a code', task({ exitCode: 1 }), 'The release task failed: container app exited with code 1.'],
    ['with a code and a reason', task({ exitCode: 137, reason: 'OutOfMemoryError: killed.' }), 'The release task failed: container app exited with code 137 (OutOfMemoryError: killed).'],
    ['with two reasons', task({ exitCode: 1, reason: 'one' }, { stoppedReason: 'two' }), 'The release task failed: container app exited with code 1 (two; one).'],
    ['with one reason twice', task({ exitCode: 1, reason: 'one' }, { stoppedReason: 'one' }), 'The release task failed: container app exited with code 1 (one).'],
    ['to start', task({ exitCode: null }, { stopCode: 'TaskFailedToStart', stoppedReason: 'no pull' }), 'The release task failed to start (no pull).'],
    ['without a code', task({ exitCode: null }), 'The release task failed: container app ended without an exit code.'],
    ['without the container', task(), 'The release task failed: container app ended without an exit code.'],
  ])('%s says so', (_, failed, expected) => {
    expect(because({ kind: 'failed', task: failed })).toBe(`${expected} ${AFTERWARDS}`);
  });
});

test.each<[string, Task, string]>([
  ['with all known facts', task({ exitCode: 0, reason: 'one' }, { stopCode: 'UserInitiated', stoppedReason: 'two' }), 'UserInitiated, two; one, exit code 0'],
  ['without an exit code', task({ exitCode: null }, { stopCode: 'SpotInterruption' }), 'SpotInterruption'],
  ['without the container', task(undefined, { stopCode: 'SpotInterruption' }), 'SpotInterruption'],
])('the reason for a task that was interrupted is complete: %s', (_, stopped, expected) => {
  expect(because({ kind: 'interrupted', task: stopped })).toBe(
    `The release task was interrupted: ${expected}. ${UNTOUCHED} Deploy again to rerun it: cdk deploy Prod/Shop. Task: ${ARN}.`,
  );
});

describe.each<[Stopping, string, string]>([
  [{ kind: 'stopped' }, 'so <task> was stopped', ''],
  [{ kind: 'stopping' }, 'so <task> is being stopped, which can take as long as its stopTimeout', ''],
  [{ kind: 'goesOn', trouble: DENIED }, 'and <task> is still running, because stopping it failed', ` ecs:StopTask failed: AccessDeniedException: no. Stop it: ${STOP}.`],
])('the reason for a task with the stop result %j', (stopping, end, command) => {
  const said = (subject: string) => end.replace('<task>', subject);

  test('says that its time was over', () => {
    expect(because({ kind: 'timedOut', task: task(), stopping, afterMs: 59_600 })).toBe(
      `The release task did not end within 60 s, ${said('it')}.${command} ${UNTOUCHED} `
        + `Make the task faster, or raise its timeout (at most 14 minutes). Then: cdk deploy Prod/Shop. Task: ${ARN}.`,
    );
  });

  test('says that the deployment was canceled', () => {
    expect(because({ kind: 'cancelled', task: task(), stopping })).toBe(
      `The deployment was canceled while the release task ran, ${said('the task')}.${command} Task: ${ARN}.`,
    );
  });
});

test.each<[string, Trouble | undefined, Stopping, string, string]>([
  ['is not found', undefined, { kind: 'stopping' }, 'it was not in the answer', 'The task is being stopped.'],
  ['cannot be looked up', DENIED, { kind: 'stopping' }, 'ecs:StopTask failed: AccessDeniedException: no', 'The task is being stopped.'],
  ['cannot be stopped', undefined, { kind: 'goesOn', trouble: DENIED }, 'it was not in the answer', `The task may still be running. Stop it: ${STOP}.`],
])('the reason for a lost task that %s says so', (_, trouble, stopping, why, what) => {
  expect(because({ kind: 'lost', task: task(), trouble, stopping })).toBe(
    `ECS returned no status for the release task: ${why}. ${what} ${UNTOUCHED} Deploy again: cdk deploy Prod/Shop. Task: ${ARN}.`,
  );
});

describe('the last lines', () => {
  const lines = (...all: string[]) => /Last lines: (.*)$/.exec(because({ kind: 'interrupted', task: task() }, { lines: all }))?.[1];

  test('are joined, and follow the command that shows the whole log', () => {
    const stream = { group: 'Logs', region: 'eu-north-1', stream: 'release/app/1' };

    expect(because({ kind: 'cancelled', task: task(), stopping: { kind: 'stopped' } }, { lines: ['one', 'two'], stream })).toMatch(
      new RegExp(`Task: ${ARN}\\. Full log: aws logs get-log-events --region eu-north-1 --log-group-name Logs --log-stream-name release/app/1\\. Last lines: one \\| two$`),
    );
  });

  test('are not mentioned if there are none', () => {
    expect(lines()).toBeUndefined();
  });

  test('use up to 2,000 bytes, including quotes and separators', () => {
    const bytes = (line: string) => Buffer.byteLength(JSON.stringify(line)) + ' | '.length;
    const last = 'é'.repeat(100);
    const exact = 'x'.repeat(2_000 - bytes(last) - bytes(''));

    expect(lines('before', exact, last)).toBe(`${exact} | ${last}`);
    expect(lines('before', `${exact}x`, last)).toBe(last);
  });

  test('include at least one line, however long', () => {
    const long = 'x'.repeat(5_000);

    expect(lines('before', long)).toBe(long);
  });
});

test('the reason for a request that ran out of time says how to find the task', () => {
  expect(whenOutOfTime(run)).toBe(`The ECS task may still be running. Find it with: ${FIND}.`);
});
