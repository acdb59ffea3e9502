import { FakeEcs, Refusal } from './ecs';
import { HttpRequest, HttpResponse, NetworkError } from '../../../src/handler/runtime/http';
import { Runtime } from '../../../src/handler/runtime/runtime';
import { CONTRACT_VERSION, ReleaseTaskProperties } from '../../../src/release-task/contract';
import { createHandler } from '../../../src/release-task/handler/index.lambda';
import { Answered, Fault } from '../../guard/handler/simulation';
import { VirtualClock } from '../../handler/virtual-clock';

export const STACK_ID = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop/0a1b2c3d-0000-1111-2222-333344445555';
export const CLUSTER = 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop';
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;
export const digest = (release: string) => `sha256:${Buffer.from(release).toString('hex').padEnd(64, 'a')}`;

const SIGNATURE = 'X-Amz-Signature=0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const RESPONSE_URL = 'https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/key';
export const SECRETS = [SIGNATURE, 'the-secret-access-key-of-the-role', 'the-session-token-of-the-role'];

export type Server = 'ecs' | 'stack' | 'logs' | 'endpoint';

export interface Call {
  /** The action as IAM names it. Empty if the call needs no permission. */
  readonly action: string;
  readonly input: any;
  readonly at: number;
  readonly stackStatus: string;
}

/** ECS, CloudWatch Logs, CloudFormation with one stack, and the response endpoint, all on one virtual clock. */
export class Simulation implements Runtime {
  public readonly clock = new VirtualClock();
  public readonly ecs = new FakeEcs();
  public readonly env = {
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'the-secret-access-key-of-the-role',
    AWS_SESSION_TOKEN: 'the-session-token-of-the-role',
  };
  public readonly calls: Call[] = [];
  public readonly lines: string[] = [];
  /** All bodies that reached the endpoint, in order of arrival. */
  public readonly answers: string[] = [];
  public stackStatus = 'UPDATE_IN_PROGRESS';
  /** Faults of the next calls. Each call uses up one. */
  public readonly faults: Record<Server, Array<Fault | undefined>> = { ecs: [], stack: [], logs: [], endpoint: [] };
  /** Fault of all later calls. */
  public readonly outage: Partial<Record<Server, Fault>> = {};
  /** The same, for a single action. */
  public readonly outageOf: Record<string, Fault | undefined> = {};

  public random = () => 0.5;

  public print = (line: string): void => {
    this.lines.push(line);
  };

  /** Runs the handler as Lambda does, and returns the answer that CloudFormation accepts: the first one. */
  public async request(message: unknown, remainingMs = 900_000): Promise<Answered> {
    const before = this.answers.length;
    await this.clock.until(this.run(message, remainingMs));
    return JSON.parse(this.answers[before]);
  }

  public async run(message: unknown, remainingMs = 900_000): Promise<void> {
    await this.runWith(this, message, remainingMs);
  }

  /** @param runtime this runtime, or one that wraps it */
  public async runWith(runtime: Runtime, message: unknown, remainingMs = 900_000): Promise<void> {
    const death = this.clock.now() + remainingMs;
    await createHandler(runtime)(message, { getRemainingTimeInMillis: () => death - this.clock.now() });
  }

  public get actions(): string[] {
    return this.calls.map(({ action }) => action).filter((action) => action !== '');
  }

  public callsOf(action: string): Call[] {
    return this.calls.filter((call) => call.action === action);
  }

  public send = async (request: HttpRequest): Promise<HttpResponse> => {
    const { server, action, input } = asked(request);
    await this.clock.sleep(20);
    this.calls.push({ action, input, at: this.clock.now(), stackStatus: this.stackStatus });
    const faults = this.faults[server];
    const fault = faults.length > 0 ? faults.shift() : this.outageOf[action] ?? this.outage[server];
    switch (fault?.kind) {
      case 'reset':
        throw new NetworkError('read ECONNRESET');
      case 'hang':
        await this.clock.sleep(request.timeoutMs);
        throw new NetworkError(`no answer in ${request.timeoutMs} ms`);
      case 'answerThenReset':
        this.reply(server, action, input, request);
        throw new NetworkError('read ECONNRESET');
      case 'garbage':
        return reply(200, '<html>captive portal</html>');
      case 'error':
        return server === 'stack'
          ? reply(fault.status, `<ErrorResponse><Error><Code>${fault.code}</Code><Message>${fault.message}</Message></Error></ErrorResponse>`)
          : reply(fault.status, { __type: fault.code, message: fault.message });
      default:
        return this.reply(server, action, input, request);
    }
  };

