import { NO_IMAGE } from './answers';
import { Invariant } from './invariants';
import { CREDENTIALS } from '../aws/credentials';
import { jsonError, jsonReply } from '../aws/http-faces';
import { Invocation } from '../aws/requests';
import { Question } from '../aws/template';
import { Reply, WireRequest } from '../runtime/network';
import { Saboteur } from '../story/run';

type Fields = Record<string, any>;

/**
 * Breaks each invariant independently of the handler's code: between the handler and the world, a saboteur adds, drops,
 * delays or changes something. A judge that does not notice this would never notice anything.
 */
export const SABOTEURS: Readonly<Partial<Record<Invariant, Saboteur>>> = {
  granted: beforeAnswer((invocation, pass, template) => pass(ecrRequest(template, invocation, 'ListImages', {}))),
  oneAnswer: (request, _, pass) => {
    if (isAnswer(request)) pass(request);
    return pass(request);
  },
  inTime: (request, { startedAt, request: { timeoutMs } }, pass, now) => (
    isAnswer(request) && now < startedAt + timeoutMs ? reply({ status: 503 }) : pass(request)
  ),
  form: changedAnswer(() => true, (answer) => ({ ...answer, RequestId: 'another' })),
  failedKeepsId: changedAnswer(({ Status }) => Status === 'FAILED', (answer) => ({ ...answer, PhysicalResourceId: 'another' })),
  attributes: changedAnswer(succeeds, (answer) => ({ ...answer, Data: { ...answer.Data, ImageTag: undefined } })),
  secrets: changedAnswer(({ Status }) => Status === 'FAILED', (answer) => ({ ...answer, Reason: `${answer.Reason} ${CREDENTIALS.AWS_SESSION_TOKEN.slice(31, 39)}` })),
  deletes: beforeAnswer((invocation, pass, template) => invocation.request.type === 'Delete' ? pass(ecrRequest(template, invocation, 'DescribeImages', {})) : undefined),

  rollbackSucceeds: changedAnswer((_, { request }) => request.direction === 'rollback', (answer) => ({ ...answer, Status: 'FAILED', Reason: 'no' })),
  rollbackAnswer: changedAnswer((answer, { request }) => request.direction === 'rollback' && succeeds(answer), (answer) => withDigest(answer, 'f')),
  rollbackId: changedAnswer((answer, { request }) => request.direction === 'rollback' && succeeds(answer), (answer) => ({ ...answer, PhysicalResourceId: `${answer.PhysicalResourceId}/x` })),
  rollbackTags: (request, invocation, pass) => isPutImage(request) && invocation.request.direction === 'rollback' ? pretended(request) : pass(request),

  deployedIsTagged: (request, _, pass) => isPutImage(request) ? pretended(request) : pass(request),
  lateMessenger: (request, { request: { direction } }, pass) => {
    const status = direction === 'rollback' ? 'UPDATE_ROLLBACK_IN_PROGRESS' : 'UPDATE_IN_PROGRESS';
    return request.body.includes('DescribeStacks') ? reply({ status: 200, body: `<Stacks><member><StackStatus>${status}</StackStatus></member></Stacks>` }) : pass(request);
  },
  ownTags: (request, _, pass) => pass(isPutImage(request) ? { ...request, body: JSON.stringify({ ...JSON.parse(request.body) as Fields, imageTag: 'v1' }) } : request),

  rightImage: changedAnswer((answer, { request }) => request.direction === 'forward' && succeeds(answer), (answer) => withDigest(answer, 'e')),
  keepsImage: (request, _, pass) => {
    const [{ imageDigest = undefined } = {}] = isEcr(request) ? (JSON.parse(request.body) as Fields).imageIds ?? [] : [];
    return imageDigest && isAsking(request, 'DescribeImages') ? reply(jsonError('ImageNotFoundException', 'no')) : pass(request);
  },
  keepsTasks: changedAnswer(({ Status }, { request }) => Status === 'FAILED' && request.question.whenMissing === 'startWithoutTasks', (answer, { request: { question } }) => ({
    ...answer,
    Status: 'SUCCESS',
    Data: { ImageDigest: NO_IMAGE, ImageTag: question.versionValue, ...Object.fromEntries(question.taskCounts.map((count) => [`TaskCount${count}`, '0'])) },
  })),
  releases: changedAnswer((answer, { request }) => request.direction === 'forward' && succeeds(answer), (answer, { request }) => ({
    ...answer, Status: 'FAILED', Reason: 'no', PhysicalResourceId: request.physicalId ?? answer.PhysicalResourceId,
  })),
  examinesNew: beforeAnswer((invocation, pass, template) => {
    const { question, direction, event } = invocation.request;
    const [, digest] = /([0-9a-f]{64})/.exec(String(event.PhysicalResourceId)) ?? [];
    const isAllowed = question.requirements.some(({ kind }) => kind === 'signed');
    return isAllowed && digest && direction === 'rollback' ? pass(ecrRequest(template, invocation, 'DescribeImageSigningStatus', { imageId: { imageDigest: `sha256:${digest}` } })) : undefined;
  }),
  // ECR receives no request, and each scan reports no findings.
  requirementsHold: (request, _, pass) => isAsking(request, 'DescribeImageScanFindings') ? reply(jsonReply(200, { imageScanStatus: { status: 'COMPLETE' } })) : pass(request),
  requirementsWait: (request, _, pass) => {
    if (!isAsking(request, 'DescribeImageScanFindings')) return pass(request);
    pass(request);
    return reply(jsonReply(200, { imageScanStatus: { status: 'FAILED' } }));
  },
  waits: (request, invocation, pass) => {
    const answer = pass(request);
    const { request: { question, event, physicalId = 'none' } } = invocation;
    if (isAsking(request, 'DescribeImages') && question.whenMissing === 'waitFor' && invocation.puts.length === 0) {
      pass(answerRequest(invocation, { ...event, Status: 'FAILED', Reason: 'no', PhysicalResourceId: physicalId }));
    }
    return answer;
  },
  namesError: changedAnswer(({ Status }) => Status === 'FAILED', (answer) => ({ ...answer, Reason: 'something went wrong' })),
  calls: (request, _, pass) => {
    if (isEcr(request)) pass(request);
    return pass(request);
  },
};

