import { event, Simulation } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { AwsError } from '../../../src/handler/runtime/aws-client';
import { deadlines } from '../../../src/handler/runtime/deadlines';
import { NetworkError } from '../../../src/handler/runtime/http';
import { Level } from '../../../src/handler/runtime/log';
import { Operation } from '../../../src/handler/runtime/stack-status';
import { EcsClient, Task } from '../../../src/release-task/handler/ecs-client';
import { parse } from '../../../src/release-task/handler/request';
import { endOf, watchTask } from '../../../src/release-task/handler/watch-task';

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task/shop/1';

const at = (lastStatus: string | undefined, more: Partial<Task> = {}): Task => ({ taskArn: ARN, lastStatus, ...more });
const exited = (exitCode: number): Task => at('DEPROVISIONING', { containers: [{ name: 'app', exitCode }] });
const RUNNING = at('RUNNING');

const denied = new AwsError('ecs:DescribeTasks', 'AccessDeniedException', 'no', 400);
const refused = new AwsError('ecs:StopTask', 'InvalidParameterException', 'no', 400);
const throttled = new AwsError('ecs:DescribeTasks', 'ThrottlingException', 'Rate exceeded', 400);

describe('a task', () => {
  const app = (exitCode?: number | null) => [{ name: 'other', exitCode: 3 }, { name: 'app', exitCode }];

  test.each<[string, Task, ReturnType<typeof endOf>]>([
    ['runs', at('RUNNING', { containers: app() }), undefined],
    ['runs, and its containers are not known yet', at('RUNNING'), undefined],
    ['is stopping, and has no exit code yet', at('DEPROVISIONING', { containers: app(null), stopCode: 'UserInitiated' }), undefined],
    ['is stopping after exit code 0', at('DEPROVISIONING', { containers: app(0) }), 'succeeded'],
    ['has stopped by itself with exit code 0', at('STOPPED', { containers: app(0), stopCode: 'EssentialContainerExited' }), 'succeeded'],
    ['is stopping after exit code 1', at('DEPROVISIONING', { containers: app(1) }), 'failed'],
    ['has stopped by itself with exit code 1', at('STOPPED', { containers: app(1), stopCode: 'EssentialContainerExited' }), 'failed'],
    ['has stopped without an exit code', at('STOPPED', { containers: app(null) }), 'failed'],
    ['has stopped without containers', at('STOPPED'), 'failed'],
    ['has never started', at('STOPPED', { containers: app(null), stopCode: 'TaskFailedToStart' }), 'failed'],
    ['has stopped with exit code 0 although another container never started', at('STOPPED', { containers: app(0), stopCode: 'TaskFailedToStart' }), 'interrupted'],
    ['was stopped from outside, with exit code 0', at('STOPPED', { containers: app(0), stopCode: 'UserInitiated' }), 'interrupted'],
    ['was stopped from outside, with another exit code', at('STOPPED', { containers: app(143), stopCode: 'SpotInterruption' }), 'interrupted'],
  ])('that %s is classified correctly', (_, task, end) => {
    expect(endOf(task, 'app')).toBe(end);
  });
});

test('each status is logged once, and an error counts as a status', async () => {
  const { outcome, log } = await watched([at(undefined), at('PROVISIONING'), at('PROVISIONING'), throttled, throttled, RUNNING, exited(0)]);
  const trouble = { kind: 'throttled', action: 'ecs:DescribeTasks', message: 'ThrottlingException: Rate exceeded' };

  expect(outcome).toEqual({ kind: 'succeeded', task: exited(0) });
  expect(log).toEqual([
    ['info', 'the task is under way', { task: ARN, status: 'unknown', trouble: undefined }],
    ['info', 'the task is under way', { task: ARN, status: 'PROVISIONING', trouble: undefined }],
    ['info', 'the task is under way', { task: ARN, status: 'throttled', trouble }],
    ['info', 'the task is under way', { task: ARN, status: 'RUNNING', trouble: undefined }],
  ]);
});

