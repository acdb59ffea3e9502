import { FakeEcs, Refusal } from './ecs';
import { HttpRequest, HttpResponse } from '../../../src/handler/runtime/http';
import { Runtime } from '../../../src/handler/runtime/runtime';
import { CONTRACT_VERSION, ReleaseTaskProperties } from '../../../src/release-task/contract';
import { createHandler } from '../../../src/release-task/handler/index.lambda';
import { Answered, Asked, Call, reply, SIGNATURE, SimulatedAws } from '../../handler/simulated-aws';

export { NO_IMAGE, SECRETS } from '../../handler/simulated-aws';
export type { Call } from '../../handler/simulated-aws';

export const STACK_ID = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/Shop/0a1b2c3d-0000-1111-2222-333344445555';
export const CLUSTER = 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop';
export const digest = (release: string) => `sha256:${Buffer.from(release).toString('hex').padEnd(64, 'a')}`;

const RESPONSE_URL = 'https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/key';

/** Adds ECS and CloudWatch Logs. */
export class Simulation extends SimulatedAws<'ecs' | 'logs'> {
  public readonly ecs = new FakeEcs();

  constructor() {
    super(['ecs', 'logs']);
  }

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

  public callsOf(action: string): Call[] {
    return this.calls.filter((call) => call.action === action);
  }

  protected identify({ headers, body = '' }: HttpRequest): Asked<'ecs' | 'logs'> {
    const [target, operation] = headers['x-amz-target'].split('.');
    const server = ({ AmazonEC2ContainerServiceV20141113: 'ecs', Logs_20140328: 'logs' } as const)[target]!;
    return { server, action: `${server}:${operation}`, input: JSON.parse(body) };
  }

  protected serve({ action, input }: Asked<'ecs' | 'logs'>): HttpResponse {
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
