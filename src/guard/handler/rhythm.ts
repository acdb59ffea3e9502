import { ObservationKind } from './observation';

/** What decides how long the pause before the next look is. */
export interface Rhythm {
  /** How many in a row: the registry refused to answer, or could not. */
  readonly troubles: number;
  /** How many times as long as usual the pauses are that follow an answer. */
  readonly pace: number;
}

export const AT_FIRST: Rhythm = { troubles: 0, pace: 1 };

const SLOWEST_PACE = 12;

/**
 * Guards that are throttled together share a rate that none of them knows. Each refusal slows a guard down at once, each
 * answer lets it recover a little, so that together they find it.
 */
export function next({ troubles, pace }: Rhythm, observed: ObservationKind): Rhythm {
  switch (observed) {
    case 'throttled': return { troubles: troubles + 1, pace: Math.min(SLOWEST_PACE, pace * 2) };
    case 'unavailable': return { troubles: troubles + 1, pace };
    default: return { troubles: 0, pace: Math.max(1, pace * 0.75) };
  }
}

const POLL_MS = 5_000;

export function pause({ troubles, pace }: Rhythm, random: number): number {
  return troubles > 0 ? retryPause(troubles, random) : pace * POLL_MS * (1 + random / 5);
}

const LONGEST_RETRY_MS = 10_000;

/** From half of it to all of it at random: what was throttled together does not come back together. */
export function retryPause(troubles: number, random: number): number {
  return Math.min(LONGEST_RETRY_MS, 1_000 * 2 ** troubles) * (1 + random) / 2;
}
