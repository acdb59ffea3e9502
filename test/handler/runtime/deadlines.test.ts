import { deadlines } from '../../../src/handler/runtime/deadlines';

test('a long time keeps 20 s for the end: 8 to hear from AWS, 2 to explain, 8 to answer, 2 to spare', () => {
  expect(deadlines(1_000, 900_000, 3_600_000)).toEqual({ start: 1_000, lastCall: 881_000, cutOff: 889_000, answer: 891_000, end: 899_000 });
});

test('whichever of Lambda and CloudFormation gives up first sets them', () => {
  expect(deadlines(1_000, 900_000, 300_000)).toEqual({ start: 1_000, lastCall: 281_000, cutOff: 289_000, answer: 291_000, end: 299_000 });
  expect(deadlines(1_000, 300_000, 900_000)).toEqual(deadlines(1_000, 900_000, 300_000));
});

test('a short time keeps a quarter', () => {
  expect(deadlines(0, 4_000, 3_600_000)).toEqual({ start: 0, lastCall: 3_000, cutOff: 3_400, answer: 3_500, end: 3_900 });
});

test('time that is over leaves none', () => {
  expect(deadlines(1_000, -5, 300_000)).toEqual({ start: 1_000, lastCall: 1_000, cutOff: 1_000, answer: 1_000, end: 1_000 });
});
