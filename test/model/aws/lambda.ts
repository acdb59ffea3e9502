import { Direction, GuardRequest, Invocation } from './requests';
import { Internet, WireRequest } from '../runtime/network';
import { Random } from '../runtime/random';
import { Bundle, Handler } from '../runtime/sandbox';
import { Owner, Timer, VirtualTime } from '../runtime/virtual-time';

/** 15 minutes, the most that there is. */
const TIMEOUT_MS = 900_000;
const RETRY_AFTER_MS = [60_000, 120_000];

/** What befalls the deliveries of one request. */
export interface Delivery {
  /** How long the first one takes. */
  readonly delayMs: number;
  /** How long after its start each run crashes, if it does. */
  readonly crashes: readonly number[];
  /** More deliveries of the same event, so long after the first. */
  readonly repeats: readonly number[];
}

export const PROMPT: Delivery = { delayMs: 50, crashes: [], repeats: [] };

/** How an invocation speaks to the rest of the world. */
export type Speaker<Question> = (invocation: Invocation<Question>, request: WireRequest) => ReturnType<Internet>;

export interface LambdaOptions<Question> {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string>>;
  readonly speak: Speaker<Question>;
  readonly onStart: (invocation: Invocation<Question>) => void;
  readonly onEnd: (invocation: Invocation<Question>) => void;
}

/** Asynchronous invocation: at least once, tried again twice after an error, in environments that are frozen in between. */
export class Lambda<Question> {
  private code?: { readonly name: string; readonly bundle: Bundle };
  private idle: Array<Environment<Question>> = [];
  private invocations = 0;

  constructor(private readonly options: LambdaOptions<Question>) {}

  /** New code means new environments; those at work go on with the old. */
  public deploy(name: string, bundle: Bundle): void {
    if (this.code?.bundle === bundle) return;
    this.code = { name, bundle };
    this.idle = [];
  }

  public get deployed(): string | undefined {
    return this.code?.name;
  }

  public invoke(request: GuardRequest<Question>, { delayMs, crashes, repeats }: Delivery): void {
    const { time } = this.options;
    time.after(delayMs, () => this.run(request, 1, delayMs, [...crashes]));
    for (const repeat of repeats) time.after(delayMs + repeat, () => this.run(request, 1, delayMs + repeat, []));
  }

  private run(request: GuardRequest<Question>, attempt: number, delayMs: number, crashes: number[]): void {
    const { time, random, onStart, onEnd } = this.options;
    const invocation: Invocation<Question> = {
      number: ++this.invocations,
      request,
      attempt,
      delayMs,
      startedAt: time.now,
      deadline: time.now + TIMEOUT_MS,
      code: this.code!.name,
      calls: 0,
      puts: [],
      printed: [],
      statusAsked: 0,
      hits: new Map(),
    };
    const warm = random.chance(0.6) ? this.idle.pop() : undefined;
    const environment = warm ?? new Environment(this.code!.bundle, this.options);
    onStart(invocation);
    environment.run(invocation, crashes.shift(), () => {
      onEnd(invocation);
      if (invocation.ended !== 'killed' && this.code?.bundle === environment.bundle) this.idle.push(environment);
      if (invocation.ended !== 'returned' && attempt <= RETRY_AFTER_MS.length) {
        time.after(RETRY_AFTER_MS[attempt - 1], () => this.run(request, attempt + 1, 0, crashes));
      }
    });
  }
}

/** A process that handles one event at a time, and stands still in between. */
class Environment<Question> implements Owner {
  public backlog: Array<() => void> = [];
  public state: Owner['state'] = 'running';
  private readonly handler: Handler;
  private current?: Invocation<Question>;

  constructor(public readonly bundle: Bundle, private readonly options: LambdaOptions<Question>) {
    const { time, random, environment, speak } = options;
    this.handler = bundle.load({
      time,
      owner: this,
      random: () => random.next(),
      environment,
      thereMs: () => 5 + random.integer(0, 40),
      internet: (request) => this.current ? speak(this.current, request) : { reply: { error: 'ECONNRESET' }, backMs: 0 },
      print: (text) => this.current?.printed.push(text),
    });
  }

  public run(invocation: Invocation<Question>, crashAfterMs: number | undefined, onEnd: () => void): void {
    const { time } = this.options;
    this.current = invocation;
    this.state = 'running';
    for (const action of this.backlog.splice(0)) time.after(0, action, this);

    const deaths: Timer[] = [];
    const end = (how: NonNullable<Invocation<Question>['ended']>, error?: unknown) => {
      if (invocation.ended) return;
      deaths.forEach((death) => death.cancel());
      Object.assign(invocation, { ended: how, endedAt: time.now, error });
      this.state = how === 'killed' ? 'dead' : 'frozen';
      onEnd();
    };
    deaths.push(time.after(invocation.deadline - time.now, () => end('killed')));
    if (crashAfterMs !== undefined) deaths.push(time.after(crashAfterMs, () => end('killed')));
    const context = {
      functionName: 'guard',
      awsRequestId: `00000000-0000-4000-8000-${String(invocation.number).padStart(12, '0')}`,
      getRemainingTimeInMillis: () => Math.floor(invocation.deadline - time.now),
    };
    // A copy, since JSON is what Lambda hands over.
    const event: unknown = JSON.parse(JSON.stringify(invocation.request.event));
    void (async () => this.handler(event, context))().then(() => end('returned'), (error: unknown) => end('threw', error));
  }
}

/** Some crashes, late and repeated deliveries. A rollback is delivered at the third attempt at the latest. */
export function randomDelivery(random: Random, direction: Direction, stormy: boolean): Delivery {
  const most = direction === 'forward' ? 3 : 2;
  return {
    delayMs: random.weighted([20, random.integer(20, 800)], [1, random.integer(800, 3_000)]),
    crashes: stormy && random.chance(0.08) ? Array.from({ length: random.integer(1, most) }, () => random.weighted([3, random.integer(1, 400)], [1, random.integer(1, 5_000)])) : [],
    repeats: random.chance(0.06) ? [random.weighted([2, random.integer(0, 2_000)], [2, random.integer(2_000, 120_000)], [1, random.integer(120_000, 3 * 3600_000)])] : [],
  };
}
