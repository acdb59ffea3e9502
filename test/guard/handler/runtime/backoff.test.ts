import { AT_FIRST, next, pause, retryPause, Rhythm } from '../../../../src/guard/handler/runtime/backoff';

const listen = (...observed: Array<Parameters<typeof next>[1]>): Rhythm => observed.reduce(next, AT_FIRST);

test.each([
  [0, 5_000],
  [0.5, 5_500],
  [1, 6_000],
])('looks that are answered follow each other after 5 to 6 s (at random %d)', (random, expected) => {
  for (const rhythm of [AT_FIRST, listen('missing'), listen('missing', 'activating', 'denied')]) expect(pause(rhythm, random)).toBe(expected);
});

test.each([
  [1, 1_000, 2_000],
  [2, 2_000, 4_000],
  [3, 4_000, 8_000],
  [4, 5_000, 10_000],
  [60, 5_000, 10_000],
])('after %d troubles in a row the next try is %d to %d ms away', (troubles, shortest, longest) => {
  expect([retryPause(troubles, 0), retryPause(troubles, 1)]).toEqual([shortest, longest]);
  for (const trouble of ['throttled', 'unavailable'] as const) {
    expect(pause(listen(...Array.from({ length: troubles }, () => trouble)), 0)).toBe(shortest);
  }
});

test('an answer ends the troubles', () => {
  expect(listen('throttled', 'unavailable').troubles).toBe(2);
  expect(listen('throttled', 'unavailable', 'missing').troubles).toBe(0);
});

test('each refusal doubles the pauses between answered looks, up to a minute', () => {
  const refused = (times: number) => listen(...Array.from({ length: times }, () => 'throttled' as const), 'missing');

  expect([1, 2, 3, 4, 5, 9].map((times) => pause(refused(times), 0) / 0.75)).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

test('each answer shortens them by a quarter, until they are as usual', () => {
  const pauses = [];
  for (let rhythm = listen('throttled', 'throttled', 'missing'); pauses.length < 6; rhythm = next(rhythm, 'missing')) pauses.push(pause(rhythm, 0));

  expect(pauses).toEqual([15_000, 11_250, 8_437.5, 6_328.125, 5_000, 5_000]);
});

test('an outage is no reason to go slowly afterwards', () => {
  expect(pause(listen('unavailable', 'unavailable', 'unavailable', 'missing'), 0)).toBe(5_000);
});
