import { event, NO_IMAGE } from './simulation';
import { succeeded } from '../../../src/guard/handler/answer';
import { ReleaseHistory } from '../../../src/guard/handler/release-history';
import { parse } from '../../../src/guard/handler/request';
import { openRequest, Request } from '../../../src/handler/request';
import { Answer, deleted, encode, failed } from '../../../src/handler/response';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test('a success has every attribute', () => {
  const { answer } = success({ TaskCounts: ['1', '4', '12345678901234567890'] }, DIGEST);

  expect(answer.attributes).toEqual({
    ImageDigest: DIGEST, ImageTag: 'v1', TaskCount1: '1', TaskCount4: '4', TaskCount12345678901234567890: '12345678901234567890',
  });
});

test('without an image, the task counts are 0', () => {
  const { answer } = success({ TaskCounts: ['1', '4'] }, NO_IMAGE);

  expect(answer.attributes).toEqual({ ImageDigest: NO_IMAGE, ImageTag: 'v1', TaskCount1: '0', TaskCount4: '0' });
});

test.each([
  [{ VersionKind: 'digest', VersionValue: DIGEST }],
  [{ VersionKind: 'parameter', VersionValue: DIGEST }],
  [{ VersionKind: 'parameter', VersionValue: '' }],
])('the answer for %j has no tag', (properties) => {
  expect(success(properties, DIGEST).answer.attributes).toMatchObject({ ImageTag: '' });
});

test.each([
  ['Create', undefined, 'phased-fargate/Service/ApiGuard1A2B3C4D'],
  ['Update', 'previous id', 'previous id'],
  ['Update', 'x'.repeat(1024), 'x'.repeat(1024)],
  ['Update', '"'.repeat(1024), '"'.repeat(1024)],
  ['Update', '\\é'.repeat(300), '\\é'.repeat(300)],
  ['Update', 'x'.repeat(1025), `${'x'.repeat(1021)}…`],
  ['Update', 'with\ncontrol and é', 'with\ncontrol and é'],
  ['Update', ' ', ' '],
  ['Update', '', 'phased-fargate/Service/ApiGuard1A2B3C4D'],
])('a failed %s with the ID %.20j… keeps that ID if possible', (RequestType, PhysicalResourceId, expected) => {
  const request = openRequest(event({ RequestType, PhysicalResourceId }));

  expect(failed(request, 'no').physicalId).toBe(expected);
  expect(deleted(request).physicalId).toBe(expected);
});

test('CloudFormation receives the complete response', () => {
  const { request, answer } = success({}, DIGEST);

  expect(JSON.parse(encode(request, answer))).toEqual({
    Status: 'SUCCESS',
    PhysicalResourceId: expect.stringMatching(/^phased-fargate\/Service\/ApiGuard1A2B3C4D\//),
    StackId: request.stack.id,
    RequestId: request.requestId,
    LogicalResourceId: request.logicalId,
    NoEcho: false,
    Data: { ImageDigest: DIGEST, ImageTag: 'v1', TaskCount2: '2' },
  });
  expect(JSON.parse(encode(request, failed(request, 'because')))).toEqual({
    Status: 'FAILED',
    Reason: 'because',
    PhysicalResourceId: 'phased-fargate/Service/ApiGuard1A2B3C4D',
    StackId: request.stack.id,
    RequestId: request.requestId,
    LogicalResourceId: request.logicalId,
    NoEcho: false,
  });
});

test.each([
  ['a line\nand\r\n\tanother', 'a line and another'],
  ['\u0000\u001b[31mred\u007f\u0085\u2028', '[31mred'],
  ['half a surrogate \ud800.', 'half a surrogate  .'],
  ['', 'no reason was given'],
  ['\n', 'no reason was given'],
])('the reason %j is sent as %j', (reason, expected) => {
  expect(reasonOf(reason)).toBe(expected);
});

test('a reason of the maximum size is sent whole, and a longer one is shortened', () => {
  const request = openRequest(event());
  const room = 4096 - Buffer.byteLength(encode(request, failed(request, 'x'))) + 1;

  expect(reasonOf('x'.repeat(room))).toBe('x'.repeat(room));
  expect(reasonOf('x'.repeat(room + 1))).toBe(`${'x'.repeat(room - 3)}…`);
});

test.each(['x', '"', '\\', 'é', '木', '🦊', 'a🦊'])('a reason that consists only of %s fits and remains valid', (character) => {
  const request = openRequest(event());
  const body = encode(request, failed(request, character.repeat(5000)));

  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
  expect(Buffer.byteLength(body)).toBeGreaterThan(4096 - 8);
  expect(JSON.parse(body).Reason.replaceAll(character, '')).toMatch(/^a?…$/);
});

test('a success that is too large becomes a failure that says so', () => {
  const { request, answer } = success({ TaskCounts: Array.from({ length: 500 }, (_, count) => String(count)) }, DIGEST);

  expect(JSON.parse(encode(request, answer))).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('pass fewer different counts to taskCount') });
});

test('a response with hostile names also fits', () => {
  const long = '"'.repeat(5000);
  const request = openRequest(event({ RequestType: 'Update', StackId: long, RequestId: long, LogicalResourceId: long, PhysicalResourceId: '"'.repeat(1024) }));
  const body = encode(request, failed(request, long));

  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
  expect(JSON.parse(body).Reason.length).toBeGreaterThan(300);
});

function success(properties: object, digest: string): { request: Request; answer: Answer } {
  const request = openRequest(event({}, properties));
  const question = parse(request);
  return { request, answer: succeeded(question, digest, ReleaseHistory.of(request).after(question, digest)) };
}

function reasonOf(reason: string): string {
  const request = openRequest(event());
  return JSON.parse(encode(request, failed(request, reason))).Reason;
}
