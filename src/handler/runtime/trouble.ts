/** What a refusal means for whoever might try again, whichever service of AWS it is from. */
export type CommonTrouble = 'denied' | 'throttled' | 'unavailable';

const COMMON: ReadonlyArray<[RegExp, CommonTrouble]> = [
  // The credentials of a new role take as long to become known as its permissions.
  [/AccessDenied|Unauthorized|NotAuthorized|BlockedByOrganizationPolicy|UnrecognizedClient|InvalidClientToken|ExpiredToken/, 'denied'],
  [/Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/, 'throttled'],
  [/^(Server|Service|Internal)|^Request(Timeout|Expired|TimeTooSkewed)/, 'unavailable'],
];

/** Nothing where code and status are no trouble that any service may have. */
export function commonTrouble(code: string, status: number): CommonTrouble | undefined {
  return COMMON.find(([pattern]) => pattern.test(code))?.[1]
    ?? (status === 429 ? 'throttled' : status >= 500 || status === 408 ? 'unavailable' : undefined);
}
