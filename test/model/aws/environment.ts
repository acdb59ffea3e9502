import { Invocation } from './requests';
import { Place } from './template';
import { Internet, WireRequest } from '../runtime/network';
import { Random } from '../runtime/random';
import { Bundle, Handler } from '../runtime/sandbox';
import { Owner, Time, Timer } from '../runtime/virtual-time';

/** A version of the function's code. */
export interface Version {
  readonly name: string;
  readonly bundle: Bundle;
}

/** Sends a request from an invocation to the rest of the world. */
export type Speaker<Question> = (invocation: Invocation<Question>, request: WireRequest) => ReturnType<Internet>;

export interface EnvironmentOptions<Question> {
  readonly time: Time;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string>>;
  readonly speak: Speaker<Question>;
  readonly place: Place;
}

/** An execution environment that handles one event at a time and is frozen in between. */
export interface Environment<Question> {
  readonly version: Version;
  run(invocation: Invocation<Question>, crashAfterMs: number | undefined, onEnd: () => void): void;
}

/** A simulated environment: the bundle in this process, on virtual time. */
export class SandboxedEnvironment<Question> implements Environment<Question>, Owner {
  public backlog: Array<() => void> = [];
  public state: Owner['state'] = 'running';
  private readonly handler: Handler;
  private current?: Invocation<Question>;

  constructor(public readonly version: Version, private readonly options: EnvironmentOptions<Question>) {
    const { time, random, environment, speak } = options;
    this.handler = version.bundle.load({
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
    // A copy, because Lambda serializes events.
    const event: unknown = JSON.parse(JSON.stringify(invocation.request.event));
    void (async () => this.handler(event, context))().then(() => end('returned'), (error: unknown) => end('threw', error));
  }
}
