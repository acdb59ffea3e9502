import { Environment, EnvironmentOptions, SandboxedEnvironment, Version } from './environment';
import { Direction, GuardRequest, Invocation } from './requests';
import { Random } from '../runtime/random';

/** 15 minutes, Lambda's maximum. */
const TIMEOUT_MS = 900_000;
const RETRY_AFTER_MS = [60_000, 120_000];
const LATEST_MS = 3 * 3600_000;
/** After this time, CloudFormation may have stopped waiting. */
const LATE_MS = 600_000;

/** Delays, crashes and repetitions of the deliveries of one request. */
export interface Delivery {
  /** Delay of the first delivery. */
  readonly delayMs: number;
  /** Time from the start of each run to its crash, if it crashes. */
  readonly crashes: readonly number[];
  /** Further deliveries of the same event, as delays after the first. */
  readonly repeats: readonly number[];
}

export const PROMPT: Delivery = { delayMs: 50, crashes: [], repeats: [] };

export interface LambdaOptions<Question> extends EnvironmentOptions<Question> {
  readonly onStart: (invocation: Invocation<Question>) => void;
  readonly onEnd: (invocation: Invocation<Question>) => void;
  /** Simulated environments by default. */
  readonly newEnvironment?: (version: Version, options: EnvironmentOptions<Question>) => Environment<Question>;
}

/** Asynchronous invocation: at least once, with two retries after an error, in environments that are frozen in between. */
export class Lambda<Question> {
  private code?: Version;
  private idle: Array<Environment<Question>> = [];
  private invocations = 0;

  constructor(private readonly options: LambdaOptions<Question>) {}

  /** New code runs in new environments. Busy environments continue with the old code. */
  public deploy(version: Version): void {
    if (this.code === version) return;
    this.code = version;
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
      statusUntold: false,
      idleSeen: false,
      hits: new Map(),
    };
    const warm = random.chance(0.6) ? this.idle.pop() : undefined;
    const { newEnvironment = (version, options) => new SandboxedEnvironment(version, options) } = this.options;
    const environment = warm ?? newEnvironment(this.code!, this.options);
    onStart(invocation);
    environment.run(invocation, crashes.shift(), () => {
      onEnd(invocation);
      if (invocation.ended !== 'killed' && this.code === environment.version) this.idle.push(environment);
      if (invocation.ended !== 'returned' && attempt <= RETRY_AFTER_MS.length) {
        time.after(RETRY_AFTER_MS[attempt - 1], () => this.run(request, attempt + 1, 0, crashes));
      }
    });
  }
}

/** Random crashes and late or repeated deliveries. A rollback is delivered at the third attempt at the latest. */
export function randomDelivery(random: Random, direction: Direction, stormy: boolean): Delivery {
  const most = direction === 'forward' ? 3 : 2;
  const crashAfterMs = () => random.weighted([3, random.integer(1, 400)], [1, random.integer(1, 5_000)]);
  const repeatAfterMs = () => random.weighted(
    [2, random.integer(0, 2_000)],
    [2, random.integer(2_000, 120_000)],
    [1, random.integer(120_000, LATEST_MS)],
  );
  return {
    delayMs: random.weighted([20, random.integer(20, 800)], [1, random.integer(800, 3_000)], [direction === 'forward' ? 0.2 : 0, random.integer(3_000, LATE_MS)]),
    crashes: stormy && random.chance(0.08) ? Array.from({ length: random.integer(1, most) }, crashAfterMs) : [],
    repeats: random.chance(0.06) ? [repeatAfterMs()] : [],
  };
}
