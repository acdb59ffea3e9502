/** IAM takes time to propagate the permissions of a new role. */
export const CONSISTENCY_MS = 60_000;

/** Time that a throttled or unavailable service gets to recover. */
export const OUTAGE_MS = 60_000;
