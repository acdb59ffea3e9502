import { event, Simulation } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { HttpRequest } from '../../../src/handler/runtime/http';
import { Level } from '../../../src/handler/runtime/log';
import { lastLines, logStreamOf, shownLines } from '../../../src/release-task/handler/last-log-lines';
import { parse } from '../../../src/release-task/handler/request';

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task/shop/0123';

const runWith = (given: object = {}) => parse(openRequest(event({}, given)));

test('the stream name consists of the prefix, the container, and the task, as in the awslogs driver', () => {
  expect(logStreamOf(runWith({ LogRegion: 'eu-north-1' }), ARN)).toEqual({ group: 'MigrationLogs', region: 'eu-north-1', stream: 'release/app/0123' });
  expect(logStreamOf(runWith({ LogGroup: undefined }), ARN)).toBeUndefined();
});

test('the end of the stream is requested in the region of the log group', async () => {
  const { lines, sent } = await read([{ events: [{ message: 'one' }, { message: 'two' }] }], { LogRegion: 'eu-north-1', FailureLogLines: '7' });

  expect(lines).toEqual(['one', 'two']);
  expect(sent).toMatchObject([{ url: 'https://logs.eu-north-1.amazonaws.com/', headers: { 'x-amz-target': 'Logs_20140328.GetLogEvents' } }]);
  expect(sent[0].headers.authorization).toContain('/eu-north-1/logs/aws4_request');
  expect(JSON.parse(sent[0].body!)).toEqual({ logGroupName: 'MigrationLogs', logStreamName: 'release/app/0123', limit: 7, startFromHead: false });
});

test.each([
  ['no stream', { LogGroup: undefined }, Infinity],
  ['no lines are wanted', { FailureLogLines: '0' }, Infinity],
  ['there is no time left', {}, -1],
])('no request is sent in this case: %s', async (_, given, leftMs) => {
  expect(await read([{ events: [{ message: 'one' }] }], given, leftMs)).toMatchObject({ lines: [], sent: [] });
});

test('missing lines are requested three times, two seconds apart', async () => {
  const { lines, at } = await read([{}, { events: [] }, { events: 'odd' }, { events: [{ message: 'late' }] }]);

  expect(lines).toEqual([]);
  expect(at).toEqual([0, 2_000, 4_000]);
});

test('lines are shown as soon as they are available', async () => {
  const { lines, at } = await read([{ events: [] }, { events: [{ message: 'late' }] }]);

  expect(lines).toEqual(['late']);
  expect(at).toEqual([0, 2_000]);
});

test('the wait for lines does not exceed the time left', async () => {
  expect((await read([{}, {}, {}], {}, 2_000)).at).toEqual([0, 2_000]);
  expect((await read([{}, {}, {}], {}, 1_999)).at).toEqual([0]);
  expect((await read([{}, {}, {}], {}, 0)).at).toEqual([0]);
});

test('a log that cannot be read causes a warning and shows no lines', async () => {
  const { lines, log } = await read(['reset']);

  expect(lines).toEqual([]);
  expect(log[0]).toEqual(['warn', 'the log of the task could not be read', { error: 'Error: reset' }]);
});

test('events without a message are skipped', async () => {
  expect((await read([{ events: [null, {}, { message: 7 }, { message: 'one' }] }])).lines).toEqual(['one']);
});

test('a secret of several lines that only the whole text reveals is redacted', () => {
  const key = ['-----BEGIN PRIVATE KEY-----', 'MHcCAQ', '-----END PRIVATE KEY-----'];

  expect(shownLines(['before', ...key, 'after'], (text) => text, [])).toEqual(['before', '[redacted]', 'after']);
});

test('at most a thousand characters of each line are shown', () => {
  expect(shownLines(['é'.repeat(1_001), 'x '.repeat(4_500)], (text) => text, [])).toEqual(['é'.repeat(1_000), 'x '.repeat(500)]);
});

test('the redaction examines more of a line than is shown', () => {
  const redact = jest.fn((text: string) => text);
  shownLines([`${'x'.repeat(4_000)}never seen`], redact, []);

  expect(redact).toHaveBeenCalledWith('x'.repeat(4_000));
});

test.each([
  ['\u001b[1;31mred\u001b[0m', 'red'],
  ['\u001b[38;2;1;2;3mred', 'red'],
  ['\u001b[?25lhidden', 'hidden'],
  ['\u001b[2 qcursor', 'cursor'],
  ['\u001b]0;title\u0007shown', 'shown'],
  ['\u001b]0;title\u001b\\shown', 'shown'],
  ['\u001bMup', 'up'],
  ['a\u2028b\u2029c\ud800d\te', 'a b c d e'],
  ['  kept [31m  ', 'kept [31m'],
])('%j is shown as %j', (line, expected) => {
  expect(shownLines([line], (text) => text, [])).toEqual([expected]);
});

async function read(answers: ReadonlyArray<object | 'reset'>, given: object = {}, leftMs = 60_000) {
  const { clock, random, print, env } = new Simulation();
  const start = clock.now();
  const sent: HttpRequest[] = [];
  const at: number[] = [];
  const log: unknown[] = [];
  const runtime = {
    clock,
    random,
    print,
    env,
    send: async (request: HttpRequest) => {
      at.push(clock.now() - start);
      sent.push(request);
      const answer = answers[sent.length - 1];
      if (answer === 'reset') throw new Error('reset');
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer ?? {})) };
    },
  };
  const note = (level: Level, message: string, fields?: object) => log.push([level, message, fields]);
  const lines = await clock.until(lastLines(runtime, (text) => text, note, runWith(given), ARN, start + leftMs));
  return { lines, sent, at, log };
}
