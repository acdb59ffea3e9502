import { FakeTask } from './ecs';
import { event, properties, Simulation } from './simulation';
import { Runtime } from '../../../src/handler/runtime/runtime';
import { Answered } from '../../guard/handler/simulation';

export type Given = Parameters<typeof properties>[0];

/** The version that the services run: image and command. */
export function releaseOf({ ImageDigest, Command, EntryPoint }: Record<string, unknown>): string {
  return JSON.stringify([ImageDigest, EntryPoint, Command]);
}

export interface Deployment {
  readonly given: Given;
  /** A failure outside the task: a service fails afterwards, or another resource fails or the user cancels after this time. */
  readonly mishap: { readonly kind: 'none' | 'afterwards' } | { readonly kind: 'meanwhile'; readonly afterMs: number };
  readonly rollsBack: boolean;
  readonly delivery: Delivery;
}

/** Lambda delivers an event at least once, and again after a function was killed. */
export type Delivery =
  | { readonly kind: 'once' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'killed'; readonly afterMs: number };

export interface Exchange {
  readonly stackId: string;
  readonly requestId: string;
  readonly release: string;
  readonly direction: 'forward' | 'rollback' | 'delete';
  readonly sentAt: number;
  /** The answer that CloudFormation accepted. Undefined if CloudFormation had given up by then. */
  accepted?: Answered;
}

export interface Invocation {
  readonly tookMs: number;
  readonly answers: number;
  readonly failed: boolean;
}

interface Resource {
  readonly given: Given;
  readonly id: string;
  readonly failed: boolean;
}

/** CloudFormation with a stack that contains one release task and the services that wait for it. */
export class Stack {
  public readonly exchanges: Exchange[] = [];
  public readonly invocations: Invocation[] = [];
  /** Each release to which the services were updated, with its stack. */
  public readonly releases: Array<{ readonly stackId: string; readonly release: string; readonly given: Given }> = [];
  private stackId = '';
  private generation = 0;
  private resource?: Resource;
  private stable?: Resource;
  private inBackground: Promise<unknown>[] = [];
  private readonly byToken = new Map<string, Exchange>();

  constructor(private readonly aws: Simulation) {}

  public get exists(): boolean {
    return this.resource !== undefined;
  }

