import { VirtualClock } from './virtual-clock';
import { HttpRequest, HttpResponse, NetworkError, TooLarge } from '../../src/handler/runtime/http';
import { Runtime } from '../../src/handler/runtime/runtime';

export const SIGNATURE = 'X-Amz-Signature=0f1e2d3c4b5a69788796a5b4c3d2e1f0';
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'the-secret-access-key-of-the-role',
  AWS_SESSION_TOKEN: 'the-session-token-of-the-role',
};

export const SECRETS = [SIGNATURE, CREDENTIALS.AWS_SECRET_ACCESS_KEY, CREDENTIALS.AWS_SESSION_TOKEN];

/** A fault that a server shows instead of a correct response. */
export type Fault =
  | { readonly kind: 'reset' | 'hang' | 'garbage' | 'answerThenReset' }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message?: string };

export interface Answered {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly NoEcho: boolean;
  readonly Data?: Readonly<Record<string, string>>;
}

/** A request in the terms of IAM. The action is empty if the call needs no permission. */
export interface Asked<Server extends string> {
  readonly server: Server | 'stack' | 'endpoint';
  readonly action: string;
  readonly input: any;
}

export interface Call {
  readonly action: string;
  readonly input: any;
  readonly at: number;
  readonly request: HttpRequest;
  readonly stackStatus: string;
}

/** CloudFormation with one stack, and the response endpoint, on a virtual clock. Each handler adds the servers that it calls. */
export abstract class SimulatedAws<Server extends string> implements Runtime {
  public readonly clock = new VirtualClock();
  public readonly env = { ...CREDENTIALS };
  public readonly calls: Call[] = [];
  public readonly lines: string[] = [];
  /** All bodies that reached the endpoint, in order of arrival. */
  public readonly answers: string[] = [];
  public stackStatus = 'UPDATE_IN_PROGRESS';
  /** Faults of the next calls. Each call uses up one. `undefined` is a call without a fault. */
  public readonly faults: Record<Server | 'stack' | 'endpoint', Array<Fault | undefined>>;
  /** Fault of all later calls. */
  public outage: Partial<Record<Server | 'stack' | 'endpoint', Fault>> = {};
  /** The same, for a single action. */
  public readonly outageOf: Record<string, Fault | undefined> = {};

  constructor(servers: readonly Server[]) {
    this.faults = Object.fromEntries([...servers, 'stack', 'endpoint'].map((server) => [server, []])) as unknown as typeof this.faults;
  }

  public random = () => 0.5;

  public print = (line: string): void => {
    this.lines.push(line);
  };

  public get lastLine(): any {
    return JSON.parse(this.lines.at(-1)!);
  }

  public get actions(): string[] {
    return this.calls.map(({ action }) => action).filter((action) => action !== '');
  }

  public send = async (request: HttpRequest): Promise<HttpResponse> => {
    const asked = this.asked(request);
    await this.clock.sleep(20);
    this.calls.push({ action: asked.action, input: asked.input, at: this.clock.now(), request, stackStatus: this.stackStatus });

    const response = await this.answer(asked, request);
    if (response.body.length > (request.largestBody ?? Infinity)) throw new TooLarge(`answer larger than ${request.largestBody} bytes`);
    return response;
  };

  /** Identifies a request to one of the servers of the handler. */
  protected abstract identify(request: HttpRequest): Asked<Server>;

  protected abstract serve(asked: Asked<Server>, request: HttpRequest): HttpResponse;

  private asked(request: HttpRequest): Asked<Server> {
    if (request.method === 'PUT') return { server: 'endpoint', action: '', input: {} };
    if (!new URL(request.url).hostname.startsWith('cloudformation.')) return this.identify(request);
    const input = Object.fromEntries(new URLSearchParams(request.body));
    return { server: 'stack', action: `cloudformation:${input.Action}`, input };
  }

  private async answer(asked: Asked<Server>, request: HttpRequest): Promise<HttpResponse> {
    const { server, action } = asked;
    const next = this.faults[server];
    const fault = next.length > 0 ? next.shift() : this.outageOf[action] ?? this.outage[server];
    switch (fault?.kind) {
      case 'reset':
        throw new NetworkError('read ECONNRESET');
      case 'hang':
        await this.clock.sleep(request.timeoutMs);
        throw new NetworkError(`no answer in ${request.timeoutMs} ms`);
      case 'answerThenReset':
        this.reply(asked, request);
        throw new NetworkError('read ECONNRESET');
      case 'garbage':
        return reply(200, '<html>captive portal</html>');
      case 'error':
        return server === 'stack'
          ? reply(fault.status, `<ErrorResponse><Error><Code>${fault.code}</Code><Message>${fault.message}</Message></Error></ErrorResponse>`)
          : reply(fault.status, { __type: `com.amazonaws.aws#${fault.code}`, message: fault.message });
      default:
        return this.reply(asked, request);
    }
  }

  private reply(asked: Asked<Server>, request: HttpRequest): HttpResponse {
    switch (asked.server) {
      case 'endpoint':
        this.answers.push(request.body ?? '');
        return reply(200, '');
      case 'stack':
        return reply(200, `<DescribeStacksResponse><StackStatus>${this.stackStatus}</StackStatus></DescribeStacksResponse>`);
      default:
        return this.serve(asked, request);
    }
  }
}

export function reply(status: number, body: string | object): HttpResponse {
  return { status, headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}
