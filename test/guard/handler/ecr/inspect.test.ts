import { createHash } from 'node:crypto';
import { EcrClient, ecrClient, ImageFailure, Manifest } from '../../../../src/guard/handler/ecr/client';
import { inspector } from '../../../../src/guard/handler/ecr/inspect';
import { Observation } from '../../../../src/guard/handler/observation';
import { parse } from '../../../../src/guard/handler/request';
import { openRequest } from '../../../../src/handler/request';
import { FIXTURES, FixtureName } from '../fixtures';
import { event, Fault, NO_IMAGE, Simulation } from '../simulation';

const WINDOWS = 'WINDOWS_SERVER_2022_CORE/X86_64';

/** Images and the platforms that they support, as a table. */
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
  ['indexOfIndexes', ['LINUX/X86_64'], { kind: 'found', doubt: "could not check the image's platform: an index within the index" }],
  ['indexWithoutPlatforms', ['LINUX/X86_64'], { kind: 'found', doubt: expect.stringContaining('an entry without a platform') }],
  ['dockerSchema1', ['LINUX/X86_64'], { kind: 'found', doubt: expect.stringContaining('a manifest of type application/vnd.docker.distribution.manifest.v1') }],
  ['buildxIndex', ['LINUX/RISCV'], { kind: 'found', doubt: "could not check the image's platform: platform LINUX/RISCV" }],
  ['indexOfIndexes', ['LINUX/RISCV', WINDOWS], { kind: 'found', doubt: expect.stringMatching(/: platform LINUX\/RISCV, an index within the index$/) }],
  ['buildxIndex', ['LINUX/RISCV', WINDOWS], { kind: 'wrongPlatform', lacking: ['windows/amd64'] }],
])('the image %s is inspected correctly for the platforms %j', async (name, Platforms, expected) => {
  const { look, digest } = registryWith(name, { Platforms });

  const observation = await look();
  expect(observation).toMatchObject({ digest, ...expected });
  expect('doubt' in expected || !('doubt' in observation) || observation.doubt === undefined).toBe(true);
});

test('an index for another platform is not scanned', async () => {
  const { look, digest } = registryWith('buildxIndex', { Platforms: ['LINUX/X86_64', WINDOWS] });

  expect(await look()).toEqual({ kind: 'wrongPlatform', digest, offered: ['linux/amd64', 'linux/arm64'], lacking: ['windows/amd64'] });
});

test.each<FixtureName>(['buildxIndex', 'dockerImage', 'helmChart'])('without platforms and requirements, an image is found without reading its manifest, and no doubt is reported (%s)', async (name) => {
  const { aws, look, digest } = registryWith(name, { Platforms: [] });

  expect(await look()).toEqual({ kind: 'found', digest, images: [digest], doubt: undefined });
  expect(aws.actions).toEqual(['ecr:DescribeImages']);
});

test.each<[FixtureName, string[], string[]]>([
  ['buildxIndex', ['LINUX/ARM64'], ['linux/arm64']],
  ['buildxIndex', ['LINUX/ARM64', 'LINUX/X86_64'], ['linux/amd64', 'linux/arm64']],
  ['dockerList', [WINDOWS], ['windows/amd64', 'windows/amd64']],
])('the images to scan in %s for %j are those for %j', async (name, Platforms, platforms) => {
  const entries: Array<{ digest: string; platform: { os: string; architecture: string } }> = JSON.parse(FIXTURES[name].manifest).manifests;
  const observation = await registryWith(name, { Platforms }).look();

  expect(observation.kind === 'found' && observation.images.map((scanned) => {
    const { os, architecture } = entries.find(({ digest }) => digest === scanned)!.platform;
    return `${os}/${architecture}`;
  })).toEqual(platforms);
});

test.each<FixtureName>(['helmChart', 'cosignSignature', 'attestationOnly'])('without platforms, an artifact of any type is accepted, even if it must be signed (%s)', async (name) => {
  const { look, digest } = registryWith(name, { Platforms: [], Requirements: ['{"kind":"signed","profileArn":"arn","waitSeconds":0}'] });

  expect(await look()).toEqual({ kind: 'found', digest, images: [digest], doubt: undefined });
});

