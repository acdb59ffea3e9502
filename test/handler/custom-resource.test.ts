import { CustomResource, handlerOf } from '../../src/handler/custom-resource';
import { MalformedRequest } from '../../src/handler/request';
import { event, SECRETS, Simulation, STACK_ID } from '../guard/handler/simulation';

const SUCCESS = { status: 'SUCCESS', physicalId: 'id' } as const;

const IDENTITY = { stackId: STACK_ID, logicalId: 'ApiGuard1A2B3C4D', requestId: '9d4c1c8f-93b1-4a1e-8f57-6f5d8c0a2b11' };

test('an answer is sent unchanged, and nothing is logged', async () => {
  const { answers, lines } = await asked({ answer: async () => ({ ...SUCCESS, attributes: { A: 'b' } }) });

  expect(answers).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: 'id', Data: { A: 'b' } }]);
  expect(lines).toEqual([]);
});

test('an answer can use everything that the session offers', async () => {
  const { answers, lines } = await asked({
    answer: async ({ request, times, log, sent, runtime }) => {
      await runtime.send({ method: 'GET', url: 'https://layers.example/x', headers: {}, timeoutMs: 1 });
      log('info', 'hello', { times: times.end - times.start, sent: sent() });
      return { ...SUCCESS, physicalId: request.logicalId };
    },
  });

  expect(answers).toMatchObject([{ PhysicalResourceId: 'ApiGuard1A2B3C4D' }]);
  expect(lines).toEqual([{ level: 'info', message: 'hello', requestType: 'Create', ...IDENTITY, times: 298_000, sent: 1 }]);
});

test('a Delete is answered without calling the resource', async () => {
  const { answers } = await asked({ answer: async () => { throw new Error('it was asked'); } }, { RequestType: 'Delete', PhysicalResourceId: 'x' });

  expect(answers).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: 'x' }]);
});

test('a malformed request is answered with its problem, and does not count as an error of the function', async () => {
  const { answers, lines } = await asked({ answer: async () => { throw new MalformedRequest('the request is odd'); } });

  expect(answers).toMatchObject([{ Status: 'FAILED', Reason: 'the request is odd' }]);
  expect(lines).toEqual([]);
});

test.each([
  ['an error', new Error('a bug'), 'The thing failed: Error: a bug', expect.stringMatching(/^Error: a bug\n +at /)],
  ['something else', 'a string', 'The thing failed: a string', 'a string'],
])('%s that is thrown unexpectedly is answered, and logged with its origin', async (_, thrown, Reason, error) => {
  const { answers, lines } = await asked({ answer: async () => { throw thrown; } });

  expect(answers).toMatchObject([{ Status: 'FAILED', Reason }]);
  expect(lines).toEqual([{ level: 'error', message: 'the thing failed', requestType: 'Create', ...IDENTITY, error }]);
});

test('no reason and no log line contains a secret', async () => {
  const { answers, lines } = await asked({ answer: async () => { throw new Error(SECRETS.join(' ')); } });

  for (const secret of SECRETS) expect(JSON.stringify([answers, lines])).not.toContain(secret);
  expect(answers).toMatchObject([{ Reason: expect.stringContaining('[redacted]') }]);
});

test.each<[string, CustomResource['whenOutOfTime']]>([
  ['', undefined],
  ['', () => ''],
  ['Look for Create. ', ({ type }) => `Look for ${type}.`],
])('a request is answered in time even if the resource never answers: %j', async (advice, whenOutOfTime) => {
  const { answers, lines, ms } = await asked({ answer: async () => new Promise<never>(() => undefined), whenOutOfTime });

  expect(ms).toBe(290_020);
  expect(answers).toMatchObject([{
    Status: 'FAILED',
    Reason: `The thing ran out of time after 290 s, because AWS did not answer. ${advice}Deploy again.`,
  }]);
  expect(lines).toMatchObject([{ level: 'error', message: answers[0].Reason }]);
});

test('nothing that is still in progress continues after the answer', async () => {
  const after: unknown[] = [];
  const { lines } = await asked({
    answer: async ({ runtime, log }) => {
      void runtime.clock.sleep(1_000).then(() => after.push('slept'), () => {
        log('error', 'late');
        void runtime.send({ method: 'GET', url: 'https://layers.example/x', headers: {}, timeoutMs: 1 }).catch(() => after.push('not sent'));
      });
      return SUCCESS;
    },
  });

  expect(after).toEqual(['not sent']);
  expect(lines).toEqual([]);
});

async function asked(resource: Omit<CustomResource, 'name'>, overrides: object = {}) {
  const aws = new Simulation();
  const start = aws.clock.now();
  const handler = handlerOf({ name: 'thing', ...resource })(aws);
  await aws.clock.until(handler(event(overrides), { getRemainingTimeInMillis: () => 900_000 }));
  return { answers: aws.answers.map((body) => JSON.parse(body)), lines: aws.lines.map((line) => JSON.parse(line)), ms: aws.clock.now() - start };
}
