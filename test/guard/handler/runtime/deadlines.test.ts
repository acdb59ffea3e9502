import { timetable } from '../../../../src/guard/handler/runtime/deadlines';

test('a long Lambda keeps 20 s for the end: 10 to explain, 8 to answer, 2 to spare', () => {
  expect(timetable(1_000, 900_000)).toEqual({ start: 1_000, lastLook: 881_000, alarm: 891_000, end: 899_000 });
});

test('a short one keeps a quarter', () => {
  expect(timetable(0, 4_000)).toEqual({ start: 0, lastLook: 3_000, alarm: 3_500, end: 3_900 });
});