test('ECS is queried every five to six seconds, and less often after throttling', async () => {
  const { looks } = await watched([RUNNING, RUNNING, throttled, RUNNING, RUNNING, exited(0)]);

  // The pauses are 2, 1.5, and 1.125 times as long as usual.
  expect(looks).toEqual([0, 5_500, 11_000, 12_500, 20_750, 26_938].map((ms) => expect.closeTo(ms, -1)));
});

test('CloudFormation is queried every ten seconds, and an unknown stack status changes nothing', async () => {
  const { outcome, asked } = await watched([RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, exited(0)], { operations: ['forward', 'unknown'] });

  expect(outcome.kind).toBe('succeeded');
  expect(asked).toEqual([11_000, 22_000]);
});

test.each<Operation>(['rollback', 'over'])('a task whose deployment was canceled is stopped: %s', async (operation) => {
  const { outcome, stops, log } = await watched([RUNNING], { operations: [operation] });

  expect(outcome).toEqual({ kind: 'cancelled', task: RUNNING, stopping: { kind: 'stopping' } });
  expect(stops).toEqual([[11_000, 'The deployment was canceled']]);
  expect(log.at(-1)).toEqual(['warn', 'the task is being stopped', { task: ARN, because: 'The deployment was canceled' }]);
});

describe('the time limit of a task', () => {
  test.each<[string, Task['createdAt'], number]>([
    ['at its creation, in seconds', -30, 570_000],
    ['at its creation, as text', '-30', 570_000],
    ['now, if the clock of ECS is ahead', 30, 600_000],
    ['now, if ECS does not say', undefined, 600_000],
    ['now, if what ECS says makes no sense', 'yesterday', 600_000],
  ])('begins %s', async (_, seconds, end) => {
    const { outcome, stops } = await watched([RUNNING], { created: seconds });

    expect(outcome).toEqual({ kind: 'timedOut', task: RUNNING, afterMs: 600_000, stopping: { kind: 'stopping' } });
    expect(stops).toEqual([[end, 'Timed out after 600 seconds']]);
  });

  test('leaves the request enough time to stop the task and to read its log', async () => {
    const { outcome, stops, ms } = await watched([RUNNING], { remainingMs: 300_000 });

    expect(outcome).toMatchObject({ kind: 'timedOut', afterMs: 260_000 });
    expect(stops).toEqual([[260_000, 'Timed out after 260 seconds']]);
    expect(ms).toBe(275_000);
  });

  test('is reported as exceeded once the stopped task has ended', async () => {
    const stopped = at('STOPPED', { stopCode: 'UserInitiated' });
    const { outcome, ms } = await watched([RUNNING], { onceStopped: [RUNNING, throttled, stopped] });

    expect(outcome).toMatchObject({ kind: 'timedOut', stopping: { kind: 'stopped' } });
    expect(ms).toBe(611_000);
  });

  test('is reported as exceeded at once if the task cannot be stopped', async () => {
    const { outcome, ms } = await watched([RUNNING], { refuse: [refused] });

    expect(outcome).toMatchObject({ kind: 'timedOut', stopping: { kind: 'goesOn', trouble: { kind: 'refused' } } });
    expect(ms).toBe(600_000);
  });
});

describe('a task that is told to stop', () => {
  test('gets further stop requests after temporary errors, with growing pauses', async () => {
    const { outcome, stops } = await watched([RUNNING], { operations: ['over'], refuse: [throttled, new NetworkError('reset'), denied] });

    expect(outcome).toMatchObject({ kind: 'cancelled', stopping: { kind: 'stopping' } });
    expect(stops.map(([ms]) => ms)).toEqual([11_000, 11_375, 12_125, 13_625]);
  });

  test('keeps running if there is no time for another attempt', async () => {
    const { outcome, ms } = await watched([RUNNING], { operations: ['over'], refuse: Array(1_000).fill(throttled), remainingMs: 60_000 });

    expect(outcome).toMatchObject({ kind: 'cancelled', stopping: { kind: 'goesOn', trouble: { kind: 'throttled' } } });
    expect(ms).toBeGreaterThan(36_000);
    expect(ms).toBeLessThanOrEqual(45_000);
  });
});

