import { scrubber } from '../../../../src/guard/handler/runtime/redaction';

const URL_WITH_SIGNATURE = 'https://bucket.s3.amazonaws.com/arn%3Aaws?X-Amz-Signature=0123456789abcdef';
const ENV = { AWS_SECRET_ACCESS_KEY: 'secret/access+key==long', AWS_SESSION_TOKEN: 'session"token\\long enough' };

const scrub = scrubber(URL_WITH_SIGNATURE, ENV);

test.each([
  ['the URL', URL_WITH_SIGNATURE],
  ['its query alone', 'X-Amz-Signature=0123456789abcdef'],
  ['the key', ENV.AWS_SECRET_ACCESS_KEY],
  ['the token', ENV.AWS_SESSION_TOKEN],
  ['the token within JSON', JSON.stringify(ENV.AWS_SESSION_TOKEN).slice(1, -1)],
])('%s is struck out, wherever and however often it is', (_, secret) => {
  expect(scrub(`a ${secret} b ${secret}`)).toBe('a [redacted] b [redacted]');
});

test('all else stays', () => {
  expect(scrub('X-Amz-Signature bucket.s3.amazonaws.com')).toBe('X-Amz-Signature bucket.s3.amazonaws.com');
});

test('what is too short to be a secret does not tear holes into words', () => {
  expect(scrubber('http://x/?a', { AWS_SECRET_ACCESS_KEY: 'x', AWS_SESSION_TOKEN: '' })('exact')).toBe('exact');
});
