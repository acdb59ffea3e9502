import { Trouble } from './ecs-client';
import { CONSISTENCY_MS, OUTAGE_MS } from '../../handler/runtime/patience';

/** Time for which retries make sense after such an error. */
export function patience({ kind }: Trouble): number {
  switch (kind) {
    case 'denied': return CONSISTENCY_MS;
    case 'throttled': case 'unavailable': case 'noPlace': return OUTAGE_MS;
    case 'refused': return 0;
  }
}
