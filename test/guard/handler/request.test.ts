import { ACCOUNT, event, propertiesWith, REGION, REPOSITORY_URI, RESPONSE_URL, STACK_ID, update } from './simulation';
import { parse } from '../../../src/guard/handler/request';
import { MalformedRequest, openRequest } from '../../../src/handler/request';

const KEY = expect.stringMatching(/^[0-9a-f]{16}$/);

test('the envelope of a request is parsed', () => {
  expect(openRequest(update('id', { WaitSeconds: '90' }, { VersionValue: 'v0' }))).toEqual({
    type: 'Update',
    responseUrl: RESPONSE_URL,
    requestId: '9d4c1c8f-93b1-4a1e-8f57-6f5d8c0a2b11',
    logicalId: 'ApiGuard1A2B3C4D',
    physicalId: 'id',
    stack: { id: STACK_ID, name: 'Service', partition: 'aws', region: REGION, account: ACCOUNT },
    serviceTimeoutMs: 390_000,
    properties: propertiesWith({ WaitSeconds: '90' }),
    oldProperties: propertiesWith({ VersionValue: 'v0' }),
  });
});

test('a request of the current version is parsed', () => {
  const question = parse(openRequest(event({}, {
    VersionKind: 'movingTag',
    VersionValue: 'main',
    Nonce: 'n',
    Platforms: ['LINUX/X86_64', 'WINDOWS_SERVER_2022_CORE/X86_64', 'LINUX/RISCV'],
    SingleManifest: 'true',
    Requirements: [
      '{"kind":"scanned","failOn":"HIGH","onlyFixable":false,"accepted":[],"waitSeconds":300}',
      '{"kind":"signed","profileArn":"arn","waitSeconds":60}',
    ],
    WhenMissing: 'waitFor',
    WaitSeconds: '90',
    TaskCounts: ['0', '3'],
    ParameterName: 'Service:ImageTag',
  })));

  expect(question).toEqual({
    repository: { name: 'app', uri: REPOSITORY_URI, account: ACCOUNT, region: REGION, domain: 'amazonaws.com' },
    version: { kind: 'movingTag', value: 'main' },
    imageId: { imageTag: 'main' },
    imageTag: 'main',
    platforms: [
      { task: 'LINUX/X86_64', image: 'linux/amd64' },
      { task: 'WINDOWS_SERVER_2022_CORE/X86_64', image: 'windows/amd64' },
      { task: 'LINUX/RISCV', image: undefined },
    ],
    singleManifest: true,
    requirements: [{ kind: 'scanned', failOn: 'HIGH', onlyFixable: false, accepted: [], waitSeconds: 300 }, { kind: 'signed', profileArn: 'arn', waitSeconds: 60 }],
    requirementsWaitMs: 300_000,
    hasOtherNeeds: false,
    whenMissing: 'waitFor',
    waitMs: 90_000,
    taskCounts: ['0', '3'],
    serviceStack: 'Service',
    registryStack: 'Service/Registry',
    parameterName: 'Service:ImageTag',
    releaseTag: undefined,
    key: KEY,
    legacyKey: KEY,
    legacyAbsence: 'none-1b16b1df',
  });
});

