import { Contents, readConfig, readManifest } from '../../../../src/guard/handler/ecr/manifest';
import { FIXTURES, FixtureName } from '../fixtures';

const IMAGE = { kind: 'image', configDigest: expect.stringMatching(/^sha256:/), unclear: [] };

const EXPECTED: Record<FixtureName, object> = {
  buildxIndex: {
    kind: 'index',
    platforms: ['linux/amd64', 'linux/arm64'],
    unclear: [],
    images: [
      { platform: 'linux/amd64', digest: 'sha256:5861314d7fccb39c2192173240eab44fa35ca66426201ca2acd0630a6258dd51' },
      { platform: 'linux/arm64', digest: 'sha256:f69162950f235e3cdbbad33f1f912d1a504be90d8a37d002c735d6f3e3882265' },
    ],
  },
  buildxOnePlatform: {
    kind: 'index',
    platforms: ['linux/amd64'],
    unclear: [],
    images: [
      { platform: 'linux/amd64', digest: 'sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed' },
    ],
  },
  ociIndex: {
    kind: 'index',
    platforms: ['linux/amd64', 'linux/arm', 'linux/arm64'],
    unclear: [],
    images: [
      { platform: 'linux/amd64', digest: 'sha256:3168ba28a39bba8c268470a2fba29cde0f1f9a23dd7a9abb9ab3f305ab3962ab' },
      { platform: 'linux/arm', digest: 'sha256:0aa7c90f8c15d8c4e06c46a183f7c496a4d1b9b682ba9f90bb6862f34db67376' },
      { platform: 'linux/arm64', digest: 'sha256:46feb60c9d4a28ca7f2cfb84cc73a3c8eb447647f34be4e6a0508f4424464506' },
    ],
  },
  dockerList: {
    kind: 'index',
    platforms: ['linux/amd64', 'linux/s390x', 'windows/amd64'],
    unclear: [],
    images: [
      { platform: 'linux/amd64', digest: 'sha256:3a4f6f20a81de3e7d8cb2251f536b11146ad2ee92d5229219e1f894bf524f6e3' },
      { platform: 'linux/s390x', digest: 'sha256:7a27b1f159a486751ac7a4d9be056b62f6cd3f03e0ffe585759064c753791c70' },
      { platform: 'windows/amd64', digest: 'sha256:8cc66b60e40f6abb682e7ad9fe4fa429a3fb6d3795fc0a6be0211581dd8e9ec2' },
      { platform: 'windows/amd64', digest: 'sha256:9957f253dbf9f71ade315e82b0777e587d0a240e789d8254d7a6a3b3d34405ec' },
    ],
  },
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
  indexOfIndexes: { kind: 'index', platforms: [], unclear: ['an index within the index'], images: [] },
  indexWithoutPlatforms: { kind: 'index', platforms: [], unclear: ['an entry without a platform'], images: [] },
  dockerSchema1: { kind: 'unknown', what: 'a manifest of type application/vnd.docker.distribution.manifest.v1+prettyjws' },
};

test.each(Object.entries(EXPECTED) as Array<[FixtureName, Contents]>)('the contents of the fixture %s are recognized', (name, expected) => {
  const { manifest, mediaType } = FIXTURES[name];

  expect(readManifest(manifest, mediaType)).toEqual(expected);
});

test('a manifest without a media type has the one that ECR reports', () => {
  const { mediaType, ...untyped } = JSON.parse(FIXTURES.ociIndex.manifest);

  expect(readManifest(JSON.stringify(untyped), mediaType)).toEqual(EXPECTED.ociIndex);
});

test('the media type in the manifest takes precedence over the one that ECR reports', () => {
  expect(readManifest(FIXTURES.ociIndex.manifest, FIXTURES.dockerImage.mediaType)).toEqual(EXPECTED.ociIndex);
});

test('an unknown layer in an image causes a doubt, not a refusal', () => {
  const image = JSON.parse(FIXTURES.ociImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.acme.layer.v9' });

  expect(readManifest(JSON.stringify(image), undefined)).toEqual({ ...IMAGE, unclear: ['a layer of type application/vnd.acme.layer.v9'] });
});

test('an image may contain an attestation in addition to its layers', () => {
  const image = JSON.parse(FIXTURES.ociImage.manifest);
  image.layers.push({ mediaType: 'application/vnd.in-toto+json' });

  expect(readManifest(JSON.stringify(image), undefined)).toMatchObject({ kind: 'image' });
});

test.each([[[]], [undefined], ['x']])('a manifest with the layers %j is an image', (layers) => {
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
])('an artifact whose known layers are all %s is %s, even with unknown layers', (mediaType, what) => {
  const image = { ...JSON.parse(FIXTURES.ociImage.manifest), layers: [{ mediaType: 'application/vnd.acme.layer' }, { mediaType }] };

  expect(readManifest(JSON.stringify(image), undefined)).toEqual({ kind: 'artifact', what });
});

test('the SOCI index of an image does not count as an image in the index that `soci convert` creates', () => {
  const index = JSON.parse(FIXTURES.buildxOnePlatform.manifest);
  const soci = { mediaType: 'application/vnd.oci.image.manifest.v1+json', artifactType: 'application/vnd.amazon.soci.index.v2+json' };
  index.manifests.push({ ...soci, digest: `sha256:${'5'.repeat(64)}`, size: 1, platform: index.manifests[0].platform });
  expect(readManifest(JSON.stringify(index), index.mediaType)).toEqual(EXPECTED.buildxOnePlatform);
});

test('an entry with the config type of an image is an image', () => {
  const index = JSON.parse(FIXTURES.ociIndex.manifest);
  for (const entry of index.manifests) entry.artifactType = 'application/vnd.oci.image.config.v1+json';

  expect(readManifest(JSON.stringify(index), undefined)).toEqual(EXPECTED.ociIndex);
});

test.each([
  ['an attestation by its platform alone', { platform: { os: 'unknown', architecture: 'unknown' } }],
  ['an attestation by its annotation alone', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }],
])('the index recognizes %s', (_, entry) => {
  const index = { mediaType: FIXTURES.ociIndex.mediaType, manifests: [entry] };

  expect(readManifest(JSON.stringify(index), undefined)).toEqual(EXPECTED.attestationOnly);
});

test('an index without entries contains nothing to run', () => {
  const index = { mediaType: FIXTURES.ociIndex.mediaType, manifests: [] };

  expect(readManifest(JSON.stringify(index), undefined)).toEqual({ kind: 'artifact', what: 'an empty index' });
});

test.each(['', 'null', '[]', '"x"', '{', '{"mediaType":7}'])('the manifest %j is unknown', (manifest) => {
  expect(readManifest(manifest, undefined).kind).toBe('unknown');
});

test.each([
  [{ manifests: 'x' }, FIXTURES.ociIndex.mediaType, 'unknown'],
  [{ manifests: [null, 7] }, FIXTURES.ociIndex.mediaType, 'index'],
  [{}, FIXTURES.ociImage.mediaType, 'unknown'],
  [{ config: { mediaType: 'application/vnd.oci.image.config.v1+json' } }, FIXTURES.ociImage.mediaType, 'unknown'],
])('a broken manifest %j causes no error', (manifest, mediaType, expected) => {
  expect(readManifest(JSON.stringify(manifest), mediaType).kind).toBe(expected);
});

test.each([{}, { digest: 'sha256:1' }, { mediaType: 'application/vnd.oci.image.config.v1+json' }])('the config %j states no platform', (config) => {
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
])('the config %.40s… states the platform %s', (config, platform) => {
  expect(readConfig(config!)).toBe(platform);
});
