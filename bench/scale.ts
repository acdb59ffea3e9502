import { AsyncLocalStorage } from 'node:async_hooks';
import { median, seededRandom } from './statistics';
import { createHandler } from '../src/guard/handler/index.lambda';
import { HttpRequest, HttpResponse } from '../src/handler/runtime/http';
import * as backoff from '../src/handler/runtime/pauses';
import { event, Simulation } from '../test/guard/handler/simulation';

export const GUARDS = 1_000;
export const NEVER_PUSHED = 50;
const WAIT_MS = 14 * 60_000;
const LAMBDA_MS = 15 * 60_000;
/** All guards start within this time. The images are pushed between FIRST_PUSH_MS and LAST_PUSH_MS. */
const START_MS = 2_000;
const FIRST_PUSH_MS = 30_000;
const LAST_PUSH_MS = 600_000;
const BURST = 200;

interface Policy {
  readonly name: string;
  readonly pause: (backoff: backoff.Backoff, random: number, waitedMs: number) => number;
}

const { pollPause: present } = backoff;

const poll = (random: number) => 5_000 * (1 + random / 5);
const doubling = (troubles: number, random: number, longestMs: number) => Math.min(longestMs, 1_000 * 2 ** troubles) * (1 + random) / 2;

const POLICIES: readonly Policy[] = [
  { name: 'current policy', pause: present },
  { name: 'always every 5 to 6 s', pause: (_, random) => poll(random) },
  ...[20, 40].map((longest): Policy => ({
    name: `exponential backoff up to ${longest} s when throttled`,
    pause: ({ troubles }, random) => troubles === 0 ? poll(random) : doubling(troubles, random, longest * 1_000),
  })),
  {
    name: '5 to 20 s, longer over time',
    pause: ({ troubles }, random, waitedMs) => troubles > 0
      ? doubling(troubles, random, 40_000)
      : Math.max(1, Math.min(4, waitedMs / 75_000)) * poll(random),
  },
];

export interface Scale {
  readonly policy: string;
  readonly ratePerSecond: number;
  /** Guards that succeeded. Their images were pushed. */
  readonly succeeded: number;
  readonly pushed: number;
  /** Guards that answered, with success or failure, before the Lambda time limit. */
  readonly answeredInTime: number;
  readonly calls: number;
  readonly throttled: number;
  readonly medianDelayMs: number;
  readonly worstDelayMs: number;
}

export async function measureScale(rates: readonly number[]): Promise<Scale[]> {
  const results: Scale[] = [];
  for (const rate of rates) {
    for (const policy of POLICIES) results.push(await simulate(policy, rate));
  }
  return results;
}

/** ECR has a token bucket for each operation of an account. In this simulation, only the one of DescribeImages can become empty. */
class BusyRegistry extends Simulation {
  public looks = 0;
  public throttled = 0;
  public readonly answeredAt = new Map<string, { readonly at: number; readonly status: string }>();
  private tokens = BURST;
  private refilledAt = this.clock.now();

  constructor(private readonly ratePerSecond: number) {
    super();
    const send = this.send;
    this.send = async (request) => {
      if (request.headers['x-amz-target']?.endsWith('.DescribeImages') && !this.takeToken()) return this.refuse();
      const response = await send(request);
      this.note(request);
      return response;
    };
  }

  private takeToken(): boolean {
    const now = this.clock.now();
    this.tokens = Math.min(BURST, this.tokens + (now - this.refilledAt) / 1_000 * this.ratePerSecond);
    this.refilledAt = now;
    this.looks++;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  private async refuse(): Promise<HttpResponse> {
    this.throttled++;
    await this.clock.sleep(20);
    return { status: 400, headers: {}, body: Buffer.from(JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' })) };
  }

  private note({ method, body }: HttpRequest): void {
    if (method !== 'PUT') return;
    const { RequestId, Status } = JSON.parse(body ?? '');
    this.answeredAt.set(RequestId, { at: this.clock.now(), status: Status });
  }
}

async function simulate({ name, pause }: Policy, ratePerSecond: number): Promise<Scale> {
  const random = seededRandom(20_261_124);
  const aws = new BusyRegistry(ratePerSecond);
  aws.random = random;
  aws.stackStatus = 'CREATE_IN_PROGRESS';
  const begin = aws.clock.now();
  const guards = Array.from({ length: GUARDS }, (_, number) => ({
    tag: `v${number}`,
    startAfter: random() * START_MS,
    pushAfter: number < NEVER_PUSHED ? Infinity : FIRST_PUSH_MS + random() * (LAST_PUSH_MS - FIRST_PUSH_MS),
  }));

  const asking = new AsyncLocalStorage<{ readonly start: number }>();
  const restore = replacePause((now, chance) => pause(now, chance, aws.clock.now() - asking.getStore()!.start));
  try {
    const handler = createHandler(aws);
    await aws.clock.until(Promise.all(guards.map(async ({ tag, startAfter, pushAfter }) => {
      if (pushAfter !== Infinity) aws.clock.at(pushAfter, () => aws.push(tag));
      await aws.clock.sleep(startAfter);
      const start = aws.clock.now();
      const request = event({ RequestId: tag }, { VersionValue: tag, WhenMissing: 'waitFor', WaitSeconds: String(WAIT_MS / 1_000) });
      await asking.run({ start }, () => handler(request, { getRemainingTimeInMillis: () => start + LAMBDA_MS - aws.clock.now() }));
    })));
  } finally {
    restore();
  }

  const answers = guards.map((guard) => ({ ...guard, ...aws.answeredAt.get(guard.tag)! }));
  const pushed = answers.filter(({ pushAfter }) => pushAfter !== Infinity);
  const delays = pushed.filter(({ status }) => status === 'SUCCESS').map(({ at, pushAfter }) => at - begin - pushAfter);
  return {
    policy: name,
    ratePerSecond,
    succeeded: delays.length,
    pushed: pushed.length,
    answeredInTime: answers.filter(({ at, startAfter }) => at - begin - startAfter < LAMBDA_MS).length,
    calls: aws.actions.filter((action) => action.startsWith('ecr:')).length + aws.throttled,
    throttled: aws.throttled,
    medianDelayMs: median(delays),
    worstDelayMs: Math.max(...delays),
  };
}

/** Replaces the pause function of the handler, which has no option for it. Returns a function that restores it. */
function replacePause(pause: typeof backoff.pollPause): () => void {
  const module = backoff as { pollPause: typeof backoff.pollPause };
  module.pollPause = pause;
  return () => { module.pollPause = present; };
}