describe('a task whose status is not available', () => {
  const gone = [RUNNING, undefined];

  test('counts as lost after a minute, and is stopped', async () => {
    const { outcome, stops, ms } = await watched(gone);

    expect(outcome).toEqual({ kind: 'lost', task: RUNNING, trouble: undefined, stopping: { kind: 'stopping' } });
    expect(stops).toEqual([[ms, 'ECS returned no status for the task']]);
    expect(ms).toBe(60_500);
  });

  test('counts as lost after a minute if access is denied', async () => {
    const { outcome, ms } = await watched([RUNNING, denied]);

    expect(outcome).toMatchObject({ kind: 'lost', trouble: { kind: 'denied' } });
    expect(ms).toBeGreaterThanOrEqual(60_000);
    expect(ms).toBeLessThan(75_000);
  });

  test('counts as lost at once if ECS refuses the request', async () => {
    expect(await watched([RUNNING, refused])).toMatchObject({ outcome: { kind: 'lost', trouble: { kind: 'refused' } }, ms: 5_500 });
  });

  test.each([throttled, new NetworkError('reset')])('does not count as lost because of a temporary error: %p', async (trouble) => {
    expect((await watched([RUNNING, trouble])).outcome.kind).toBe('timedOut');
  });

  test('gets a new minute whenever its status is available again', async () => {
    const { outcome } = await watched([...Array(10).fill(undefined), RUNNING, ...Array(10).fill(undefined), exited(0)]);

    expect(outcome.kind).toBe('succeeded');
  });
});

interface Course {
  readonly operations?: readonly Operation[];
  /** In seconds relative to the present time. */
  readonly created?: Task['createdAt'];
  readonly remainingMs?: number;
  /** The errors of the first attempts to stop the task. */
  readonly refuse?: readonly Error[];
  readonly onceStopped?: ReadonlyArray<Task | Error>;
}

/** Each query returns the next of these. The last one repeats. */
async function watched(
  shown: ReadonlyArray<Task | Error | undefined>, { operations = [], created, remainingMs = 900_000, refuse = [], onceStopped = [] }: Course = {},
) {
  const aws = new Simulation();
  const start = aws.clock.now();
  const since = () => aws.clock.now() - start;
  const looks: number[] = [];
  const asked: number[] = [];
  const stops: Array<[number, string]> = [];
  const log: unknown[] = [];
  const [refusals, answers] = [[...refuse], [...operations]];
  let rest = [...shown];
  const ecs: EcsClient = {
    runTask: async () => { throw new Error('it was started already'); },
    describeTask: async () => {
      looks.push(since());
      const next = rest.length > 1 ? rest.shift() : rest[0];
      if (next instanceof Error) throw next;
      return next;
    },
    stopTask: async (_, reason) => {
      stops.push([since(), reason]);
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      if (onceStopped.length > 0) rest = [...onceStopped];
    },
  };
  const createdAt = typeof created === 'number' ? (start / 1000) + created
    : created && !Number.isNaN(Number(created)) ? new Date(start + Number(created) * 1000).toISOString() : created;
  const outcome = await aws.clock.until(watchTask({
    runtime: aws,
    ecs,
    askOperation: async () => {
      asked.push(since());
      return { operation: answers.length > 1 ? answers.shift()! : answers[0] ?? 'forward', status: 'SOME_STATUS' };
    },
    log: (level: Level, message: string, fields?: object) => log.push([level, message, fields]),
    run: parse(openRequest(event())),
    times: deadlines(start, remainingMs, 900_000),
  }, { taskArn: ARN, createdAt }));
  return { outcome, looks, asked, stops, log, ms: since() };
}
