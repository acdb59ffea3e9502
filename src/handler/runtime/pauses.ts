/** State that determines the length of the next pause. */
export interface Backoff {
  /** Number of consecutive errors: the service refused to answer, or could not. */
  readonly troubles: number;
  /** Factor for the pauses after an answer. */
  readonly pace: number;
}

export const AT_FIRST: Backoff = { troubles: 0, pace: 1 };

const SLOWEST_PACE = 12;

/**
 * Guards that are throttled together share a rate limit that none of them knows. Each refusal slows a guard down at once,
 * and each answer speeds it up a little. Together, the guards converge on the rate.
 */
export function next({ troubles, pace }: Backoff, observed: string): Backoff {
  switch (observed) {
    case 'throttled': return { troubles: troubles + 1, pace: Math.min(SLOWEST_PACE, pace * 2) };
    case 'unavailable': return { troubles: troubles + 1, pace };
    default: return { troubles: 0, pace: Math.max(1, pace * 0.75) };
  }
}

const POLL_MS = 5_000;

/** Pause between two lookups of an image. */
export function pollPause({ troubles, pace }: Backoff, random: number): number {
  return troubles > 0 ? retryPause(troubles, random) : pace * POLL_MS * (1 + random / 5);
}

const LONGEST_RETRY_MS = 10_000;

/**
 * Pause before a failed call is repeated. It is randomized between half of the pause and all of it, so that callers that
 * were throttled together do not retry together.
 */
export function retryPause(troubles: number, random: number, firstMs = 2_000): number {
  return Math.min(LONGEST_RETRY_MS, firstMs * 2 ** (troubles - 1)) * (1 + random) / 2;
}
