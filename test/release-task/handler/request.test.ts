import { event, properties, STACK_ID } from './simulation';
import { openRequest } from '../../../src/handler/request';
import { parse, sentAt } from '../../../src/release-task/handler/request';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const parsed = (given: Record<string, unknown>, overrides: object = {}) => parse(openRequest(event({ RequestId: 'request', ...overrides, ResourceProperties: given })));

const LEAST = { ImageDigest: DIGEST, Cluster: 'cluster', TaskDefinition: 'family:1', ContainerName: 'app' };

test('properties that an older library version does not send have defaults', () => {
  expect(parsed(LEAST)).toEqual({
    imageDigest: DIGEST,
    releaseKey: expect.stringMatching(/^[\w-]{8}$/),
    rerunForEarlierReleases: false,
    cluster: 'cluster',
    taskDefinition: 'family:1',
    containerName: 'app',
    subnets: [],
    securityGroups: [],
    assignPublicIp: 'DISABLED',
    platformVersion: undefined,
    timeoutMs: 600_000,
    logs: undefined,
    failureLogLines: 0,
    secretNames: [],
    region: 'eu-west-1',
    domain: 'amazonaws.com',
    serviceStack: 'Shop',
    clientToken: expect.stringMatching(/^[0-9a-f]{64}$/),
    startedBy: expect.stringMatching(/^release-task-[0-9a-f]{20}$/),
  });
});

test('every property in a request is used', () => {
  const given = properties({
    RerunForEarlierReleases: 'true', AssignPublicIp: 'ENABLED', PlatformVersion: '1.4.0', TimeoutSeconds: '60', LogRegion: 'eu-north-1', UrlSuffix: 'amazonaws.com.cn',
  });

  expect(parsed(given)).toMatchObject({
    rerunForEarlierReleases: true,
    cluster: given.Cluster,
    taskDefinition: given.TaskDefinition,
    containerName: 'app',
    subnets: ['subnet-1', 'subnet-2'],
    securityGroups: ['sg-1'],
    assignPublicIp: 'ENABLED',
    platformVersion: '1.4.0',
    timeoutMs: 60_000,
    logs: { group: 'MigrationLogs', region: 'eu-north-1', streamPrefix: 'release' },
    failureLogLines: 20,
    secretNames: ['DATABASE_URL'],
    domain: 'amazonaws.com.cn',
    serviceStack: 'Prod/Shop',
  });
});

test('a log group is in the region of the stack unless the request names another region', () => {
  expect(parsed({ ...LEAST, LogGroup: 'Logs', LogStreamPrefix: 'x' }).logs).toEqual({ group: 'Logs', region: 'eu-west-1', streamPrefix: 'x' });
});

test('the release key depends on the image, the entry point, and the command, including its word boundaries', () => {
  const keys = [
    {},
    { ImageDigest: DIGEST.replace('0', 'f') },
    { Command: ['a', 'b'] },
    { Command: ['a b'] },
    { EntryPoint: ['a', 'b'] },
    { EntryPoint: ['a'], Command: ['b'] },
    { EntryPoint: ['b'], Command: ['a'] },
  ].map((given) => parsed({ ...LEAST, ...given }).releaseKey);

  expect(new Set(keys).size).toBe(keys.length);
});

test('two requests never share a client token, and two deliveries of one request do', () => {
  const tokens = [
    {},
    { RequestId: 'other' },
    { LogicalResourceId: 'other' },
    { StackId: `${STACK_ID}0` },
    { LogicalResourceId: 'a', RequestId: 'bc' },
    { LogicalResourceId: 'ab', RequestId: 'c' },
  ].map((overrides) => parsed(LEAST, overrides).clientToken);

  expect(new Set(tokens).size).toBe(tokens.length);
  expect(parsed({ ...LEAST, Subnets: ['other'] }).clientToken).toBe(tokens[0]);
});

test.each([
  `x${DIGEST}`,
  `${DIGEST}0`,
  DIGEST.slice(0, -1),
  DIGEST.toUpperCase(),
  'v1',
  '',
  undefined,
])('%j is not a digest, so it is refused', (ImageDigest) => {
  expect(() => parsed({ ...LEAST, ImageDigest })).toThrow('the request specifies no released image: ImageDigest is not a digest');
});

test.each(['Cluster', 'TaskDefinition', 'ContainerName'])('an empty %s is refused', (name) => {
  expect(() => parsed({ ...LEAST, [name]: '' })).toThrow(`the request does not specify what to run: ${name} is empty`);
});

test.each([
  ['?X-Amz-Date=20261124T010203Z', Date.UTC(2026, 10, 24, 1, 2, 3)],
  ['?X-Amz-Expires=7200&X-Amz-Date=20261124T235959Z&X-Amz-Signature=x', Date.UTC(2026, 10, 24, 23, 59, 59)],
  ['', undefined],
  ['?X-Amz-Date=', undefined],
  ['?X-Amz-Date=120261124T010203Z', undefined],
  ['?X-Amz-Date=20261124T010203Z0', undefined],
  ['?X-Amz-Date=20261124T010203', undefined],
  ['?X-Amz-Date=20261324T010203Z', undefined],
  ['?X-Amz-Date=2026112aT010203Z', undefined],
])('the time at which a URL with the query %j was sent is %j', (query, expected) => {
  expect(sentAt(openRequest(event({ ResponseURL: `https://bucket.example/key${query}` })))).toBe(expected);
});
