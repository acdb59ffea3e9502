import { Random } from '../runtime/random';

export type Service = 'ecr' | 'cloudformation' | 'blob' | 'response';

export type FaultKind =
  | 'throttled' | 'serverError' | 'unavailable' | 'requestTimeout' | 'reset' | 'noAddress' | 'cutOff' | 'hang'
  | 'malformed' | 'page' | 'huge' | 'denied' | 'expiredToken' | 'kms' | 'limit' | 'echo';

/** A temporary fault of a service. */
export interface Fault {
  readonly service: Service;
  /** All operations if omitted. */
  readonly operation?: string;
  readonly kind: FaultKind;
  /** In milliseconds since the step began. */
  readonly from: number;
  readonly until: number;
  /** Probability that it affects a request. */
  readonly probability: number;
}

/** Faults that a retry does not resolve and that the guard must name. */
export const PERMANENT: readonly FaultKind[] = ['denied', 'expiredToken', 'kms', 'limit'];

const TRANSIENT: readonly FaultKind[] = ['throttled', 'serverError', 'unavailable', 'requestTimeout', 'reset', 'noAddress', 'cutOff', 'hang', 'malformed', 'page', 'huge', 'echo'];
const FOR_EVER = 24 * 3600_000;

/** Random faults during one step of a story. */
export function randomFaults(random: Random): Fault[] {
  return Array.from({ length: random.weighted([5, 1], [3, 2], [1, 4]) }, () => {
    const service = random.weighted<Service>([6, 'ecr'], [3, 'cloudformation'], [1, 'blob'], [2, 'response']);
    const operation = service === 'ecr' && random.chance(0.6) ? random.pick(['DescribeImages', 'BatchGetImage', 'PutImage', 'PutImage', 'GetDownloadUrlForLayer', 'DescribeImageScanFindings', 'DescribeImageSigningStatus']) : undefined;
    const kind = kindFor(random, service, operation);
    const from = random.weighted([3, 0], [1, random.integer(0, 5_000)], [1, random.integer(0, 300_000)]);
    const lasting = random.weighted(
      [4, random.integer(100, 15_000)],
      [2, random.integer(15_000, 120_000)],
      [1, random.integer(120_000, 900_000)],
      [PERMANENT.includes(kind) ? 7 : 1, FOR_EVER],
    );
    const bounded = service === 'response' ? Math.min(lasting, 60_000) : lasting;
    return { service, operation, kind, from, until: from + bounded, probability: random.weighted([3, 1], [1, 0.5]) };
  });
}

function kindFor(random: Random, service: Service, operation?: string): FaultKind {
  const transient = random.pick(TRANSIENT);
  if (service === 'response' || service === 'blob') return random.pick(['serverError', 'unavailable', 'reset', 'noAddress', 'cutOff', 'hang']);
  if (service === 'cloudformation') return random.weighted([3, transient], [1, 'denied'], [0.3, 'expiredToken']);
  if (operation === 'PutImage') return random.weighted([3, transient], [1, 'denied'], [1, 'kms'], [1, 'limit']);
  if (operation === 'BatchGetImage') return random.weighted([3, transient], [1, 'denied'], [1, 'kms']);
  return random.weighted([4, transient], [1, 'denied'], [0.3, 'expiredToken']);
}

/** The current faults and the invocations that they have affected. */
export class Weather {
  private since = 0;
  private faults: readonly Fault[] = [];

  constructor(private readonly random: Random, private readonly now: () => number) {}

  public set(faults: readonly Fault[]): void {
    this.faults = faults;
    this.since = this.now();
  }

  public meets(service: Service, operation?: string): Fault | undefined {
    const elapsed = this.now() - this.since;
    return this.faults.find((fault) => fault.service === service
      && (fault.operation === undefined || fault.operation === operation)
      && fault.from <= elapsed && elapsed < fault.until
      && (fault.probability === 1 || this.random.chance(fault.probability)));
  }

  /** In milliseconds since 1970. */
  public endOf(fault: Fault): number {
    return this.since + fault.until;
  }
}
