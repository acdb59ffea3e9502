/** Meaning of an AWS error for callers that may retry. It is the same for all services. */
export type CommonTrouble = 'denied' | 'throttled' | 'unavailable';

const COMMON: ReadonlyArray<[RegExp, CommonTrouble]> = [
  // The credentials of a new role take as long to propagate as its permissions.
  [/AccessDenied|Unauthorized|NotAuthorized|BlockedByOrganizationPolicy|UnrecognizedClient|InvalidClientToken|ExpiredToken/, 'denied'],
  [/Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/, 'throttled'],
  [/^(Server|Service|Internal)|^Request(Timeout|Expired|TimeTooSkewed)/, 'unavailable'],
];

/** Returns `undefined` if the error is specific to a service. */
export function commonTrouble(code: string, status: number): CommonTrouble | undefined {
  return COMMON.find(([pattern]) => pattern.test(code))?.[1]
    ?? (status === 429 ? 'throttled' : status >= 500 || status === 408 ? 'unavailable' : undefined);
}