test('every image of an index must meet the requirements if no platform is required', async () => {
  const { look } = registryWith('buildxIndex', { Platforms: [], Requirements: ['{"kind":"signed","profileArn":"arn","waitSeconds":0}'] });

  expect(await look()).toMatchObject({ kind: 'found', images: [expect.any(String), expect.any(String)] });
});

test.each<[FixtureName, string[]]>([
  ['indexOfIndexes', ['LINUX/X86_64']],
  ['indexWithoutPlatforms', ['LINUX/X86_64']],
  ['buildxIndex', ['LINUX/RISCV']],
])('an index is scanned as a whole if its contents are unclear (%s for %j)', async (name, Platforms) => {
  const { look, digest } = registryWith(name, { Platforms });

  expect(await look()).toMatchObject({ kind: 'found', images: [digest] });
});

test('for a single manifest, the only image to scan is the image itself', async () => {
  const { look, digest } = registryWith('dockerImage');

  expect(await look()).toMatchObject({ images: [digest] });
});

test.each<[FixtureName, string[], string]>([
  ['buildxIndex', ['LINUX/X86_64'], 'index'],
  ['buildxOnePlatform', [], 'index'],
  ['dockerImage', ['LINUX/X86_64'], 'found'],
  ['dockerImage', [], 'found'],
  ['dockerImage', ['LINUX/ARM64'], 'wrongPlatform'],
])('if a single manifest is required, %s for %j is observed as %s', async (name, Platforms, kind) => {
  expect(await registryWith(name, { Platforms, SingleManifest: 'true' }).look()).toMatchObject({ kind });
});

