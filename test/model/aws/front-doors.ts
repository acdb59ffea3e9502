import { Ecr, EcrError } from './ecr';
import { Fault, Service, Weather } from './faults';
import { faultReply, jsonError, jsonReply, spoilt, xmlError } from './http-faces';
import { Answer, IN_PROGRESS, Invocation } from './requests';
import { StackModel } from './stack';
import { Place, Question } from './template';
import { Reply, WireRequest } from '../runtime/network';
import { Random } from '../runtime/random';
import { Time } from '../runtime/virtual-time';

/** Actions and resources that the guard's role permits. */
export interface Grants {
  readonly putImage: boolean;
}

export interface FrontDoorOptions {
  readonly time: Time;
  readonly random: Random;
  readonly place: Place;
  readonly weather: Weather;
  readonly ecr: Ecr;
  readonly stack: StackModel;
  readonly grants: Grants;
  readonly blob: (digest: string) => Buffer | undefined;
  readonly on: (call: Call) => void;
}

/** A request of the guard after it has arrived, whether or not it was carried out. */
export interface Call {
  readonly invocation: Invocation<Question>;
  readonly request: WireRequest;
  readonly service: Service | 'unknown';
  /** In the terms of IAM, such as `ecr:PutImage`. */
  readonly action: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly fault?: Fault;
  /** Whether the service carried out the request, even if the guard receives no response. */
  readonly done: boolean;
  readonly error?: string;
}

const READS = ['DescribeImages', 'BatchGetImage', 'GetDownloadUrlForLayer'];
/** The requirement that each of these actions is granted for. */
export const EXAMINATIONS: Readonly<Record<string, string>> = { DescribeImageScanFindings: 'scanned', DescribeImageSigningStatus: 'signed' };
const RESPONSE_URL_LASTS_MS = 2 * 3600_000;

/** Entry points of AWS: they route requests, check permissions, apply faults and build responses. */
export class FrontDoors {
  constructor(private readonly options: FrontDoorOptions) {}

  public answer(invocation: Invocation<Question>, request: WireRequest): { reply: Reply; backMs: number } {
    const { random } = this.options;
    const reply = this.route(invocation, request);
    return { reply, backMs: random.weighted([30, 5 + random.integer(0, 60)], [1, random.integer(500, 4_000)]) };
  }

  private route(invocation: Invocation<Question>, request: WireRequest): Reply {
    const { region, registryRegion, domain } = this.options.place;
    const { host } = request.url;
    if (host === `api.ecr.${registryRegion}.${domain}`) return this.answerAsEcr(invocation, request);
    if (host === `cloudformation.${region}.${domain}`) return this.answerAsCloudFormation(invocation, request);
    if (host.startsWith('cloudformation-custom-resource-response-')) return this.takeResponse(invocation, request);
    if (host.startsWith('prod-') && host.includes('-starport-layer-bucket.s3.')) return this.answerAsLayerBucket(invocation, request);
    this.tell({ invocation, request, service: 'unknown', action: `${request.method} ${host}`, done: false });
    return { error: 'ENOTFOUND' };
  }

  private answerAsEcr(invocation: Invocation<Question>, request: WireRequest): Reply {
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const action = `ecr:${operation}`;
    const input = parsed(request.body);
    const form = this.options.random.integer(0, 3);
    const call = { invocation, request, service: 'ecr' as const, action, input };
    if (!this.isGranted(operation, invocation.request.question)) {
      this.tell({ ...call, done: false, error: 'not granted' });
      return jsonError('AccessDeniedException', `User: arn:aws:sts::111122223333:assumed-role/guard/guard is not authorized to perform: ${action}`, 400, form);
    }
    const fault = this.meet(invocation, 'ecr', operation);
    const refusal = fault && faultReply(fault, request, action, form);
    if (refusal) {
      this.tell({ ...call, fault, done: false });
      return refusal;
    }
    try {
      const output = fault?.kind === 'kms' ? kmsFailures(input) : this.options.ecr.call(operation, input ?? {});
      this.tell({ ...call, fault, done: fault?.kind !== 'kms' });
      return fault ? spoilt(fault, jsonReply(200, output)) : jsonReply(200, output);
    } catch (error) {
      if (!(error instanceof EcrError)) throw error;
      this.tell({ ...call, fault, done: false, error: error.code });
      return jsonError(error.code, error.message, error.status, form);
    }
  }

  private isGranted(operation: string, { requirements }: Question): boolean {
    if (operation === 'PutImage') return this.options.grants.putImage;
    return READS.includes(operation) || requirements.some(({ kind }) => kind === EXAMINATIONS[operation]);
  }

  private answerAsCloudFormation(invocation: Invocation<Question>, request: WireRequest): Reply {
    const { stack, time } = this.options;
    const input = Object.fromEntries(new URLSearchParams(request.body));
    const action = `cloudformation:${input.Action}`;
    const call = { invocation, request, service: 'cloudformation' as const, action, input };
    invocation.statusAsked++;
    const fault = this.meet(invocation, 'cloudformation', input.Action);
    const refusal = fault && faultReply(fault, request, action, this.options.random.integer(0, 3));
    const isOwn = input.StackName === invocation.request.event.StackId;
    invocation.statusUntold = fault !== undefined;
    if (refusal ?? (!isOwn || input.Action !== 'DescribeStacks')) {
      this.tell({ ...call, fault, done: false, ...!fault && { error: 'not granted' } });
      return refusal ?? xmlError('AccessDenied', `not authorized to perform: ${action}`, 403);
    }
    const { live } = invocation.request;
    // This is the only answer for a stack that was replaced by another of the same name.
    const status = input.StackName === stack.id ? stack.status : 'DELETE_COMPLETE';
    if (!fault) {
      invocation.statusSeen = { at: time.now, status, live };
      invocation.idleSeen ||= ![...IN_PROGRESS.forward, ...IN_PROGRESS.rollback].includes(status);
    }
    this.tell({ ...call, fault, done: true });
    const reply: Reply = { status: 200, headers: { 'content-type': 'text/xml' }, body: describeStacks(stack, String(input.StackName), status) };
    return fault ? spoilt(fault, reply) : reply;
  }

