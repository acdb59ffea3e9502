import { createHash } from 'node:crypto';
import { FIXTURES, FixtureName } from '../fixtures';
import { event, Fault, NO_IMAGE, Simulation } from '../simulation';
import { AwsError, registryClient } from '../../../../src/guard/handler/runtime/aws-client';
import { NetworkError } from '../../../../src/guard/handler/runtime/http';
import { Observation } from '../../../../src/guard/handler/observation';
import { observer, troubleOf } from '../../../../src/guard/handler/ecr/inspect';
import { openRequest, parse } from '../../../../src/guard/handler/request';

const WINDOWS = 'WINDOWS_SERVER_2022_CORE/X86_64';

/** Which images run on what, as a table. */
test.each<[FixtureName, string[], object]>([
  ['buildxIndex', ['LINUX/X86_64'], { kind: 'found' }],
  ['buildxIndex', ['LINUX/X86_64', 'LINUX/ARM64'], { kind: 'found' }],
  ['buildxIndex', [WINDOWS], { kind: 'wrongPlatform', offered: ['linux/amd64', 'linux/arm64'], lacking: ['windows/amd64'] }],
  ['buildxOnePlatform', ['LINUX/X86_64'], { kind: 'found' }],
  ['buildxOnePlatform', ['LINUX/ARM64'], { kind: 'wrongPlatform', offered: ['linux/amd64'], lacking: ['linux/arm64'] }],
  ['ociIndex', ['LINUX/ARM64'], { kind: 'found' }],
  ['dockerList', [WINDOWS], { kind: 'found' }],
  ['dockerList', ['LINUX/X86_64', 'LINUX/ARM64'], { kind: 'wrongPlatform', lacking: ['linux/arm64'] }],
  ['ociImage', ['LINUX/ARM64'], { kind: 'found' }],
  ['ociImage', ['LINUX/X86_64'], { kind: 'wrongPlatform', offered: ['linux/arm64'], lacking: ['linux/amd64'] }],
  ['dockerImage', ['LINUX/X86_64'], { kind: 'found' }],
  ['windowsImage', [WINDOWS], { kind: 'found' }],
  ['windowsImage', ['LINUX/X86_64'], { kind: 'wrongPlatform', offered: ['windows/amd64'], lacking: ['linux/amd64'] }],
  ['helmChart', ['LINUX/X86_64'], { kind: 'notAnImage', what: 'a Helm chart' }],
  ['attestationOnly', ['LINUX/X86_64'], { kind: 'notAnImage' }],
  ['indexOfIndexes', ['LINUX/X86_64'], { kind: 'found', doubt: 'it could not be checked what the image runs on: an index within the index' }],
  ['indexWithoutPlatforms', ['LINUX/X86_64'], { kind: 'found', doubt: expect.stringContaining('an entry without a platform') }],
  ['dockerSchema1', ['LINUX/X86_64'], { kind: 'found', doubt: expect.stringContaining('a manifest of type application/vnd.docker.distribution.manifest.v1') }],
  ['buildxIndex', ['LINUX/RISCV'], { kind: 'found', doubt: 'it could not be checked what the image runs on: platform LINUX/RISCV' }],
  ['indexOfIndexes', ['LINUX/RISCV', WINDOWS], { kind: 'found', doubt: expect.stringMatching(/: platform LINUX\/RISCV, an index within the index$/) }],
  ['buildxIndex', ['LINUX/RISCV', WINDOWS], { kind: 'wrongPlatform', lacking: ['windows/amd64'] }],
])('%s for %j', async (name, Platforms, expected) => {
  const { look, digest } = registryWith(name, { Platforms });

  expect(await look()).toMatchObject({ digest, ...expected });
});

test.each<[FixtureName, string[], string]>([
  ['buildxIndex', ['LINUX/X86_64'], 'index'],
  ['buildxOnePlatform', [], 'index'],
  ['dockerImage', ['LINUX/X86_64'], 'found'],
  ['dockerImage', [], 'found'],
  ['dockerImage', ['LINUX/ARM64'], 'wrongPlatform'],
])('where a single manifest is required, %s for %j is %s', async (name, Platforms, kind) => {
  expect(await registryWith(name, { Platforms, SingleManifest: 'true' }).look()).toMatchObject({ kind });
});

