import { ACCOUNT, event, REGION, REPOSITORY_URI, RESPONSE_URL, STACK_ID } from './simulation';
import { MalformedRequest, openRequest, parse } from '../../../src/guard/handler/request';

test('the envelope', () => {
  expect(openRequest(event({ RequestType: 'Update', PhysicalResourceId: 'id' }))).toMatchObject({
    requestType: 'Update',
    responseUrl: RESPONSE_URL,
    requestId: '9d4c1c8f-93b1-4a1e-8f57-6f5d8c0a2b11',
    logicalId: 'ApiGuard1A2B3C4D',
    physicalId: 'id',
    stack: { id: STACK_ID, name: 'Service', partition: 'aws', region: REGION, account: ACCOUNT },
  });
});

test('a present request', () => {
  const question = parse(openRequest(event({}, {
    VersionKind: 'movingTag',
    VersionValue: 'main',
    Nonce: 'n',
    Platforms: ['LINUX/X86_64', 'WINDOWS_SERVER_2022_CORE/X86_64', 'LINUX/RISCV'],
    SingleManifest: 'true',
    WhenMissing: 'waitFor',
    WaitSeconds: '90',
    TaskCounts: ['0', '3'],
    ParameterName: 'Service:ImageTag',
  })));

  expect(question).toEqual({
    repository: { name: 'app', uri: REPOSITORY_URI, account: ACCOUNT, region: REGION, domain: 'amazonaws.com' },
    version: { kind: 'movingTag', value: 'main' },
    imageId: { imageTag: 'main' },
    nonce: 'n',
    platforms: [
      { task: 'LINUX/X86_64', image: 'linux/amd64' },
      { task: 'WINDOWS_SERVER_2022_CORE/X86_64', image: 'windows/amd64' },
      { task: 'LINUX/RISCV', image: undefined },
    ],
    singleManifest: true,
    whenMissing: 'waitFor',
    waitMs: 90_000,
    taskCounts: [0, 3],
    serviceStack: 'Service',
    registryStack: 'Service/Registry',
    parameterName: 'Service:ImageTag',
  });
});

