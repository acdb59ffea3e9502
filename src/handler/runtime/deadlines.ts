/**
 * One deadline bounds everything that is done for a request: whichever of Lambda and CloudFormation gives up first.
 * In milliseconds since 1970.
 */
export interface Deadlines {
  readonly start: number;
  /** AWS is asked nothing more after this. */
  readonly lastCall: number;
  /** What AWS was asked is given up now, so that there is still something to decide with. */
  readonly cutOff: number;
  /** A failure is answered now, whatever is still under way. */
  readonly answer: number;
  /** No more attempts to deliver the answer. */
  readonly end: number;
}

/** Lambda kills without a word, and the clock of CloudFormation started before ours. */
const RESERVE_MS = 20_000;

export function deadlines(start: number, lambdaRemainingMs: number, serviceTimeoutMs: number): Deadlines {
  const total = Math.max(0, Math.min(lambdaRemainingMs, serviceTimeoutMs));
  const reserve = Math.min(RESERVE_MS, total / 4);
  return {
    start,
    lastCall: start + total - reserve,
    cutOff: start + total - reserve * 0.6,
    answer: start + total - reserve / 2,
    end: start + total - reserve / 10,
  };
}
