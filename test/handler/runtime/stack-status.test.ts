import { deadlines } from '../../../src/handler/runtime/deadlines';
import { Level } from '../../../src/handler/runtime/log';
import { redaction } from '../../../src/handler/runtime/redaction';
import { AskOperation, Operation, operationOf, stackOperation } from '../../../src/handler/runtime/stack-status';
import { RESPONSE_URL, Simulation, STACK_ID, Fault, THROTTLED } from '../../guard/handler/simulation';

/** Every status that CloudFormation documents. */
test.each<[Operation, string[]]>([
  ['forward', ['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'IMPORT_IN_PROGRESS']],
  ['rollback', ['ROLLBACK_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS', 'IMPORT_ROLLBACK_IN_PROGRESS']],
  ['over', [
    'CREATE_FAILED', 'CREATE_COMPLETE', 'ROLLBACK_FAILED', 'ROLLBACK_COMPLETE', 'DELETE_IN_PROGRESS', 'DELETE_FAILED', 'DELETE_COMPLETE',
    'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED', 'UPDATE_ROLLBACK_FAILED',
    'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE', 'REVIEW_IN_PROGRESS',
    'IMPORT_COMPLETE', 'IMPORT_ROLLBACK_FAILED', 'IMPORT_ROLLBACK_COMPLETE',
  ]],
])('an operation is %s in the statuses %j', async (operation, statuses) => {
  expect(statuses.map(operationOf)).toEqual(statuses.map(() => operation));
});

test.each(['', 'SOMETHING_NEW_IN_PROGRESS', 'constructor'])('the unknown status %j means that no operation is in progress', (status) => {
  expect(operationOf(status)).toBe('over');
});

test('the request contains the ID of the stack, and goes to its region and partition', async () => {
  const { answer, aws } = await askedFor('ROLLBACK_IN_PROGRESS', [], (ask) => ask(), 'amazonaws.com.cn');

  expect(answer).toEqual({ operation: 'rollback', status: 'ROLLBACK_IN_PROGRESS' });
  expect(aws.calls).toMatchObject([{ action: 'cloudformation:DescribeStacks', input: { StackName: STACK_ID, Version: '2010-05-15' } }]);
  expect(aws.calls[0].request.url).toBe('https://cloudformation.eu-west-1.amazonaws.com.cn/');
  expect(aws.calls[0].request.headers.authorization).toContain('/eu-west-1/cloudformation/aws4_request');
});

test('errors are retried with growing pauses', async () => {
  const { answer, aws, log } = await askedFor('UPDATE_ROLLBACK_IN_PROGRESS', [THROTTLED, { kind: 'reset' }, { kind: 'garbage' }]);
  const at = aws.calls.map((call) => call.at);

  expect(answer.operation).toBe('rollback');
  expect(at.slice(1).map((time, index) => time - at[index] - 20)).toEqual([375, 750, 1500]);
  expect(log).toEqual([]);
});

test.each<[string, Fault, string]>([
  ['an error', { kind: 'error', status: 400, code: 'AccessDenied' }, 'cloudformation:DescribeStacks failed: AccessDenied'],
  ['no status', { kind: 'garbage' }, 'Error: the answer has no status'],
  ['no answer', { kind: 'reset' }, 'Error: read ECONNRESET'],
])('after five seconds of %s, the operation is unknown, and the log contains a warning', async (_, fault, error) => {
  const { answer, log, ms } = await askedFor(undefined, fault);

  expect(answer).toEqual({ operation: 'unknown', status: error });
  expect(log).toEqual([['warn', 'cannot determine what the stack is doing', { error }]]);
  expect(ms).toBeGreaterThanOrEqual(5_000);
  expect(ms).toBeLessThan(5_100);
});

test('the caller can set a longer time limit', async () => {
  const { ms } = await askedFor(undefined, THROTTLED, (ask) => ask(30_000));

  expect(ms).toBeGreaterThanOrEqual(30_000);
  expect(ms).toBeLessThan(30_100);
});

test('no time limit extends beyond the time of the last allowed call', async () => {
  const { answer, ms } = await askedFor(undefined, THROTTLED, (ask) => ask(30_000), 'amazonaws.com', 4_000);

  expect(answer.operation).toBe('unknown');
  expect(ms).toBeGreaterThanOrEqual(3_000);
  expect(ms).toBeLessThan(3_100);
});

test('each call sends a new request', async () => {
  const { aws, answer } = await askedFor('UPDATE_IN_PROGRESS', [], async (ask) => {
    await ask();
    return ask();
  });

  expect(answer.operation).toBe('forward');
  expect(aws.calls).toHaveLength(2);
});

async function askedFor(
  status: string | undefined, faults: Fault | Fault[], how: (ask: AskOperation) => ReturnType<AskOperation> = async (ask) => ask(), domain = 'amazonaws.com', remainingMs = 900_000,
) {
  const aws = new Simulation();
  if (Array.isArray(faults)) {
    aws.faults.stack.push(...faults);
  } else {
    aws.outage.stack = faults;
  }
  if (status) aws.stackStatus = status;
  const log: unknown[] = [];
  const note = (level: Level, message: string, fields?: object) => log.push([level, message, fields]);
  const ask = stackOperation(
    { runtime: aws, redact: redaction(RESPONSE_URL, aws.env), log: note, times: deadlines(aws.clock.now(), remainingMs, 3_600_000) },
    { id: STACK_ID, region: 'eu-west-1' }, domain,
  );
  const start = aws.clock.now();
  const answer = await aws.clock.until(how(ask));
  return { answer, aws, log, ms: aws.clock.now() - start };
}
