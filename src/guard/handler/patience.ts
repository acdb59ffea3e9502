import { ObservationKind } from './observation';
import { CONSISTENCY_MS, OUTAGE_MS } from '../../handler/runtime/patience';

/**
 * Time for which the guard looks again after such an observation. Observations that are not listed here are final.
 *
 * @param waitMs how long to wait for an image; a rollback does not wait
 * @param requirementsWaitMs how long after that to wait until the image meets its requirements
 */
export function patience(kind: ObservationKind, waitMs: number, requirementsWaitMs = 0): number {
  switch (kind) {
    case 'notReady': return waitMs + requirementsWaitMs;
    case 'notBegun': return waitMs + Math.min(requirementsWaitMs, CONSISTENCY_MS);
    case 'unseen': return Infinity;
    case 'missing': case 'gone': case 'activating': return waitMs;
    case 'denied': return CONSISTENCY_MS;
    case 'throttled': case 'unavailable': return Math.max(waitMs + requirementsWaitMs, OUTAGE_MS);
    default: return 0;
  }
}
