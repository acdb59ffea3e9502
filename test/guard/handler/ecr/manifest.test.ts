import { FIXTURES, FixtureName } from '../fixtures';
import { Contents, readConfig, readManifest } from '../../../../src/guard/handler/ecr/manifest';

const IMAGE = { kind: 'image', configDigest: expect.stringMatching(/^sha256:/), unclear: [] };

const EXPECTED: Record<FixtureName, object> = {
  buildxIndex: { kind: 'index', platforms: ['linux/amd64', 'linux/arm64'], unclear: [] },
  buildxOnePlatform: { kind: 'index', platforms: ['linux/amd64'], unclear: [] },
  ociIndex: { kind: 'index', platforms: ['linux/amd64', 'linux/arm', 'linux/arm64'], unclear: [] },
  dockerList: { kind: 'index', platforms: ['linux/amd64', 'linux/s390x', 'windows/amd64'], unclear: [] },
  ociImage: IMAGE,
  dockerImage: IMAGE,
  windowsImage: IMAGE,
  helmChart: { kind: 'artifact', what: 'a Helm chart' },
  cosignSignature: { kind: 'artifact', what: 'a signature' },
  sigstoreBundle: { kind: 'artifact', what: 'a signature' },
  cosignSbom: { kind: 'artifact', what: 'an SBOM' },
  orasSbom: { kind: 'artifact', what: 'an SBOM' },
  orasArtifact: { kind: 'artifact', what: 'an artifact of type application/vnd.acme.rocket.config.v1+json' },
  ociArtifact: { kind: 'artifact', what: 'an artifact of type application/vnd.acme.rocket.v1' },
  attestation: { kind: 'artifact', what: 'an attestation' },
  attestationOnly: { kind: 'artifact', what: 'an index that holds nothing but an attestation' },
  referrersIndex: { kind: 'artifact', what: 'an index that holds nothing but an SBOM and a signature' },
  indexOfIndexes: { kind: 'index', platforms: [], unclear: ['an index within the index'] },
  indexWithoutPlatforms: { kind: 'index', platforms: [], unclear: ['an entry without a platform'] },
  dockerSchema1: { kind: 'unknown', what: 'a manifest of type application/vnd.docker.distribution.manifest.v1+prettyjws' },
};

test.each(Object.entries(EXPECTED) as Array<[FixtureName, Contents]>)('%s', (name, expected) => {
  const { manifest, mediaType } = FIXTURES[name];

  expect(readManifest(manifest, mediaType)).toEqual(expected);
});

test('a manifest without a media type has the one that ECR reports', () => {
  const { mediaType, ...untyped } = JSON.parse(FIXTURES.ociIndex.manifest);

  expect(readManifest(JSON.stringify(untyped), mediaType)).toEqual(EXPECTED.ociIndex);
});

test('what a manifest says of itself counts more than what ECR reports', () => {
  expect(readManifest(FIXTURES.ociIndex.manifest, FIXTURES.dockerImage.mediaType)).toEqual(EXPECTED.ociIndex);
});

test('an unknown layer in an image is a doubt, not a verdict', () => {
  const image = JSON.parse(FIXTURES.ociImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.acme.layer.v9' });

  expect(readManifest(JSON.stringify(image), undefined)).toEqual({ ...IMAGE, unclear: ['a layer of type application/vnd.acme.layer.v9'] });
});

test('an image may carry an attestation beside its layers', () => {
  const image = JSON.parse(FIXTURES.ociImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.in-toto+json' });

  expect(readManifest(JSON.stringify(image), undefined)).toMatchObject({ kind: 'image' });
});

test.each([[[]], [undefined], ['x']])('an image with layers %j is an image', (layers) => {
  const image = { ...JSON.parse(FIXTURES.ociImage.manifest), layers };

  expect(readManifest(JSON.stringify(image), undefined)).toEqual(IMAGE);
});

test.each([
  ['application/vnd.dev.cosign.simplesigning.v1+json', 'a signature'],
  ['application/vnd.cncf.notary.signature', 'a signature'],
  ['application/vnd.dsse.envelope.v1+json', 'an attestation'],
  ['application/vnd.docker.attestation.manifest.v1+json', 'an attestation'],
  ['application/vnd.syft+json', 'an SBOM'],
  ['text/spdx+json', 'an SBOM'],
])('layers of nothing but %s make %s, even among unknown ones', (mediaType, what) => {
  const image = { ...JSON.parse(FIXTURES.ociImage.manifest), layers: [{ mediaType: 'application/vnd.acme.layer' }, { mediaType }] };

  expect(readManifest(JSON.stringify(image), undefined)).toEqual({ kind: 'artifact', what });
});

test('an entry that names the type of its config is an image', () => {
  const index = JSON.parse(FIXTURES.ociIndex.manifest);
  for (const entry of index.manifests) entry.artifactType = 'application/vnd.oci.image.config.v1+json';

  expect(readManifest(JSON.stringify(index), undefined)).toEqual(EXPECTED.ociIndex);
});

test.each([
  ['an attestation by its platform alone', { platform: { os: 'unknown', architecture: 'unknown' } }],
  ['an attestation by its annotation alone', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }],
])('%s', (_, entry) => {
  const index = { mediaType: FIXTURES.ociIndex.mediaType, manifests: [entry] };

  expect(readManifest(JSON.stringify(index), undefined)).toEqual(EXPECTED.attestationOnly);
});

test('an index without entries is nothing to run', () => {
  const index = { mediaType: FIXTURES.ociIndex.mediaType, manifests: [] };

  expect(readManifest(JSON.stringify(index), undefined)).toEqual({ kind: 'artifact', what: 'an empty index' });
});

test.each(['', 'null', '[]', '"x"', '{', '{"mediaType":7}'])('nothing is made of %j', (manifest) => {
  expect(readManifest(manifest, undefined).kind).toBe('unknown');
});

test.each([
  [{ manifests: 'x' }, FIXTURES.ociIndex.mediaType, 'unknown'],
  [{ manifests: [null, 7] }, FIXTURES.ociIndex.mediaType, 'index'],
  [{}, FIXTURES.ociImage.mediaType, 'unknown'],
  [{ config: { mediaType: 'application/vnd.oci.image.config.v1+json' } }, FIXTURES.ociImage.mediaType, 'unknown'],
])('a broken manifest %j is survived', (manifest, mediaType, expected) => {
  expect(readManifest(JSON.stringify(manifest), mediaType).kind).toBe(expected);
});

test.each([{}, { digest: 'sha256:1' }, { mediaType: 'application/vnd.oci.image.config.v1+json' }])('a config %j says nothing', (config) => {
  expect(readManifest(JSON.stringify({ config }), FIXTURES.ociImage.mediaType)).toEqual({ kind: 'unknown', what: 'a manifest without a config' });
});

test.each([
  [FIXTURES.ociImage.config, 'linux/arm64'],
  [FIXTURES.dockerImage.config, 'linux/amd64'],
  [FIXTURES.windowsImage.config, 'windows/amd64'],
  ['{}', undefined],
  ['{"os":"linux"}', undefined],
  ['{"os":"","architecture":"amd64"}', undefined],
  ['{"os":"linux","architecture":""}', undefined],
  ['{"os":7,"architecture":"amd64"}', undefined],
  ['{"os":"linux","architecture":["amd64"]}', undefined],
  ['<Error/>', undefined],
])('the config %.40s… states %s', (config, platform) => {
  expect(readConfig(config!)).toBe(platform);
});
