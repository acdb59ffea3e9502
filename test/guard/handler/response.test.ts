import { event, NO_IMAGE } from './simulation';
import { Answer, deleted, encode, failed, succeeded } from '../../../src/guard/handler/response';
import { Request, openRequest, parse } from '../../../src/guard/handler/request';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test('a success carries every attribute', () => {
  const { answer } = success({ TaskCounts: ['1', '4'] }, DIGEST);

  expect(answer.attributes).toEqual({ ImageDigest: DIGEST, ImageTag: 'v1', TaskCount1: '1', TaskCount4: '4' });
});

test('without an image there are no tasks', () => {
  const { answer } = success({ TaskCounts: ['1', '4'] }, NO_IMAGE);

  expect(answer.attributes).toEqual({ ImageDigest: NO_IMAGE, ImageTag: 'v1', TaskCount1: '0', TaskCount4: '0' });
});

test.each([
  [{ VersionKind: 'digest', VersionValue: DIGEST }],
  [{ VersionKind: 'parameter', VersionValue: DIGEST }],
  [{ VersionKind: 'parameter', VersionValue: '' }],
])('%j has no tag', (properties) => {
  expect(success(properties, DIGEST).answer.attributes).toMatchObject({ ImageTag: '' });
});

test.each([
  ['Create', undefined, 'phased-fargate/Service/ApiGuard1A2B3C4D'],
  ['Update', 'id of before', 'id of before'],
  ['Update', 'x'.repeat(1024), 'x'.repeat(1024)],
  ['Update', 'x'.repeat(1025), 'phased-fargate/Service/ApiGuard1A2B3C4D'],
  ['Update', 'with\ncontrol', 'phased-fargate/Service/ApiGuard1A2B3C4D'],
  ['Update', '', 'phased-fargate/Service/ApiGuard1A2B3C4D'],
])('a failed %s with id %.20j… keeps it if it is one', (RequestType, PhysicalResourceId, expected) => {
  const envelope = openRequest(event({ RequestType, PhysicalResourceId }));

  expect(failed(envelope, 'no').physicalId).toBe(expected);
  expect(deleted(envelope).physicalId).toBe(expected);
});

test('what CloudFormation receives', () => {
  const { envelope, answer } = success({}, DIGEST);

  expect(JSON.parse(encode(envelope, answer))).toEqual({
    Status: 'SUCCESS',
    PhysicalResourceId: expect.stringMatching(/^phased-fargate\/Service\/ApiGuard1A2B3C4D\//),
    StackId: envelope.stack.id,
    RequestId: envelope.requestId,
    LogicalResourceId: envelope.logicalId,
    NoEcho: false,
    Data: { ImageDigest: DIGEST, ImageTag: 'v1', TaskCount2: '2' },
  });
  expect(JSON.parse(encode(envelope, failed(envelope, 'because')))).toEqual({
    Status: 'FAILED',
    Reason: 'because',
    PhysicalResourceId: 'phased-fargate/Service/ApiGuard1A2B3C4D',
    StackId: envelope.stack.id,
    RequestId: envelope.requestId,
    LogicalResourceId: envelope.logicalId,
    NoEcho: false,
  });
});

test.each([
  ['a line\nand\r\n\tanother', 'a line and another'],
  ['\u0000\u001b[31mred\u007f\u0085\u2028', '[31mred'],
  ['half a surrogate \ud800.', 'half a surrogate  .'],
  ['', 'no reason was given'],
  ['\n', 'no reason was given'],
])('the reason %j becomes %j', (reason, expected) => {
  expect(reasonOf(reason)).toBe(expected);
});

test('a reason of the largest size goes out whole, one more is cut', () => {
  const envelope = openRequest(event());
  const room = 4096 - Buffer.byteLength(encode(envelope, failed(envelope, 'x'))) + 1;

  expect(reasonOf('x'.repeat(room))).toBe('x'.repeat(room));
  expect(reasonOf('x'.repeat(room + 1))).toBe(`${'x'.repeat(room - 3)}…`);
});

test.each(['x', '"', '\\', 'é', '木', '🦊', 'a🦊'])('a reason of nothing but %s fits and stays valid', (character) => {
  const envelope = openRequest(event());
  const body = encode(envelope, failed(envelope, character.repeat(5000)));

  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
  expect(Buffer.byteLength(body)).toBeGreaterThan(4096 - 8);
  expect(JSON.parse(body).Reason.replaceAll(character, '')).toMatch(/^a?…$/);
});

test('a success that is too large is a failure that says so', () => {
  const { envelope, answer } = success({ TaskCounts: Array.from({ length: 500 }, (_, count) => String(count)) }, DIGEST);

  expect(JSON.parse(encode(envelope, answer))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('fewer task counts') });
});

test('hostile names fit as well', () => {
  const long = '"'.repeat(5000);
  const envelope = openRequest(event({ RequestType: 'Update', StackId: long, RequestId: long, LogicalResourceId: long, PhysicalResourceId: '"'.repeat(1024) }));
  const body = encode(envelope, failed(envelope, long));

  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
  expect(JSON.parse(body).Reason.length).toBeGreaterThan(500);
});

function success(properties: object, digest: string): { envelope: Request; answer: Answer } {
  const envelope = openRequest(event({}, properties));
  return { envelope, answer: succeeded(envelope, parse(envelope), digest, false) };
}

function reasonOf(reason: string): string {
  const envelope = openRequest(event());
  return JSON.parse(encode(envelope, failed(envelope, reason))).Reason;
}
