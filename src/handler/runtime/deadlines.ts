/**
 * Deadlines of a request. They depend on Lambda or CloudFormation, whichever gives up first. All values are in milliseconds
 * since 1970.
 */
export interface Deadlines {
  readonly start: number;
  /** No new AWS call starts after this time. */
  readonly lastCall: number;
  /** Pending AWS calls are abandoned at this time, so that time remains for the decision. */
  readonly cutOff: number;
  /** A failure is sent at this time, even if work is still in progress. */
  readonly answer: number;
  /** No further attempt to deliver the answer starts after this time. */
  readonly end: number;
}

/** Lambda stops a function without notice, and the clock of CloudFormation started earlier. */
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
