import { openRequest } from '../../src/handler/request';
import { Answer } from '../../src/handler/response';
import { Level } from '../../src/handler/runtime/log';
import { sendResponse } from '../../src/handler/send-response';
import { event, Fault, RESPONSE_URL, SERVER_ERROR, Simulation } from '../guard/handler/simulation';

const ANSWER: Answer = { status: 'FAILED', physicalId: 'id', reason: 'because of é' };

const status = (code: number): Fault => ({ kind: 'error', status: code, code: 'X' });

test('the body is sent to the URL with the signed content type', async () => {
  const { aws } = await deliver();

  expect(aws.calls.map(({ request }) => request)).toEqual([{
    method: 'PUT',
    url: RESPONSE_URL,
    headers: { 'content-type': '', 'content-length': String(Buffer.byteLength(aws.answers[0])) },
    body: aws.answers[0],
    timeoutMs: 5_000,
  }]);
  expect(aws.answered).toMatchObject({ Status: 'FAILED', Reason: 'because of é', PhysicalResourceId: 'id' });
});

test('pauses between attempts grow up to ten seconds', async () => {
  const { aws } = await deliver(Array.from({ length: 8 }, () => SERVER_ERROR));
  const at = aws.calls.map((call) => call.at);
  const pauses = at.slice(1).map((time, index) => time - at[index] - 20);

  expect(pauses).toEqual([150, 300, 600, 1200, 2400, 4800, 7500, 7500]);
});

test.each([199, 500, 503, 408, 429])('after HTTP %d, the response is sent again', async (code) => {
  expect(await deliver([status(code)])).toMatchObject({ error: undefined, aws: { answers: [expect.any(String)] } });
});

test.each([300, 301, 400, 403, 404, 499])('after HTTP %d, the response is not sent again', async (code) => {
  const { aws, error, log } = await deliver([status(code)]);

  expect(error).toEqual(new Error(`the answer could not be delivered: HTTP ${code}`));
  expect(aws.calls).toHaveLength(1);
  expect(log).toEqual([['error', 'the answer was not delivered', { problem: `HTTP ${code}`, attempt: 1, hopeless: true }]]);
});

test('attempts are logged, and stop in time', async () => {
  const { aws, error, log, ms } = await deliver([{ kind: 'reset' }, { kind: 'hang' }, { kind: 'hang' }, { kind: 'hang' }], 7_000);

  expect(error).toEqual(new Error('the answer could not be delivered: Error: no answer in 1510 ms'));
  expect(log).toEqual([
    ['warn', 'the answer was not delivered', { problem: 'Error: read ECONNRESET', attempt: 1, hopeless: false }],
    ['warn', 'the answer was not delivered', { problem: 'Error: no answer in 5000 ms', attempt: 2, hopeless: false }],
    ['error', 'the answer was not delivered', { problem: 'Error: no answer in 1510 ms', attempt: 3, hopeless: true }],
  ]);
  expect(ms).toBeLessThanOrEqual(7_020);
  expect(aws.calls.map(({ request }) => request.timeoutMs)).toEqual([5_000, 5_000, 1_510]);
});

test('an attempt that would start too late is skipped', async () => {
  const { aws, log } = await deliver([SERVER_ERROR], 170);

  expect(aws.calls).toHaveLength(1);
  expect(log).toEqual([['error', 'the answer was not delivered', { problem: 'HTTP 500', attempt: 1, hopeless: true }]]);
});

test('there is at least one attempt, even after the deadline', async () => {
  const { aws } = await deliver([], 0);

  expect(aws.calls).toMatchObject([{ request: { timeoutMs: 1 } }]);
  expect(aws.answers).toHaveLength(1);
});

async function deliver(faults: Fault[] = [], withinMs = 60_000) {
  const aws = new Simulation();
  aws.faults.endpoint.push(...faults);
  const log: unknown[] = [];
  const note = (level: Level, message: string, fields?: object) => log.push([level, message, fields]);
  const start = aws.clock.now();
  const delivery = sendResponse(aws, note, openRequest(event()), ANSWER, start + withinMs);
  const error = await aws.clock.until(delivery).then(() => undefined, (reason) => reason);
  return { aws, error, log, ms: aws.clock.now() - start };
}