  private reply(server: Server, action: string, input: any, request: HttpRequest): HttpResponse {
    if (server === 'endpoint') {
      this.answers.push(request.body ?? '');
      return reply(200, '');
    }
    if (server === 'stack') return reply(200, `<DescribeStacksResponse><StackStatus>${this.stackStatus}</StackStatus></DescribeStacksResponse>`);
    const now = this.clock.now();
    try {
      switch (action) {
        case 'ecs:RunTask': return reply(200, this.ecs.runTask(input, now));
        case 'ecs:DescribeTasks': return reply(200, this.ecs.describeTasks(input, now));
        case 'ecs:StopTask': return reply(200, this.ecs.stopTask(input, now));
        case 'logs:GetLogEvents': return reply(200, this.ecs.events(input, now));
        default: return reply(400, { __type: 'UnknownOperationException' });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return reply(400, { __type: error.code, message: error.message, ...error.details });
    }
  }
}

function asked({ url, method, headers, body = '' }: HttpRequest): { server: Server; action: string; input: any } {
  const { hostname } = new URL(url);
  if (method === 'PUT') return { server: 'endpoint', action: '', input: {} };
  if (hostname.startsWith('cloudformation.')) {
    const input = Object.fromEntries(new URLSearchParams(body));
    return { server: 'stack', action: `cloudformation:${input.Action}`, input };
  }
  const [target, operation] = headers['x-amz-target'].split('.');
  const server = ({ AmazonEC2ContainerServiceV20141113: 'ecs', Logs_20140328: 'logs' } as const)[target]!;
  return { server, action: `${server}:${operation}`, input: JSON.parse(body) };
}

function reply(status: number, body: string | object): HttpResponse {
  return { status, headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}

/** The properties as the construct synthesizes them. */
export function properties(given: Partial<Record<keyof ReleaseTaskProperties, unknown>> = {}): Record<string, unknown> {
  const timeout = String(given.TimeoutSeconds ?? '600');
  return {
    ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:ReleaseTask',
    ServiceTimeout: String(Number(timeout) + 300),
    ContractVersion: CONTRACT_VERSION,
    ImageDigest: digest('one'),
    Command: ['node', 'migrate.js'],
    EntryPoint: [],
    Cluster: CLUSTER,
    TaskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Migration:7',
    ContainerName: 'app',
    Subnets: ['subnet-1', 'subnet-2'],
    SecurityGroups: ['sg-1'],
    AssignPublicIp: 'DISABLED',
    TimeoutSeconds: timeout,
    LogGroup: 'MigrationLogs',
    LogRegion: 'eu-west-1',
    LogStreamPrefix: 'release',
    FailureLogLines: '20',
    SecretNames: ['DATABASE_URL'],
    UrlSuffix: 'amazonaws.com',
    ServiceStack: 'Prod/Shop',
    ...given,
  };
}

let requests = 0;

/** A request as CloudFormation sends it. */
export function event(
  overrides: object = {}, given: Partial<Record<keyof ReleaseTaskProperties, unknown>> = {}, sentAt?: number,
): Record<string, unknown> {
  const date = sentAt && `X-Amz-Date=${new Date(sentAt).toISOString().replace(/[-:]|\.\d+/g, '')}&`;
  return {
    RequestType: 'Create',
    ResponseURL: `${RESPONSE_URL}?${date ?? ''}${SIGNATURE}`,
    StackId: STACK_ID,
    RequestId: `request-${++requests}`,
    ResourceType: 'Custom::ReleaseTask',
    LogicalResourceId: 'Migration1A2B3C4D',
    ResourceProperties: properties(given),
    ...overrides,
  };
}

export function update(physicalId: string, given: Parameters<typeof event>[1] = {}): Record<string, unknown> {
  return event({ RequestType: 'Update', PhysicalResourceId: physicalId }, given);
}