  public async deploy(deployment: Deployment): Promise<void> {
    if (!this.resource) this.stackId = `arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop/${++this.generation}`;
    const isCreation = this.stable === undefined;
    this.setStatus(isCreation && !this.resource ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS');
    if (await this.goForward(deployment)) {
      this.setStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      this.stable = this.resource;
      this.setStatus('UPDATE_COMPLETE');
    } else if (!deployment.rollsBack) {
      this.setStatus(isCreation ? 'CREATE_FAILED' : 'UPDATE_FAILED');
    } else if (isCreation) {
      await this.destroy('ROLLBACK_IN_PROGRESS');
    } else {
      await this.rollBack();
    }
  }

  public async rollBack(): Promise<void> {
    if (!this.stable || !this.resource) return;
    this.setStatus('UPDATE_ROLLBACK_IN_PROGRESS');
    const { given } = this.stable;
    if (this.resource !== this.stable) {
      const answer = await this.send('rollback', given, { RequestType: 'Update', PhysicalResourceId: this.resource.id, OldResourceProperties: properties(this.resource.given) });
      this.resource = { given, id: answer?.PhysicalResourceId ?? this.resource.id, failed: answer?.Status !== 'SUCCESS' };
    }
    this.stable = this.resource;
    this.release(given);
    this.setStatus('UPDATE_ROLLBACK_COMPLETE');
  }

  public async destroy(status = 'DELETE_IN_PROGRESS'): Promise<void> {
    if (!this.resource) return;
    this.setStatus(status);
    await this.send('delete', this.resource.given, { RequestType: 'Delete', PhysicalResourceId: this.resource.id });
    this.resource = this.stable = undefined;
    this.setStatus('DELETE_COMPLETE');
  }

  /** The request that started a task. */
  public requestOf({ input }: FakeTask): Exchange {
    return this.byToken.get(input.clientToken)!;
  }

  /** Waits until nothing is in progress. */
  public async settle(): Promise<void> {
    while (this.inBackground.length > 0) await this.inBackground.shift();
  }

  private async goForward({ given, mishap, delivery }: Deployment): Promise<boolean> {
    const before = this.resource;
    const isUnchanged = before && !before.failed && JSON.stringify(properties(before.given)) === JSON.stringify(properties(given));
    if (!isUnchanged) {
      const message = before
        ? { RequestType: 'Update', PhysicalResourceId: before.id, OldResourceProperties: properties(before.given) }
        : { RequestType: 'Create' };
      const answer = await this.send('forward', given, message, delivery, mishap.kind === 'meanwhile' ? mishap.afterMs : undefined);
      const succeeded = answer?.Status === 'SUCCESS';
      this.resource = { given, id: answer?.PhysicalResourceId ?? before?.id ?? 'made-up-by-CloudFormation', failed: !succeeded };
      if (!succeeded) return false;
    }
    if (mishap.kind === 'meanwhile') return false;
    this.release(given);
    await this.aws.clock.sleep(5_000);
    return mishap.kind !== 'afterwards';
  }

  private release(given: Given): void {
    this.releases.push({ stackId: this.stackId, release: releaseOf(properties(given)), given });
  }

  private setStatus(status: string): void {
    this.aws.stackStatus = status;
  }

  private async send(
    direction: Exchange['direction'], given: Given, message: object, delivery: Delivery = { kind: 'once' }, cancelledAfterMs = Infinity,
  ): Promise<Answered | undefined> {
    const { clock } = this.aws;
    const requestId = `request-${this.exchanges.length + 1}`;
    const request = event({ StackId: this.stackId, RequestId: requestId, ...message }, given, clock.now());
    const exchange: Exchange = { stackId: this.stackId, requestId, release: releaseOf(properties(given)), direction, sentAt: clock.now() };
    this.exchanges.push(exchange);

    const timeoutMs = Number(properties(given).ServiceTimeout) * 1000;
    const answer = new Promise<Answered | undefined>((resolve) => {
      const onAnswer = (body: string) => resolve(JSON.parse(body));
      void clock.sleep(Math.min(timeoutMs, cancelledAfterMs)).then(() => resolve(undefined));
      if (delivery.kind === 'killed') {
        this.invoke(exchange, request, onAnswer, delivery.afterMs);
        this.inBackground.push(clock.sleep(delivery.afterMs + 60_000).then(() => this.invoke(exchange, request, onAnswer)));
      } else {
        this.invoke(exchange, request, onAnswer);
        if (delivery.kind === 'again') this.inBackground.push(clock.sleep(delivery.afterMs).then(() => this.invoke(exchange, request, onAnswer)));
      }
    });
    exchange.accepted = await answer;
    return exchange.accepted;
  }

  /** A killed function stops in the middle of its work. */
  private invoke(exchange: Exchange, request: unknown, onAnswer: (body: string) => void, killedAfterMs = Infinity): void {
    const { aws } = this;
    const start = aws.clock.now();
    const alive = async <T>(work: Promise<T>): Promise<T> => {
      const result = await work;
      return aws.clock.now() - start < killedAfterMs ? result : new Promise<T>(() => {});
    };
    let answers = 0;
    const { clock, random, print, env } = aws;
    const runtime: Runtime = {
      ...{ clock, random, print, env },
      send: async (sent) => {
        if (sent.body?.includes('clientToken')) this.byToken.set(JSON.parse(sent.body).clientToken, exchange);
        const response = await alive(aws.send(sent));
        if (sent.method === 'PUT' && response.status === 200) {
          answers++;
          onAnswer(sent.body!);
        }
        return response;
      },
    };
    const run = aws.runWith(runtime, request).then(() => false, () => true).then((failed) => {
      this.invocations.push({ tookMs: aws.clock.now() - start, answers, failed });
    });
    if (killedAfterMs === Infinity) this.inBackground.push(run);
  }
}
