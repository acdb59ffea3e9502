import { FIXTURES } from './fixtures';
import { event, SECRETS, SERVER_ERROR, Simulation, STACK_ID, THROTTLED, update } from './simulation';
import { NetworkError } from '../../../src/handler/runtime/http';
import { expectCleanEnd } from '../../handler/end-of-test';

let aws: Simulation;
beforeEach(() => {
  aws = new Simulation();
  aws.stackStatus = 'CREATE_IN_PROGRESS';
});

afterEach(() => expectCleanEnd(aws, SECRETS));

describe('the handler', () => {
  test.each(['Create', 'Update', 'Delete'])('responds to a malformed %s', async (RequestType) => {
    const answer = await aws.request({ ...event({ RequestType, PhysicalResourceId: 'id' }), ResourceProperties: 7 });

    expect(answer.Status).toBe(RequestType === 'Delete' ? 'SUCCESS' : 'FAILED');
    expect(answer.PhysicalResourceId).toBe('id');
  });

  test('responds to a Delete without any AWS call', async () => {
    await aws.request(event({ RequestType: 'Delete', PhysicalResourceId: 'id' }));

    expect(aws.actions).toEqual([]);
  });

  test('makes the invocation fail if the request has no response URL', async () => {
    await expect(aws.run(event({ ResponseURL: undefined }))).rejects.toThrow('no ResponseURL');
  });

  test('responds even if a bug causes an error', async () => {
    aws.random = () => { throw new Error(`surprise at ${SECRETS[0]}`); };
    aws.outage.registry = THROTTLED;

    expect(await aws.request(event())).toMatchObject({ Status: 'FAILED', Reason: 'The guard failed: Error: surprise at [redacted]' });
    expect(aws.lastLine).toMatchObject({ level: 'error', message: 'the guard failed' });
  });

  test('responds when a timer expires before Lambda ends, if nothing else has responded', async () => {
    aws.send = async (request) => {
      if (request.method !== 'PUT') await new Promise(() => undefined);
      aws.answers.push(request.body!);
      return { status: 200, headers: {}, body: Buffer.from('') };
    };
    const start = aws.clock.now();

    expect(await aws.request(event())).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('out of time after 290 s') });
    expect(aws.clock.now() - start).toBeLessThan(300_000);
  });

  test.each([1_000, 3_000, 10_000, 60_000])('responds to a rollback with the recorded answer in %i ms, even if AWS does not respond', async (remainingMs) => {
    const v1 = aws.push('v1');
    const { PhysicalResourceId } = await aws.request(event());
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    for (const silent of [['stack'], ['registry'], ['stack', 'registry']] as const) {
      aws.outage = Object.fromEntries(silent.map((server) => [server, { kind: 'hang' }]));
      aws.answers.length = 0;

      expect(await aws.request(update(PhysicalResourceId, { ReleaseTagName: 'api' }), remainingMs)).toMatchObject({ Status: 'SUCCESS', Data: { ImageDigest: v1 } });
    }
  });

  test('responds with success to a rollback with an unknown ID, even if the registry does not respond', async () => {
    aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    aws.outage = { registry: { kind: 'hang' } };

    expect(await aws.request(update('imported', { ReleaseTagName: 'api' }), 3_000)).toMatchObject({ Status: 'SUCCESS' });
  });

  test('leaves nothing running after its response', async () => {
    const { send } = aws;
    aws.send = async (request) => {
      if (request.method === 'PUT') return send(request);
      await aws.clock.sleep(30_000);
      throw new NetworkError('too late');
    };
    await aws.request(update('id'), 3_000);
    const before = { calls: aws.calls.length, lines: aws.lines.length };
    await aws.clock.until(aws.clock.sleep(60_000));

    expect(aws.answered.Reason).toContain('out of time after 3 s');
    expect({ calls: aws.calls.length, lines: aws.lines.length }).toEqual(before);
  });

  test('responds even if the Lambda timeout is only a few seconds', async () => {
    aws.outage.registry = { kind: 'hang' };
    const start = aws.clock.now();
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '60' }), 3_000);

    expect(aws.clock.now() - start).toBeLessThan(3_000);
  });

  test.each([
    ['refuses connections', { kind: 'reset' }],
    ['resets the connection after it has received the response', { kind: 'answerThenReset' }],
    ['hangs', { kind: 'hang' }],
    ['fails', SERVER_ERROR],
    ['is busy', { kind: 'error', status: 429, code: 'SlowDown' }],
  ] as const)('sends the same response again if the endpoint %s', async (_, fault) => {
    aws.push('v1');
    aws.faults.endpoint.push(fault, fault);

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS' });
    expect(new Set(aws.answers).size).toBe(1);
    expect(aws.calls.filter(({ request }) => request.method === 'PUT')).toHaveLength(3);
  });

  test('makes the invocation fail in time for Lambda to retry it if the endpoint remains unavailable', async () => {
    aws.push('v1');
    aws.outage.endpoint = { kind: 'hang' };
    const start = aws.clock.now();

    await expect(aws.run(event(), 60_000)).rejects.toThrow('the answer could not be delivered');
    expect(aws.clock.now() - start).toBeLessThan(60_000);
    expect(aws.lastLine).toMatchObject({ level: 'error', message: 'the answer was not delivered', hopeless: true });
  });

  test('sends its response only once if the endpoint rejects the signature', async () => {
    aws.push('v1');
    aws.outage.endpoint = { kind: 'error', status: 403, code: 'AccessDenied' };

    await expect(aws.run(event())).rejects.toThrow('HTTP 403');
    expect(aws.calls.filter(({ request }) => request.method === 'PUT')).toHaveLength(1);
  });

  test('redacts the secrets that a server returned', async () => {
    aws.outage.registry = { kind: 'error', status: 400, code: 'Strange', message: `you sent ${SECRETS.join(' ')}` };

    expect((await aws.request(event())).Reason).toContain('Strange: you sent [redacted] [redacted] [redacted] [redacted]');
  });
});

describe('the log', () => {
  test('has one line for each decision', async () => {
    const digest = aws.push('v1');
    await aws.request(event());

    expect(aws.lines.map((line) => JSON.parse(line))).toEqual([{
      level: 'info',
      message: 'the deployment may proceed',
      requestType: 'Create',
      stackId: STACK_ID,
      logicalId: event().LogicalResourceId,
      requestId: event().RequestId,
      repository: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app',
      version: 'tag:v1',
      observed: 'found',
      decision: 'succeed',
      operation: 'forward',
      digest,
      elapsedMs: expect.any(Number),
      calls: 2,
    }]);
  });

  test('says only once what the guard waits for', async () => {
    await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: '600' }));

    expect(aws.lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', message: 'looking again', observed: { kind: 'missing' } },
      { level: 'error', decision: 'fail', observed: 'missing' },
    ]);
  });

  test('warns about checks that were not possible', async () => {
    aws.push('v1', { fixture: FIXTURES.indexOfIndexes });

    expect(await aws.request(event())).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.lastLine).toMatchObject({ level: 'warn', message: expect.stringContaining('an index within the index') });
  });
});
