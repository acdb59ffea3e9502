import { redaction } from '../../../src/handler/runtime/redaction';

const SIGNATURE = '0123456789abcdef0123456789abcdef';
const SECURITY_TOKEN = 'IQoJb3JpZ2luX2VjE/token+of==the+bucket';
const RESPONSE_URL = `https://bucket.s3.amazonaws.com/arn%3Aaws?X-Amz-Security-Token=${encodeURIComponent(SECURITY_TOKEN)}&X-Amz-Signature=${SIGNATURE}&X-Amz-Date=20261124T000000Z`;
const ENV = { AWS_SECRET_ACCESS_KEY: 'secret/access+key==long', AWS_SESSION_TOKEN: 'session"token\\long enough', AWS_REGION: 'eu-west-1-is-no-secret' };

const redact = redaction(RESPONSE_URL, ENV);

test.each([
  ['the URL', RESPONSE_URL],
  ['its query alone', RESPONSE_URL.split('?')[1]],
  ['its signature alone', SIGNATURE],
  ['its token alone', SECURITY_TOKEN],
  ['its token as it is in the URL', encodeURIComponent(SECURITY_TOKEN)],
  ['the key', ENV.AWS_SECRET_ACCESS_KEY],
  ['the key within a URL', encodeURIComponent(ENV.AWS_SECRET_ACCESS_KEY)],
  ['the token', ENV.AWS_SESSION_TOKEN],
  ['the token within JSON', JSON.stringify(ENV.AWS_SESSION_TOKEN).slice(1, -1)],
])('%s is redacted at every position', (_, secret) => {
  expect(redact(`a ${secret} b ${secret}`)).toBe('a [redacted] b [redacted]');
});

test('a URL is redacted in its original and its normalized form', () => {
  const odd = redaction('HTTPS://Bucket.example:443/a b?token=x', {});

  expect(odd('HTTPS://Bucket.example:443/a b?token=x and https://bucket.example/a%20b?token=x')).toBe('[redacted] and [redacted]');
});

test('all other text stays the same', () => {
  expect(redact('X-Amz-Signature bucket.s3.amazonaws.com 20261124T000000Z eu-west-1-is-no-secret'))
    .toBe('X-Amz-Signature bucket.s3.amazonaws.com 20261124T000000Z eu-west-1-is-no-secret');
});

test('a value that is too short for a secret is not redacted within words', () => {
  expect(redaction('http://x/?a', { AWS_SECRET_ACCESS_KEY: 'x', AWS_SESSION_TOKEN: '' })('exact')).toBe('exact');
  expect(redaction('http://x/?a', { AWS_SECRET_ACCESS_KEY: 'f'.repeat(15) })('f'.repeat(15))).toBe('f'.repeat(15));
  expect(redaction('http://x/?a', { AWS_SECRET_ACCESS_KEY: 'f'.repeat(16) })('f'.repeat(16))).toBe('[redacted]');
});

test('a secret that contains another secret is redacted completely', () => {
  const nested = redaction('http://x/?a', { AWS_SECRET_ACCESS_KEY: 'a'.repeat(20), AWS_SESSION_TOKEN: `${'a'.repeat(20)}tail` });

  expect(nested(`${'a'.repeat(20)}tail`)).toBe('[redacted]');
});
