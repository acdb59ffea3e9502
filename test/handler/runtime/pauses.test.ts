import { AT_FIRST, Backoff, next, pollPause, retryPause } from '../../../src/handler/runtime/pauses';

const after = (...observed: string[]): Backoff => observed.reduce(next, AT_FIRST);

test.each([
  [0, 5_000],
  [0.5, 5_500],
  [1, 6_000],
])('lookups that get an answer are 5 to 6 s apart (with the random number %d)', (random, expected) => {
  for (const backoff of [AT_FIRST, after('missing'), after('missing', 'activating', 'denied')]) expect(pollPause(backoff, random)).toBe(expected);
});

test.each([
  [1, 1_000, 2_000],
  [2, 2_000, 4_000],
  [3, 4_000, 8_000],
  [4, 5_000, 10_000],
  [60, 5_000, 10_000],
])('after %d consecutive errors, the next attempt is %d to %d ms later', (troubles, shortest, longest) => {
  expect([retryPause(troubles, 0), retryPause(troubles, 1)]).toEqual([shortest, longest]);
  for (const trouble of ['throttled', 'unavailable']) {
    expect(pollPause(after(...Array.from({ length: troubles }, () => trouble)), 0)).toBe(shortest);
  }
});

test('the caller can set the first pause, but not the longest', () => {
  expect([1, 2, 3, 7, 60].map((troubles) => retryPause(troubles, 1, 200))).toEqual([200, 400, 800, 10_000, 10_000]);
});

test('an answer resets the number of errors', () => {
  expect(after('throttled', 'unavailable').troubles).toBe(2);
  expect(after('throttled', 'unavailable', 'missing').troubles).toBe(0);
});

test('each refusal doubles the pauses between lookups that get an answer, up to a minute', () => {
  const refused = (times: number) => after(...Array.from({ length: times }, () => 'throttled'), 'missing');

  expect([1, 2, 3, 4, 5, 9].map((times) => pollPause(refused(times), 0) / 0.75)).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

test('each answer shortens the pauses by a quarter, down to the normal pause', () => {
  const pauses = [];
  for (let backoff = after('throttled', 'throttled', 'missing'); pauses.length < 6; backoff = next(backoff, 'missing')) pauses.push(pollPause(backoff, 0));

  expect(pauses).toEqual([15_000, 11_250, 8_437.5, 6_328.125, 5_000, 5_000]);
});

test('an outage does not slow down later lookups', () => {
  expect(pollPause(after('unavailable', 'unavailable', 'unavailable', 'missing'), 0)).toBe(5_000);
});
