import { CLUSTER, event, Simulation } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { AwsError } from '../../../src/handler/runtime/aws-client';
import { HttpRequest, NetworkError } from '../../../src/handler/runtime/http';
import { ecsClient, NotPlaced, Trouble, troubleOf } from '../../../src/release-task/handler/ecs-client';
import { patience } from '../../../src/release-task/handler/patience';
import { parse } from '../../../src/release-task/handler/request';

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task/shop/1';

test('requests to ECS go to the region of the stack and name the cluster of the release task', async () => {
  const { ecs, sent } = answering({ tasks: [{ taskArn: ARN, lastStatus: 'RUNNING' }] });

  expect(await ecs.runTask()).toEqual({ taskArn: ARN, lastStatus: 'RUNNING' });
  expect(await ecs.describeTask(ARN)).toEqual({ taskArn: ARN, lastStatus: 'RUNNING' });
  await ecs.stopTask(ARN, 'enough');

  expect(sent.map(({ url }) => url)).toEqual(Array(3).fill('https://ecs.eu-west-1.amazonaws.com/'));
  expect(sent.map(({ headers }) => headers['x-amz-target'])).toEqual(['RunTask', 'DescribeTasks', 'StopTask'].map((name) => `AmazonEC2ContainerServiceV20141113.${name}`));
  expect(sent.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill(expect.stringContaining('/eu-west-1/ecs/aws4_request')));
  expect(sent.slice(1).map(({ body }) => JSON.parse(body!))).toEqual([{ cluster: CLUSTER, tasks: [ARN] }, { cluster: CLUSTER, task: ARN, reason: 'enough' }]);
});

test('the endpoint of ECS can be replaced', async () => {
  const { ecs, sent } = answering({}, 200, { AWS_ENDPOINT_URL_ECS: 'http://localhost:4566' });
  await ecs.describeTask(ARN);

  expect(sent[0].url).toBe('http://localhost:4566/');
});

test.each([
  [{}, 'ECS started no task and gave no reason'],
  [{ tasks: [], failures: [{}] }, 'ECS started no task and gave no reason'],
  [{ tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] }, 'RESOURCE:CPU'],
  [{ tasks: [], failures: [{ detail: 'only this' }] }, 'only this'],
  [{ failures: [{ reason: 'one', detail: 'in full' }, { reason: 'two' }] }, 'one: in full; two'],
  [{ failures: [{ reason: 'with the-secret' }] }, 'with [redacted]'],
])('a RunTask answer without a task means that ECS could not place the task: %j', async (answer, message) => {
  await expect(answering(answer).ecs.runTask()).rejects.toEqual(new NotPlaced(message));
});

test.each([{}, { tasks: [] }, { tasks: [], failures: [{ arn: ARN, reason: 'MISSING' }] }])('a task that ECS does not know is undefined: %j', async (answer) => {
  expect(await answering(answer).ecs.describeTask(ARN)).toBeUndefined();
});

test('if ECS knows the client token from another request, its error identifies the task', async () => {
  expect(await answering({ __type: 'ConflictException', resourceIds: [ARN] }, 400).ecs.runTask()).toEqual({ taskArn: ARN });
});

test.each([
  { __type: 'ConflictException' },
  { __type: 'ConflictException', resourceIds: [] },
  { __type: 'ConflictException', resourceIds: [7] },
  { __type: 'ConflictException', resourceIds: ARN },
  { __type: 'ClientException', resourceIds: [ARN] },
])('no other error identifies a task: %j', async (answer) => {
  await expect(answering(answer, 400).ecs.runTask()).rejects.toThrow(new AwsError('ecs:RunTask', answer.__type, answer.__type, 400));
});

const refusal = (code: string, message = code, status = 400) => new AwsError('ecs:RunTask', code, message, status);
const ec2 = (code: string) => `Error retrieving subnet information: no (ErrorCode: ${code})`;

test.each<[Error, Trouble['kind'], string]>([
  [refusal('AccessDeniedException', 'no'), 'denied', 'AccessDeniedException: no'],
  [refusal('ClientException', "ECS was unable to assume the role 'x'"), 'denied', "ClientException: ECS was unable to assume the role 'x'"],
  [refusal('InvalidParameterException', 'Unable to assume the service linked role.'), 'denied', 'InvalidParameterException: Unable to assume the service linked role.'],
  [refusal('InvalidParameterException', 'no Service-Linked Role yet'), 'denied', 'InvalidParameterException: no Service-Linked Role yet'],
  [refusal('ThrottlingException'), 'throttled', 'ThrottlingException'],
  [refusal('ServerException', 'oh'), 'unavailable', 'ServerException: oh'],
  [refusal('Strange', 'oh', 503), 'unavailable', 'Strange: oh'],
  [refusal('InvalidParameterException', ec2('RequestLimitExceeded')), 'throttled', `InvalidParameterException: ${ec2('RequestLimitExceeded')}`],
  [refusal('InvalidParameterException', ec2('UnauthorizedOperation')), 'denied', `InvalidParameterException: ${ec2('UnauthorizedOperation')}`],
  [refusal('InvalidParameterException', ec2('InvalidSubnetID.NotFound')), 'refused', `InvalidParameterException: ${ec2('InvalidSubnetID.NotFound')}`],
  [refusal('InvalidParameterException', 'RequestLimitExceeded is no code here'), 'refused', 'InvalidParameterException: RequestLimitExceeded is no code here'],
  [refusal('ClusterNotFoundException'), 'refused', 'ClusterNotFoundException'],
  [new NotPlaced('RESOURCE:CPU'), 'noPlace', 'RESOURCE:CPU'],
])('the error %p is trouble of the kind %s', (error, kind, message) => {
  expect(troubleOf(error)).toEqual({ kind, action: 'ecs:RunTask', message });
});

test('a network error is trouble without an action', () => {
  expect(troubleOf(new NetworkError('read ECONNRESET'))).toEqual({ kind: 'unavailable', message: 'read ECONNRESET' });
});

test('an unexpected error is not attributed to ECS', () => {
  expect(() => troubleOf(new Error('a bug'))).toThrow('a bug');
});

test.each<[Trouble['kind'], number]>([['denied', 60_000], ['throttled', 60_000], ['unavailable', 60_000], ['noPlace', 60_000], ['refused', 0]])(
  'trouble of the kind %s is retried for up to %d ms', (kind, ms) => {
    expect(patience({ kind, message: '' })).toBe(ms);
  });

function answering(answer: object, status = 200, more: Record<string, string> = {}) {
  const sent: HttpRequest[] = [];
  const { clock, random, print, env } = new Simulation();
  const runtime = {
    clock,
    random,
    print,
    env: { ...env, ...more },
    send: async (request: HttpRequest) => {
      sent.push(request);
      return { status, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
    },
  };
  return { sent, ecs: ecsClient(runtime, (text) => text.replaceAll('the-secret', '[redacted]'), parse(openRequest(event()))) };
}
