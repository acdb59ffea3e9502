/** Lambda kills without a word, so all is over some time before. In milliseconds since 1970. */
export interface Timetable {
  readonly start: number;
  /** Nothing is looked at after this. */
  readonly lastLook: number;
  /** A failure is answered now, whatever is still under way. */
  readonly alarm: number;
  /** No more attempts to deliver the answer. */
  readonly end: number;
}

const RESERVE_MS = 20_000;

export function timetable(start: number, remainingMs: number): Timetable {
  const reserve = Math.min(RESERVE_MS, remainingMs / 4);
  const death = start + remainingMs;
  return {
    start,
    lastLook: death - reserve,
    alarm: death - reserve / 2,
    end: death - reserve / 10,
  };
}