test('an old request: repository and version are all it takes', () => {
  const question = parse(openRequest({ ...event(), ResourceProperties: { RepositoryName: 'team/app', VersionValue: 'v1' } }));

  expect(question).toEqual({
    repository: { name: 'team/app', uri: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/team/app`, account: ACCOUNT, region: REGION, domain: 'amazonaws.com' },
    version: { kind: 'tag', value: 'v1' },
    imageId: { imageTag: 'v1' },
    nonce: '',
    platforms: [],
    singleManifest: false,
    whenMissing: 'fail',
    waitMs: 0,
    taskCounts: [],
    serviceStack: 'Service',
    registryStack: undefined,
    parameterName: undefined,
  });
});

test.each([
  ['tag', 'v1', { imageTag: 'v1' }],
  ['movingTag', 'latest', { imageTag: 'latest' }],
  ['digest', 'sha256:abc', { imageDigest: 'sha256:abc' }],
  ['parameter', 'v1', { imageTag: 'v1' }],
  ['parameter', 'sha256:abc', { imageDigest: 'sha256:abc' }],
  ['parameter', '', undefined],
])('%s %j is looked up by %j', (VersionKind, VersionValue, imageId) => {
  expect(parse(openRequest(event({}, { VersionKind, VersionValue }))).imageId).toEqual(imageId);
});

test.each([
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app', 'amazonaws.com.cn'],
  ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/app', 'amazonaws.eu'],
  ['localhost:4566/app', 'amazonaws.com'],
  ['evil.example/1.dkr.ecr.eu-west-1.evil.example/app', 'amazonaws.com'],
])('the services of %s are in %s', (RepositoryUri, domain) => {
  expect(parse(openRequest(event({}, { RepositoryUri }))).repository.domain).toBe(domain);
});

test.each([
  ['WaitSeconds', 'soon', { waitMs: 0 }],
  ['WaitSeconds', '-5', { waitMs: 0 }],
  ['WaitSeconds', 60, { waitMs: 0 }],
  ['TaskCounts', '2', { taskCounts: [] }],
  ['TaskCounts', ['2', 'x', 3, '-1', '1.5', ''], { taskCounts: [2] }],
  ['Platforms', 'LINUX/X86_64', { platforms: [] }],
  ['SingleManifest', 'false', { singleManifest: false }],
  ['WhenMissing', '', { whenMissing: 'fail' }],
])('%s %j is taken for %j', (name, value, expected) => {
  expect(parse(openRequest(event({}, { [name]: value })))).toMatchObject(expected);
});

test.each([
  ['VersionValue', ''],
  ['VersionValue', undefined],
  ['RepositoryName', ''],
  ['RepositoryName', 7],
  ['RegistryRegion', 'evil.example/'],
  ['RegistryRegion', 'evil.example/eu-west-1'],
  ['VersionKind', 'branch'],
  ['WhenMissing', 'shrug'],
])('%s %j is refused by name', (name, value) => {
  const malformed = openRequest(event({}, { [name]: value }));

  expect(() => parse(malformed)).toThrow(MalformedRequest);
  expect(() => parse(malformed)).toThrow(new RegExp(name === 'RegistryRegion' ? 'region' : name));
});

test('what is neither Create nor Update is refused', () => {
  expect(() => parse(openRequest(event({ RequestType: 'Poke' })))).toThrow('the request is neither Create, Update nor Delete: "Poke"');
});

test.each([undefined, null, 'x', 7, [], {}])('properties %j are refused, not stumbled over', (ResourceProperties) => {
  expect(() => parse(openRequest({ ...event(), ResourceProperties }))).toThrow(MalformedRequest);
});

test.each(['http://127.0.0.1:8080/x?y', 'https://x/'])('%s is a usable ResponseURL', (ResponseURL) => {
  expect(openRequest(event({ ResponseURL })).responseUrl).toBe(ResponseURL);
});

describe('the tag that marks what is released', () => {
  const releaseTag = (ReleaseTagName: string, overrides: object = {}) => parse(openRequest(event(overrides, { ReleaseTagName }))).releaseTag;

  test('is readable, valid and short enough for a suffix', () => {
    expect(releaseTag('Service-Api')).toMatch(/^deployed-Service-Api-[0-9a-f]{8}$/);
    expect(releaseTag('Prod/Api é')).toMatch(/^deployed-Prod-Api---[0-9a-f]{8}$/);
    expect(`${releaseTag('x'.repeat(500))}-previous`.length).toBeLessThanOrEqual(128);
    expect(releaseTag('')).toBeUndefined();
  });

  test('is not shared by guards of other accounts, regions, stacks or paths', () => {
    const stack = (region: string, account: string, name: string) => ({ StackId: `arn:aws:cloudformation:${region}:${account}:stack/${name}/uuid` });
    const tags = [
      {},
      { LogicalResourceId: 'Other' },
      stack('us-east-1', ACCOUNT, 'Service'),
      stack(REGION, '999988887777', 'Service'),
      stack(REGION, ACCOUNT, 'Other'),
      { ...stack(REGION, ACCOUNT, 'ServiceA'), LogicalResourceId: 'pi' },
      { ...stack(REGION, ACCOUNT, 'Service'), LogicalResourceId: 'Api' },
    ].map((overrides) => releaseTag('api', overrides));

    expect(new Set(tags).size).toBe(tags.length);
    expect(releaseTag('api')).toBe(tags[0]);
  });
});

test.each([undefined, '', 'x', 'ftp://x/', 'file:///etc/passwd', 7])('without a usable ResponseURL (%j) there is nobody to answer to', (ResponseURL) => {
  expect(() => openRequest(event({ ResponseURL }))).toThrow('the request has no ResponseURL to answer to');
});

test.each([undefined, null, 'x', 7, []])('nor in %j', (request) => {
  expect(() => openRequest(request)).toThrow(MalformedRequest);
});

test('a stack id that is none leaves gaps', () => {
  expect(openRequest(event({ StackId: 'x' })).stack).toEqual({ id: 'x', name: '', partition: 'aws', region: '', account: '' });
  expect(openRequest(event({ StackId: {} })).stack.id).toBe('');
});