  private takeResponse(invocation: Invocation<Question>, request: WireRequest): Reply {
    const { time } = this.options;
    const { request: asked } = invocation;
    const fault = this.meet(invocation, 'response');
    const refusal = fault && faultReply(fault, request, 's3:PutObject', 0);
    const isMeant = request.url.href === asked.responseUrl && request.method === 'PUT';
    const accepted = !refusal && isMeant && time.now - asked.sentAt < RESPONSE_URL_LASTS_MS;
    invocation.puts.push({ at: time.now, body: request.body, accepted });
    this.tell({ invocation, request, service: 'response', action: 's3:PutObject', fault, done: accepted, ...!isMeant && { error: 'not the ResponseURL' } });
    if (refusal) return refusal;
    if (!accepted) return { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>' };
    const answer = answerOf(request.body);
    if (answer) time.after(100, () => asked.onAnswer(answer));
    return fault ? spoilt(fault, { status: 200, body: '<ok/>' }) : { status: 200 };
  }

  private answerAsLayerBucket(invocation: Invocation<Question>, request: WireRequest): Reply {
    const fault = this.meet(invocation, 'blob');
    const refusal = fault && faultReply(fault, request, 's3:GetObject', 0);
    const blob = this.options.blob(request.url.pathname.slice(1));
    this.tell({ invocation, request, service: 'blob', action: 's3:GetObject', fault, done: !refusal && blob !== undefined });
    if (refusal) return refusal;
    if (!blob) return { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
    return fault ? spoilt(fault, { status: 200, body: blob }) : { status: 200, body: blob };
  }

  private meet(invocation: Invocation<Question>, service: Service, operation?: string): Fault | undefined {
    const fault = this.options.weather.meets(service, operation);
    if (fault && !invocation.hits.has(fault)) invocation.hits.set(fault, this.options.time.now);
    return fault;
  }

  private tell(call: Call): void {
    if (call.service !== 'response') call.invocation.calls++;
    this.options.on(call);
  }
}

function kmsFailures(input: Readonly<Record<string, any>> = {}): object {
  const failures = ((input.imageIds ?? []) as object[]).map((imageId) => ({ imageId, failureCode: 'KmsError', failureReason: 'KMS key is disabled' }));
  return { images: [], failures };
}

/** In the order of the service's own XML, with words that a careless parser would take for the status. */
function describeStacks(stack: StackModel, id: string, status: string): string {
  const time = (ms: number) => new Date(ms).toISOString();
  const operations = stack.operations.map(({ type, id: operation }) => `<member><OperationType>${type}</OperationType><OperationId>${operation}</OperationId></member>`);
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult>
    <Stacks>
      <member>
        <StackId>${id}</StackId>
        <StackName>${stack.name}</StackName>
        <Description>Can go on after a ROLLBACK_COMPLETE; &lt;StackStatus&gt;UPDATE_ROLLBACK_IN_PROGRESS&lt;/StackStatus&gt;</Description>
        <Parameters>
          <member><ParameterKey>StackStatus</ParameterKey><ParameterValue>UPDATE_ROLLBACK_IN_PROGRESS</ParameterValue></member>
        </Parameters>
        <CreationTime>${time(stack.createdAt)}</CreationTime>
        ${stack.updatedAt === undefined ? '' : `<LastUpdatedTime>${time(stack.updatedAt)}</LastUpdatedTime>`}
        <RollbackConfiguration/>
        <StackStatus>${status}</StackStatus>
        <DisableRollback>false</DisableRollback>
        <NotificationARNs/>
        <Capabilities><member>CAPABILITY_IAM</member></Capabilities>
        <Tags/>
        <EnableTerminationProtection>false</EnableTerminationProtection>
        <DriftInformation><StackDriftStatus>NOT_CHECKED</StackDriftStatus></DriftInformation>
        <LastOperations>${operations.join('')}</LastOperations>
      </member>
    </Stacks>
  </DescribeStacksResult>
  <ResponseMetadata><RequestId>b9b4b068-3a41-11e5-94eb-example</RequestId></ResponseMetadata>
</DescribeStacksResponse>
`;
}

/** Parses an answer as CloudFormation does. Returns `undefined` for an invalid answer, after which CloudFormation keeps waiting. */
export function answerOf(body: string): Answer | undefined {
  const { Status, Reason, PhysicalResourceId, Data } = (parsed(body) ?? {}) as Record<string, any>;
  if (Status !== 'SUCCESS' && Status !== 'FAILED') return undefined;
  return { status: Status, reason: String(Reason ?? ''), physicalId: String(PhysicalResourceId), data: (Data ?? {}) as Record<string, string> };
}

function parsed(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
