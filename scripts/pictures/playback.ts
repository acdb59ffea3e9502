/** A line on a terminal. */
export interface Shown {
  /** Milliseconds since the start. */
  readonly at: number;
  /** Includes the escape sequences of its colors. */
  readonly line: string;
  /** If false, the next line replaces it. */
  readonly stays: boolean;
}

/** A line in the picture. */
export interface Played {
  /** Seconds since the start. */
  readonly from: number;
  /** Undefined if the line stays. */
  readonly until?: number;
  readonly line: string;
}

const FRAME = 0.3;
const LAST = 6;

/** Shortens waits, and extends pauses for reading. */
export function playback(shown: readonly Shown[]): { played: Played[]; seconds: number } {
  const played: Played[] = [];
  let clock = 0;
  let unread = 0;
  let begin = 0;
  let passing: Shown[] = [];
  for (const { at, line, stays } of shown) {
    if (!stays) {
      passing.push({ at, line, stays });
      continue;
    }
    if (passing.length > 0) {
      const frames = framesOf(passing, (at - begin) / 1000);
      for (const frame of frames) played.push({ from: clock, until: clock += FRAME, line: frame.line });
    } else if (line.includes('▸')) {
      clock += 0.6 + 0.25 * unread;
      unread = 0;
    }
    played.push({ from: clock, line });
    passing = [];
    begin = at;
    if (line.trim()) unread++;
  }
  return { played, seconds: clock + LAST };
}

/** Selects as many lines of a wait as there is time for, evenly spread. */
function framesOf(passing: readonly Shown[], waited: number): Shown[] {
  const count = Math.min(passing.length, Math.round((0.3 + Math.min(waited, 10) * 0.18) / FRAME));
  return Array.from({ length: count }, (_, index) => passing[Math.floor((index + 0.5) * passing.length / count)]);
}
