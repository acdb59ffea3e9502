import { Simulation } from './simulation';
import { AwsError } from '../../../src/handler/runtime/aws-client';
import { deadlines } from '../../../src/handler/runtime/deadlines';
import { Operation } from '../../../src/handler/runtime/stack-status';
import { EcsClient, NotPlaced } from '../../../src/release-task/handler/ecs-client';
import { startTask } from '../../../src/release-task/handler/start-task';

const TASK = { taskArn: 'arn' };
const throttled = new AwsError('ecs:RunTask', 'ThrottlingException', 'Rate exceeded', 400);
const denied = new AwsError('ecs:RunTask', 'AccessDeniedException', 'no', 400);
const refused = new AwsError('ecs:RunTask', 'InvalidParameterException', 'no', 400);

test('the stack status is queried with a long time limit before each attempt', async () => {
  const { start, attempts, patience } = await started([throttled, denied]);

  expect(start).toEqual({ kind: 'started', task: TASK });
  expect(attempts).toEqual([0, 1_500, 4_500]);
  expect(patience).toEqual([60_000, 60_000, 60_000]);
});

test.each<[Operation, object]>([
  ['rollback', { kind: 'skipped', because: 'the stack is rolling back' }],
  ['over', { kind: 'refused', because: 'late', status: 'SOME_STATUS' }],
  ['unknown', { kind: 'refused', because: 'unknown', status: 'SOME_STATUS' }],
])('a stack that no longer moves forward gets no task (%s)', async (operation, expected) => {
  const { start, attempts } = await started([throttled], { operations: ['forward', operation] });

  expect(start).toEqual(expected);
  expect(attempts).toEqual([0]);
});

test('the stack status is not queried if it does not affect the decision', async () => {
  const { start, patience } = await started([], { situation: { isAbandoned: true } });

  expect(start).toEqual({ kind: 'refused', because: 'late', status: '' });
  expect(patience).toEqual([]);
});

test('a refusal is not retried', async () => {
  expect(await started([refused])).toMatchObject({ start: { kind: 'failed', trouble: { kind: 'refused' } }, attempts: [0] });
});

test.each([throttled, denied, new NotPlaced('RESOURCE:CPU')])('a temporary error is retried for a minute after its first occurrence: %p', async (error) => {
  const { start, attempts } = await started(Array(100).fill(error));

  expect(start).toMatchObject({ kind: 'failed' });
  expect(attempts.at(-1)).toBe(60_000);
  expect(attempts.slice(0, 5)).toEqual([0, 1_500, 4_500, 10_500, 18_000]);
});

test('a temporary error is retried no longer than the time of the request allows', async () => {
  expect((await started(Array(100).fill(throttled), { remainingMs: 40_000 })).attempts.at(-1)).toBe(30_000);
});

interface Course {
  readonly operations?: readonly Operation[];
  readonly situation?: object;
  readonly remainingMs?: number;
}

async function started(errors: readonly Error[], { operations = ['forward'], situation = {}, remainingMs = 900_000 }: Course = {}) {
  const { clock, random, print, env, send } = new Simulation();
  const begin = clock.now();
  const attempts: number[] = [];
  const patience: Array<number | undefined> = [];
  const runTask = async () => {
    attempts.push(clock.now() - begin);
    const error = errors[attempts.length - 1];
    if (error) throw error;
    return TASK;
  };
  const start = await clock.until(startTask({
    runtime: { clock, random, print, env, send },
    ecs: { runTask } as Partial<EcsClient> as EcsClient,
    askOperation: async (patienceMs) => {
      patience.push(patienceMs);
      return { operation: operations[Math.min(patience.length, operations.length) - 1], status: 'SOME_STATUS' };
    },
    situation: { hasImage: true, record: 'none', rerunForEarlierReleases: false, isAbandoned: false, ...situation },
    times: deadlines(begin, remainingMs, 900_000),
  }));
  return { start, attempts, patience };
}