/** Changes to a request that botocore must detect. */
export const WIRE_SABOTEURS: Readonly<Record<string, (request: WireRequest) => WireRequest>> = {
  'an unknown member': (request) => withBody(request, (body) => ({ ...body, imageTags: ['v1'] })),
  'a member of the wrong type': (request) => withBody(request, (body) => ({ ...body, registryId: 1 })),
  'a missing required member': (request) => withBody(request, (body) => ({ ...body, repositoryName: undefined })),
  'a value that does not match the pattern of its member': (request) => withBody(request, (body) => ({ ...body, registryId: 'mine' })),
  'a body that changes after the request is signed': (request) => ({ ...request, body: `${request.body} ` }),
  'a header that changes after the request is signed': (request) => ({ ...request, headers: { ...request.headers, 'content-type': 'application/x-amz-json-1.1; charset=utf-8' } }),
  'a request that is signed with the wrong time': (request) => ({ ...request, headers: { ...request.headers, 'x-amz-date': '20260101T000000Z' } }),
};

function isAnswer({ method }: WireRequest): boolean {
  return method === 'PUT';
}

function isEcr({ headers }: WireRequest): boolean {
  return headers['x-amz-target'] !== undefined;
}

function isAsking({ headers }: WireRequest, operation: string): boolean {
  return String(headers['x-amz-target']).endsWith(`.${operation}`);
}

function isPutImage(request: WireRequest): boolean {
  return isAsking(request, 'PutImage');
}

function succeeds({ Status, Data }: Fields): boolean {
  return Status === 'SUCCESS' && Data?.ImageDigest !== undefined && Data.ImageDigest !== NO_IMAGE;
}

function withDigest(answer: Fields, digit: string): Fields {
  return { ...answer, Data: { ...answer.Data, ImageDigest: `sha256:${digit.repeat(64)}` } };
}

function withBody(request: WireRequest, change: (body: Fields) => Fields): WireRequest {
  return isEcr(request) ? { ...request, body: JSON.stringify(change(JSON.parse(request.body) as Fields)) } : request;
}

type OfAnswer<Result> = (answer: Fields, invocation: Invocation<Question>) => Result;

function changedAnswer(concerns: OfAnswer<boolean>, change: OfAnswer<Fields>): Saboteur {
  return (request, invocation, pass) => {
    if (!isAnswer(request)) return pass(request);
    const answer = JSON.parse(request.body) as Fields;
    return pass(concerns(answer, invocation) ? { ...request, body: JSON.stringify(change(answer, invocation)) } : request);
  };
}

function beforeAnswer(act: (invocation: Invocation<Question>, pass: (request: WireRequest) => unknown, template: WireRequest) => void): Saboteur {
  return (request, invocation, pass) => {
    if (isAnswer(request)) act(invocation, pass, request);
    return pass(request);
  };
}

function ecrRequest(template: WireRequest, { request: { event } }: Invocation<Question>, operation: string, input: object): WireRequest {
  const { RegistryRegion, RepositoryUri, RepositoryName } = event.ResourceProperties as Fields;
  const domain = /^\d+\.dkr\.ecr\.[a-z0-9-]+\.([a-z0-9.-]+)\//.exec(String(RepositoryUri))![1];
  const headers = { 'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${operation}` };
  return { ...template, method: 'POST', url: new URL(`https://api.ecr.${RegistryRegion}.${domain}/`), headers, body: JSON.stringify({ repositoryName: RepositoryName, ...input }) };
}

function answerRequest({ request: { responseUrl } }: Invocation<Question>, answer: Fields): WireRequest {
  const { StackId, RequestId, LogicalResourceId, Status, Reason, PhysicalResourceId } = answer;
  const body = JSON.stringify({ StackId, RequestId, LogicalResourceId, Status, Reason, PhysicalResourceId });
  return { method: 'PUT', url: new URL(responseUrl), headers: { 'content-type': '' }, body };
}

/** The response to a `PutImage` that was not carried out. */
function pretended({ body }: WireRequest): { reply: Reply; backMs: number } {
  const { registryId, repositoryName, imageDigest, imageTag, imageManifest, imageManifestMediaType } = JSON.parse(body) as Fields;
  const image = { registryId, repositoryName, imageId: { imageDigest, imageTag }, imageManifest, imageManifestMediaType };
  return reply(jsonReply(200, { image }));
}

function reply(answer: Reply): { reply: Reply; backMs: number } {
  return { reply: answer, backMs: 10 };
}
