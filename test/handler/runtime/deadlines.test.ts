import { deadlines } from '../../../src/handler/runtime/deadlines';

test('a long time limit reserves 20 s: 8 for AWS, 2 to explain, 8 to answer, and 2 to spare', () => {
  expect(deadlines(1_000, 900_000, 3_600_000)).toEqual({ start: 1_000, lastCall: 881_000, cutOff: 889_000, answer: 891_000, end: 899_000 });
});

test('the deadlines depend on Lambda or CloudFormation, whichever gives up first', () => {
  expect(deadlines(1_000, 900_000, 300_000)).toEqual({ start: 1_000, lastCall: 281_000, cutOff: 289_000, answer: 291_000, end: 299_000 });
  expect(deadlines(1_000, 300_000, 900_000)).toEqual(deadlines(1_000, 900_000, 300_000));
});

test('a short time limit reserves a quarter of itself', () => {
  expect(deadlines(0, 4_000, 3_600_000)).toEqual({ start: 0, lastCall: 3_000, cutOff: 3_400, answer: 3_500, end: 3_900 });
});

test('no time is left after the deadline', () => {
  expect(deadlines(1_000, -5, 300_000)).toEqual({ start: 1_000, lastCall: 1_000, cutOff: 1_000, answer: 1_000, end: 1_000 });
});