test('a request of an old version needs only a repository and a version', () => {
  const question = parse(openRequest({ ...event(), ResourceProperties: { RepositoryName: 'team/app', VersionValue: 'v1' } }));

  expect(question).toEqual({
    repository: { name: 'team/app', uri: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/team/app`, account: ACCOUNT, region: REGION, domain: 'amazonaws.com' },
    version: { kind: 'tag', value: 'v1' },
    imageId: { imageTag: 'v1' },
    imageTag: 'v1',
    platforms: [],
    singleManifest: false,
    requirements: [],
    requirementsWaitMs: 0,
    hasOtherNeeds: false,
    whenMissing: 'fail',
    waitMs: 0,
    taskCounts: [],
    serviceStack: 'Service',
    registryStack: undefined,
    parameterName: undefined,
    releaseTag: undefined,
    key: KEY,
    legacyKey: KEY,
    legacyAbsence: 'none',
  });
});

test.each([
  ['tag', 'v1', { imageTag: 'v1' }],
  ['movingTag', 'latest', { imageTag: 'latest' }],
  ['digest', 'sha256:abc', { imageDigest: 'sha256:abc' }],
  ['parameter', 'v1', { imageTag: 'v1' }],
  ['parameter', 'sha256:abc', { imageDigest: 'sha256:abc' }],
  ['parameter', 'v1@sha256:abc', { imageDigest: 'sha256:abc' }],
  ['parameter', '@sha256:abc', { imageTag: '@sha256:abc' }],
  ['tag', 'sha256:abc', { imageTag: 'sha256:abc' }],
  ['tag', 'v1@sha256:abc', { imageTag: 'v1@sha256:abc' }],
  ['parameter', '', undefined],
])('%s %j is looked up by %j', (VersionKind, VersionValue, imageId) => {
  expect(parse(openRequest(event({}, { VersionKind, VersionValue }))).imageId).toEqual(imageId);
});

test.each([
  ['tag', 'v1', 'v1'],
  ['movingTag', 'latest', 'latest'],
  ['digest', 'sha256:abc', ''],
  ['parameter', 'v1', 'v1'],
  ['parameter', 'v1@sha256:abc', 'v1'],
  ['parameter', 'sha256:abc', ''],
  ['parameter', '', ''],
])('%s %j is shown to users as %j', (VersionKind, VersionValue, imageTag) => {
  expect(parse(openRequest(event({}, { VersionKind, VersionValue }))).imageTag).toBe(imageTag);
});

test.each([
  ['300', 300_000],
  [300, 300_000],
  ['1', 1_000],
  ['3600', 3_600_000],
  ['3601', 3_600_000],
  ['0', 3_600_000],
  ['-1', 3_600_000],
  ['soon', 3_600_000],
  [{}, 3_600_000],
  [{ toString: null }, 3_600_000],
  [undefined, 3_600_000],
])('with the timeout %j, CloudFormation gives up after the timeout, or by default after one hour', (ServiceTimeout, ms) => {
  expect(openRequest(event({}, { ServiceTimeout })).serviceTimeoutMs).toBe(ms);
});

test.each([
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app', 'amazonaws.com.cn'],
  ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/app', 'amazonaws.eu'],
  ['localhost:4566/app', 'amazonaws.com'],
  ['evil.example/1.dkr.ecr.eu-west-1.evil.example/app', 'amazonaws.com'],
])('the AWS services for %s are in the domain %s', (RepositoryUri, domain) => {
  expect(parse(openRequest(event({}, { RepositoryUri }))).repository.domain).toBe(domain);
});

test.each([
  ['WaitSeconds', 'soon', { waitMs: 0 }],
  ['WaitSeconds', '-5', { waitMs: 0 }],
  ['WaitSeconds', 60, { waitMs: 0 }],
  ['TaskCounts', '2', { taskCounts: [] }],
  ['TaskCounts', ['2', '0', '12345678901234567890'], { taskCounts: ['2', '0', '12345678901234567890'] }],
  ['Platforms', 'LINUX/X86_64', { platforms: [] }],
  ['SingleManifest', 'false', { singleManifest: false }],
  ['WhenMissing', '', { whenMissing: 'fail' }],
])('the property %s with the value %j is parsed as %j', (name, value, expected) => {
  expect(parse(openRequest(event({}, { [name]: value })))).toMatchObject(expected);
});

const NAMED_OTHERWISE: Readonly<Record<string, string>> = { RegistryRegion: 'region', Requirements: 'requirement|kind' };

test.each([
  ['VersionValue', ''],
  ['VersionValue', undefined],
  ['RepositoryName', ''],
  ['RepositoryName', 7],
  ['RegistryRegion', 'evil.example/'],
  ['RegistryRegion', 'evil.example/eu-west-1'],
  ['VersionKind', 'branch'],
  ['WhenMissing', 'shrug'],
  ['Requirements', ['{']],
  ['Requirements', ['{"kind":"blessed"}']],
  ['Requirements', ['{"kind":"signed","waitSeconds":0}']],
  ['Requirements', ['{"kind":"signed","profileArn":"arn"}']],
  ['Requirements', ['{"kind":"scanned","failOn":"constructor","accepted":[],"waitSeconds":0}']],
  ['Requirements', ['{"kind":"scanned","failOn":"HIGH","accepted":null,"waitSeconds":0}']],
  ['TaskCounts', ['2', 'x']],
  ['TaskCounts', [3]],
  ['TaskCounts', ['-1']],
  ['TaskCounts', ['1.5']],
  ['TaskCounts', ['']],
  ['TaskCounts', ['1\n']],
])('the property %s with the value %j is refused, and the error names the property', (name, value) => {
  const malformed = openRequest(event({}, { [name]: value }));

  expect(() => parse(malformed)).toThrow(MalformedRequest);
  expect(() => parse(malformed)).toThrow(new RegExp(NAMED_OTHERWISE[name] ?? name));
});

test('an error message shows the invalid value, but limits its length', () => {
  const shownFor = (WhenMissing: unknown) => {
    try {
      parse(openRequest(event({}, { WhenMissing })));
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  expect(shownFor('x'.repeat(5_000))).toBe(`the request was made by a newer version of the library (WhenMissing is "${'x'.repeat(99)}): deploy with that version`);
  expect(() => parse(openRequest(event({}, { TaskCounts: [undefined] })))).toThrow(/TaskCounts has nothing$/);
});

test('a request type other than Create, Update, or Delete is refused', () => {
  expect(() => parse(openRequest(event({ RequestType: 'Poke' })))).toThrow('the request is not a Create, Update, or Delete: "Poke"');
});

test.each([undefined, null, 'x', 7, [], {}])('the properties %j are refused with a clear error', (ResourceProperties) => {
  expect(() => parse(openRequest({ ...event(), ResourceProperties }))).toThrow(MalformedRequest);
});

test.each(['http://127.0.0.1:8080/x?y', 'https://x/'])('%s is a valid ResponseURL', (ResponseURL) => {
  expect(openRequest(event({ ResponseURL })).responseUrl).toBe(ResponseURL);
});

describe('the release tag', () => {
  const releaseTag = (ReleaseTagName: string, overrides: object = {}) => parse(openRequest(event(overrides, { ReleaseTagName }))).releaseTag;

  test('is readable, valid, and short enough for a suffix', () => {
    expect(releaseTag('Service-Api')).toMatch(/^deployed-Service-Api-[0-9a-f]{8}$/);
    expect(releaseTag('Prod/Api é')).toMatch(/^deployed-Prod-Api---[0-9a-f]{8}$/);
    expect(`${releaseTag('x'.repeat(500))}-previous`.length).toBeLessThanOrEqual(128);
    expect(releaseTag('')).toBeUndefined();
  });

  test('has the prefix of contract 2 if the request uses contract 2', () => {
    expect(parse(openRequest(event({}, { PinName: 'api' }))).releaseTag).toMatch(/^pinned-api-[0-9a-f]{8}$/);
    expect(parse(openRequest(event({}, { PinName: 'old', ReleaseTagName: 'api' }))).releaseTag).toMatch(/^deployed-api-[0-9a-f]{8}$/);
  });

  test('is different for guards in other accounts, regions, or stacks, or at other paths', () => {
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

describe('the key of a request', () => {
  const keyOf = (properties: object = {}) => parse(openRequest(event({}, properties))).key;
  const meaningOf = (properties: object = {}) => keyOf(properties).slice(0, 8);

  test('is the same for the same properties, regardless of their order and of the function', () => {
    const properties = propertiesWith({});
    const reversed = Object.fromEntries(Object.entries(properties).reverse());

    expect(parse(openRequest({ ...event(), ResourceProperties: reversed })).key).toBe(keyOf());
    expect(keyOf({ ServiceToken: 'another', ServiceTimeout: '7' })).toBe(keyOf());
  });

  test.each([
    { VersionValue: 'v2' }, { VersionKind: 'parameter' }, { RepositoryUri: 'x/app' }, { RepositoryName: 'x' }, { RegistryId: '1' }, { RegistryRegion: 'x' },
    { Platforms: ['LINUX/ARM64'] }, { SingleManifest: 'true' }, { Requirements: ['{"kind":"signed","profileArn":"arn","waitSeconds":0}'] },
  ])('changes in both halves with %j', (properties) => {
    expect(meaningOf(properties)).not.toBe(meaningOf());
    expect(keyOf(properties).slice(8)).not.toBe(keyOf().slice(8));
  });

  test.each([{ TaskCounts: ['7'] }, { Nonce: 'n' }, { WaitSeconds: '7' }, { ContractVersion: '4' }, { Later: 'x' }, { ReleaseTagName: 'x' }])(
    'changes only in its second half with %j', (properties) => {
      expect(meaningOf(properties)).toBe(meaningOf());
      expect(keyOf(properties)).not.toBe(keyOf());
    });

  test('depends on the nonce of a moving tag', () => {
    const moving = (Nonce: string) => meaningOf({ VersionKind: 'movingTag', Nonce });

    expect(moving('1')).not.toBe(moving('2'));
    expect(moving('1')).toBe(moving('1'));
  });

  test('is also known in the form that contract 2 recorded', () => {
    for (const ContractVersion of ['1', '2', '3', undefined]) {
      const { legacyKey, legacyAbsence } = parse(openRequest(event({}, { ContractVersion, Nonce: 'attempt 1', Platforms: ['LINUX/ARM64'] })));

      expect({ legacyKey, legacyAbsence }).toEqual({ legacyKey: '1428044d71f71974', legacyAbsence: 'none-b16dffff' });
    }
  });
});

test.each([undefined, '', 'x', 'ftp://x/', 'file:///etc/passwd', 7])('without a valid ResponseURL (%j), nobody can receive the response', (ResponseURL) => {
  expect(() => openRequest(event({ ResponseURL }))).toThrow('the request has no ResponseURL');
});

test.each([undefined, null, 'x', 7, []])('nobody can receive the response to the malformed request %j', (request) => {
  expect(() => openRequest(request)).toThrow(MalformedRequest);
});

test('the fields derived from an invalid stack ID are empty', () => {
  expect(openRequest(event({ StackId: 'x' })).stack).toEqual({ id: 'x', name: '', partition: 'aws', region: '', account: '' });
  expect(openRequest(event({ StackId: {} })).stack.id).toBe('');
});