test('a doubt is not hidden where no platform is needed', async () => {
  const image = JSON.parse(FIXTURES.dockerImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.acme.layer' });
  const aws = new Simulation();
  aws.push('v1', { fixture: { ...FIXTURES.dockerImage, manifest: JSON.stringify(image) } });

  expect(await lookAt(aws, { Platforms: [], SingleManifest: 'true' })).toMatchObject({ kind: 'found', doubt: expect.stringContaining('vnd.acme.layer') });
  expect(await lookAt(aws, { Platforms: ['LINUX/ARM64'] })).toMatchObject({ kind: 'wrongPlatform' });
});

test('a config that says nothing is a doubt', async () => {
  const manifest = JSON.parse(FIXTURES.dockerImage.manifest);
  manifest.config.digest = `sha256:${createHash('sha256').update('{}').digest('hex')}`;
  const aws = new Simulation();
  aws.push('v1', { fixture: { ...FIXTURES.dockerImage, manifest: JSON.stringify(manifest), config: '{}' } });

  expect(await lookAt(aws)).toMatchObject({ kind: 'found', doubt: expect.stringContaining('a config that states no platform') });
});

test.each<[string, Fault, number]>([
  ['an error', { kind: 'error', status: 503, code: 'SlowDown' }, 503],
  ['a page of a proxy', { kind: 'garbage' }, 200],
])('%s is not taken for a config', async (_, fault, status) => {
  const { aws, look } = registryWith('dockerImage');
  aws.faults.registry.push(undefined, undefined, undefined, fault);

  expect(await look()).toEqual({ kind: 'unavailable', message: `what was served as the image's config (HTTP ${status}) is something else` });
});

test.each(['ARCHIVED', 'ACTIVATING'] as const)('an image that is %s is told from a missing one', async (status) => {
  const aws = new Simulation();
  aws.push('v1', { status });
  expect(await lookAt(aws)).toMatchObject({ kind: status.toLowerCase() });

  aws.showsArchivedUnasked = false;
  expect(await lookAt(aws)).toMatchObject({ kind: status.toLowerCase() });
  expect(await lookAt(aws, {}, false)).toEqual({ kind: 'missing' });
});

test('the manifest is asked for by the digest that the tag names, and indexes are accepted', async () => {
  const { aws, look, digest } = registryWith('buildxIndex');
  await look();

  expect(aws.calls[1].input).toMatchObject({
    imageIds: [{ imageDigest: digest }],
    acceptedMediaTypes: [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v2+json',
    ],
  });
});

test('the layer is fetched without credentials', async () => {
  const { aws, look } = registryWith('dockerImage');
  await look();

  expect(aws.calls[3].request).toMatchObject({ method: 'GET', headers: {} });
});

test('the digest that stands for no image is never found', async () => {
  const aws = new Simulation();
  aws.images.set(NO_IMAGE, { digest: NO_IMAGE, fixture: FIXTURES.buildxIndex, status: 'ACTIVE', pushedAt: 0 });

  expect(await lookAt(aws, { VersionKind: 'digest', VersionValue: NO_IMAGE })).toEqual({ kind: 'missing' });
});

test('an answer without images is a missing image', async () => {
  const { look } = observer(new Simulation(), async () => ({}) as never, parse(openRequest(event())));

  expect(await look({ imageTag: 'v1' }, true)).toEqual({ kind: 'missing' });
});

test.each([
  [{ images: [{}] }, { kind: 'found', digest: 'sha256:1', doubt: expect.stringContaining('a manifest of type undefined') }],
  [{ failures: [{ failureCode: 'ImageNotFound' }] }, { kind: 'missing' }],
  [{ failures: [{ failureCode: 'KmsError', failureReason: 'key is disabled' }] }, { kind: 'kms', message: 'KmsError: key is disabled' }],
  [{ failures: [{ failureCode: 'UpstreamAccessDenied', failureReason: 'no' }] }, { kind: 'upstream', message: 'UpstreamAccessDenied: no' }],
  [{ failures: [{ failureCode: 'UpstreamUnavailable' }] }, { kind: 'upstream', message: 'UpstreamUnavailable: no reason given' }],
  [{ failures: [{ failureCode: 'ImageInaccessible' }] }, { kind: 'unexpected', action: 'ecr:BatchGetImage', message: 'ImageInaccessible: no reason given' }],
  [{ failures: [] }, { kind: 'unexpected', action: 'ecr:BatchGetImage', message: 'NoImage: no reason given' }],
  [{}, { kind: 'unexpected', action: 'ecr:BatchGetImage', message: 'NoImage: no reason given' }],
])('a manifest that ECR does not give (%j)', async (answer, expected) => {
  const aws = new Simulation();
  const question = parse(openRequest(event()));
  const { look } = observer(aws, async (operation) => (operation === 'DescribeImages' ? { imageDetails: [{ imageDigest: 'sha256:1' }] } : answer) as never, question);

  expect(await look({ imageTag: 'v1' }, true)).toEqual(expected);
});

test.each([
  ['RepositoryNotFoundException', 400, 'repositoryMissing'],
  ['ImageNotFoundException', 400, 'missing'],
  ['AccessDeniedException', 400, 'denied'],
  ['AccessDenied', 403, 'denied'],
  ['UnauthorizedOperation', 403, 'denied'],
  ['BlockedByOrganizationPolicyException', 400, 'denied'],
  ['UnrecognizedClientException', 400, 'denied'],
  ['InvalidClientTokenId', 403, 'denied'],
  ['ExpiredTokenException', 400, 'denied'],
  ['KmsException', 400, 'kms'],
  ['UnableToGetUpstreamImageException', 400, 'upstream'],
  ['ThrottlingException', 400, 'throttled'],
  ['TooManyRequestsException', 400, 'throttled'],
  ['RequestLimitExceeded', 400, 'throttled'],
  ['LimitExceededException', 400, 'throttled'],
  ['SlowDown', 503, 'throttled'],
  ['HTTP429', 429, 'throttled'],
  ['ServerException', 500, 'unavailable'],
  ['ServiceUnavailable', 503, 'unavailable'],
  ['InternalFailure', 500, 'unavailable'],
  ['HTTP502', 502, 'unavailable'],
  ['Strange', 500, 'unavailable'],
  ['Strange', 499, 'unexpected'],
  ['NoSuchService', 400, 'unexpected'],
  ['InvalidParameterException', 400, 'refused'],
  ['ValidationException', 400, 'refused'],
  ['ImageArchivedException', 400, 'unexpected'],
  ['LayersNotFoundException', 400, 'unexpected'],
])('%s (HTTP %d) is %s', (code, status, kind) => {
  const trouble = troubleOf(new AwsError('ecr:DescribeImages', code, 'the message', status));

  expect(trouble).toEqual(kind.toLowerCase().includes('missing') ? { kind } : { kind, action: 'ecr:DescribeImages', message: `${code}: the message` });
});

test('a code is not said twice', () => {
  expect(troubleOf(new AwsError('ecr:DescribeImages', 'KmsException', 'KmsException', 400))).toMatchObject({ message: 'KmsException' });
});

test('other errors are named as they are', () => {
  expect(troubleOf(new NetworkError('read ECONNRESET'))).toEqual({ kind: 'unavailable', message: 'read ECONNRESET' });
  expect(troubleOf(new TypeError('x is not a function'))).toEqual({ kind: 'unexpected', message: 'TypeError: x is not a function' });
});

function registryWith(name: FixtureName, properties: object = {}) {
  const aws = new Simulation();
  const digest = aws.push('v1', { fixture: FIXTURES[name] });
  return { aws, digest, look: async () => lookAt(aws, properties) };
}

async function lookAt(aws: Simulation, properties: object = {}, thorough = true): Promise<Observation> {
  const question = parse(openRequest(event({}, properties)));
  return aws.clock.until(observer(aws, registryClient(aws, question.repository), question).look(question.imageId!, thorough));
}