test('a doubt is reported even if no platform is required', async () => {
  const image = JSON.parse(FIXTURES.dockerImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.acme.layer' });
  const aws = new Simulation();
  aws.push('v1', { fixture: { ...FIXTURES.dockerImage, manifest: JSON.stringify(image) } });

  expect(await lookAt(aws, { Platforms: [], SingleManifest: 'true' })).toMatchObject({ kind: 'found', doubt: expect.stringContaining('vnd.acme.layer') });
  expect(await lookAt(aws, { Platforms: ['LINUX/ARM64'] })).toMatchObject({ kind: 'wrongPlatform' });
});

test('a config without a platform causes a doubt', async () => {
  const manifest = JSON.parse(FIXTURES.dockerImage.manifest);
  manifest.config.digest = `sha256:${createHash('sha256').update('{}').digest('hex')}`;
  const aws = new Simulation();
  aws.push('v1', { fixture: { ...FIXTURES.dockerImage, manifest: JSON.stringify(manifest), config: '{}' } });

  expect(await lookAt(aws)).toMatchObject({ kind: 'found', doubt: expect.stringContaining('a config that states no platform') });
});

test('a config is verified by its bytes, even if they are not valid text', async () => {
  const bytes = Buffer.concat([Buffer.from('{"os":"linux","architecture":"amd64","comment":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  const manifest = JSON.parse(FIXTURES.dockerImage.manifest);
  manifest.config.digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const aws = new Simulation();
  const { send } = aws;
  aws.send = async (request) => request.method === 'GET' ? { status: 200, headers: {}, body: bytes } : send(request);
  aws.push('v1', { fixture: { ...FIXTURES.dockerImage, manifest: JSON.stringify(manifest) } });

  expect(await lookAt(aws)).toMatchObject({ kind: 'found', doubt: undefined });
});

test('a platform named like a property of JavaScript objects is unknown', async () => {
  for (const task of ['LINUX/constructor', 'LINUX/__proto__', 'toString/X86_64', 'LINUX', '']) {
    expect(await registryWith('dockerImage', { Platforms: [task] }).look()).toMatchObject({ kind: 'found', doubt: expect.stringContaining(`platform ${task}`) });
  }
});

test.each<[string, Fault, number]>([
  ['an error', { kind: 'error', status: 503, code: 'SlowDown' }, 503],
  ['a page from a proxy', { kind: 'garbage' }, 200],
])('%s is not mistaken for a config', async (_, fault, status) => {
  const { aws, look } = registryWith('dockerImage');
  aws.faults.registry.push(undefined, undefined, undefined, fault);

  expect(await look()).toEqual({ kind: 'unavailable', message: `the image config does not match its digest (HTTP ${status})` });
});

test.each(['ARCHIVED', 'ACTIVATING'] as const)('an image that is %s is distinguished from a missing image', async (status) => {
  const aws = new Simulation();
  aws.push('v1', { status });
  expect(await lookAt(aws)).toMatchObject({ kind: status.toLowerCase() });

  aws.showsArchivedUnasked = false;
  expect(await lookAt(aws)).toMatchObject({ kind: status.toLowerCase() });
  expect(await lookAt(aws, {}, false)).toEqual({ kind: 'missing' });
});

test('the manifest is requested by the digest of the tag, and indexes are accepted', async () => {
  const { aws, look, digest } = registryWith('buildxIndex');
  await look();

  expect(aws.calls[1].input).toMatchObject({
    imageIds: [{ imageDigest: digest }],
    acceptedMediaTypes: [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.oci.image.manifest.v1+json',
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

test('an answer without a digest means that the image is missing', async () => {
  const { look } = inspector(new Simulation(), { describeImage: async () => ({}) } as unknown as EcrClient, parse(openRequest(event())), noManifest);

  expect(await look({ imageTag: 'v1' }, true)).toEqual({ kind: 'missing' });
});

test('the archive is queried only in a thorough lookup, and only for an image that was not found', async () => {
  const asked: unknown[] = [];
  const ecr = { describeImage: async (...request: unknown[]) => { asked.push(request); return undefined; } } as unknown as EcrClient;
  const { look } = inspector(new Simulation(), ecr, parse(openRequest(event())), noManifest);
  await look({ imageTag: 'v1' }, false);
  await look({ imageTag: 'v2' }, true);

  expect(asked).toEqual([[{ imageTag: 'v1' }], [{ imageTag: 'v2' }], [{ imageTag: 'v2' }, { imageStatus: 'ANY' }]]);
});

test.each<[string, Manifest | ImageFailure | undefined, object]>([
  ['none', undefined, { kind: 'gone' }],
  ['one of an unknown type', { digest: 'sha256:1', text: '{}', mediaType: undefined }, { kind: 'found', doubt: expect.stringContaining('a manifest of type undefined') }],
  ['a failure', new ImageFailure('KmsError', 'key is disabled'), { kind: 'kms', action: 'ecr:BatchGetImage', message: 'KmsError: key is disabled' }],
])('if the manifest is %s, the observation says so', async (_, manifest, expected) => {
  const asked: unknown[] = [];
  const ecr = { describeImage: async () => ({ imageDigest: 'sha256:1' }) } as unknown as EcrClient;
  const { look } = inspector(new Simulation(), ecr, parse(openRequest(event())), async (digest) => { asked.push(digest); return manifest; });

  expect(await look({ imageTag: 'v1' }, true)).toMatchObject(expected);
  expect(asked).toEqual(['sha256:1']);
});

test('a failure is returned as an observation, not thrown', async () => {
  const ecr = { describeImage: async () => { throw new TypeError('x is not a function'); } } as unknown as EcrClient;
  const { look } = inspector(new Simulation(), ecr, parse(openRequest(event())), noManifest);

  expect(await look({ imageTag: 'v1' }, true)).toEqual({ kind: 'unexpected', message: 'TypeError: x is not a function' });
});

const noManifest = async () => undefined;

function registryWith(name: FixtureName, properties: object = {}) {
  const aws = new Simulation();
  const digest = aws.push('v1', { fixture: FIXTURES[name] });
  return { aws, digest, look: async () => lookAt(aws, properties) };
}

async function lookAt(aws: Simulation, properties: object = {}, thorough = true): Promise<Observation> {
  const question = parse(openRequest(event({}, properties)));
  const ecr = ecrClient(aws, (text) => text, question.repository);
  const { look } = inspector(aws, ecr, question, async (imageDigest) => (await ecr.getManifests([{ imageDigest }]))[0]);
  return aws.clock.until(look(question.imageId!, thorough));
}
