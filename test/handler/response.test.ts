import { LARGEST_ID, idPrefix } from '../../src/handler/physical-id';
import { openRequest } from '../../src/handler/request';
import { clip, encode, short } from '../../src/handler/response';
import { event } from '../guard/handler/simulation';

const request = openRequest(event());
const prefixOf = (name: string, logicalId: string) => idPrefix({ stack: { ...request.stack, name }, logicalId });

test('a failure without a reason says so', () => {
  expect(JSON.parse(encode(request, { status: 'FAILED', physicalId: 'id' }))).toMatchObject({ Status: 'FAILED', Reason: 'no reason was given' });
});

test('an answer that is too large for CloudFormation becomes a failure with a remedy', () => {
  const tooLarge = { status: 'SUCCESS', physicalId: 'id', attributes: { A: 'x'.repeat(4_096) } } as const;
  const reason = (answer: Parameters<typeof encode>[1]) => JSON.parse(encode(request, answer)).Reason;

  expect(reason(tooLarge)).toBe('The response of the custom resource is larger than the 4096 bytes that CloudFormation allows: request fewer attributes.');
  expect(reason({ ...tooLarge, remedyIfTooLarge: 'use one' })).toBe('The response of the custom resource is larger than the 4096 bytes that CloudFormation allows: use one.');
});

test('an answer of exactly the maximum size is sent whole', () => {
  const answer = (length: number) => encode(request, { status: 'SUCCESS', physicalId: 'id', attributes: { A: 'x'.repeat(length) } });
  const room = 4_096 - Buffer.byteLength(answer(0));

  expect(Buffer.byteLength(answer(room))).toBe(4_096);
  expect(JSON.parse(answer(room)).Status).toBe('SUCCESS');
  expect(JSON.parse(answer(room + 1)).Status).toBe('FAILED');
});

test.each([
  ['StackId', 'StackId', 512],
  ['RequestId', 'RequestId', 256],
  ['LogicalResourceId', 'LogicalResourceId', 512],
])('%s is returned unchanged up to a length that no real value exceeds', (name, field, bytes) => {
  const sent = (value: string) => JSON.parse(encode(openRequest(event({ [name]: value })), { status: 'FAILED', physicalId: 'id' }))[field];

  expect(sent('x'.repeat(bytes))).toBe('x'.repeat(bytes));
  expect(sent('x'.repeat(bytes + 1))).toBe(`${'x'.repeat(bytes - 3)}…`);
});

test.each([
  ['Shop', 'Guard', 'phased-fargate/Shop/Guard'],
  ['Shop-1', 'a/b c', 'phased-fargate/Shop-1/a-b-c'],
  ['', '', 'phased-fargate/-/-'],
  ['é', 'ab', 'phased-fargate/-/ab'],
  ['s'.repeat(256), 'l'.repeat(256), `phased-fargate/${'s'.repeat(255)}/${'l'.repeat(255)}`],
])('the ID for %.10j and %.10j begins with both, and contains nothing that could be mistaken for a separator', (stack, logicalId, expected) => {
  expect(prefixOf(stack, logicalId)).toBe(expected);
  expect(Buffer.byteLength(expected)).toBeLessThan(LARGEST_ID);
});

test.each([
  ['enough room', 'a"é', 5, 'a"é'],
  ['one byte too few', 'a"éx', 5, 'a…'],
  ['no room for any text', 'abc', 2, '…'],
  ['room only for the ellipsis', 'abcd', 3, '…'],
  ['a character of four bytes at the end', 'ab🦊', 5, 'ab…'],
])('text is shortened by its size in JSON: %s', (_, text, bytes, expected) => {
  expect(clip(text, bytes)).toBe(expected);
});

test.each([
  ['no.', 'no'],
  ['no. \n', 'no'],
  ['no... ', 'no'],
  ['a. b', 'a. b'],
  ['x'.repeat(301), `${'x'.repeat(297)}…`],
  ['x'.repeat(300), 'x'.repeat(300)],
])('%.10j is quoted as part of a sentence', (message, expected) => {
  expect(short(message)).toBe(expected);
});
