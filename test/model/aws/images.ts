import { createHash } from 'node:crypto';

/** Manifests that users can push: images for Linux and other artifacts. */
export type ImageKind =
  | 'oci' | 'docker' | 'latin1' | 'index' | 'manifestList' | 'attested'
  | 'helmChart' | 'signature' | 'attestationOnly' | 'buildCache';

export interface ImageSpec {
  readonly kind: ImageKind;
  readonly platforms: readonly string[];
  /** Distinguishes manifests of the same kind. */
  readonly number: number;
}

/** A manifest and its known properties. */
export interface Image {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: string;
  /** Child manifests of an index. */
  readonly children: readonly Image[];
  /** The config, keyed by its digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Platforms on which a task can run it, such as `linux/amd64`. Empty if no task can run it. */
  readonly platforms: readonly string[];
  /** Whether it can be used where an index cannot. */
  readonly single: boolean;
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const made = new Map<string, Image>();

export function imageOf(spec: ImageSpec): Image {
  const name = `${spec.kind}#${spec.number}${spec.platforms.length > 0 ? `(${spec.platforms.join(',')})` : ''}`;
  const known = made.get(name);
  if (known) return known;
  const image = { ...make(spec), name };
  made.set(name, image);
  return image;
}

export const SINGLE_KINDS: readonly ImageKind[] = ['oci', 'docker'];
export const INDEX_KINDS: readonly ImageKind[] = ['index', 'manifestList', 'attested'];
export const OTHER_KINDS: readonly ImageKind[] = ['helmChart', 'signature', 'attestationOnly', 'buildCache'];

function make({ kind, platforms, number }: ImageSpec): Image {
  const singles = (mediaType: string, configType: string) => platforms.map((platform) => single(mediaType, configType, platform, `${kind} ${number}`));
  switch (kind) {
    case 'oci': return singles(OCI_MANIFEST, OCI_CONFIG)[0];
    case 'docker': return singles(DOCKER_MANIFEST, 'application/vnd.docker.container.image.v1+json')[0];
    case 'latin1': return single(OCI_MANIFEST, OCI_CONFIG, platforms[0], `${kind} ${number} caf\u00e9`, 'latin1');
    case 'index': return index(OCI_INDEX, singles(OCI_MANIFEST, OCI_CONFIG));
    case 'manifestList': return index(DOCKER_LIST, singles(DOCKER_MANIFEST, 'application/vnd.docker.container.image.v1+json'));
    case 'attested': {
      const images = singles(OCI_MANIFEST, OCI_CONFIG);
      return index(OCI_INDEX, images, images.map(({ digest }) => attestation(digest)));
    }
    case 'attestationOnly': return { ...index(OCI_INDEX, [], [attestation(sha256(Buffer.from(`attested ${number}`)))]), platforms: [] };
    case 'helmChart': return artifact('application/vnd.cncf.helm.config.v1+json', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', number);
    case 'signature': return artifact(OCI_CONFIG, 'application/vnd.dev.cosign.simplesigning.v1+json', number);
    case 'buildCache': return artifact('application/vnd.buildkit.cacheconfig.v0', 'application/vnd.oci.image.layer.v1.tar+gzip', number);
  }
}

function single(mediaType: string, configType: string, platform: string, label: string, encoding: BufferEncoding = 'utf8'): Image {
  const [os, architecture] = platform.split('/');
  const config = Buffer.from(JSON.stringify({
    architecture, os, config: { Cmd: ['/server'], Labels: { label } }, rootfs: { type: 'layers', diff_ids: [] }, history: [],
  }), encoding);
  const layer = mediaType === DOCKER_MANIFEST ? 'application/vnd.docker.image.rootfs.diff.tar.gzip' : 'application/vnd.oci.image.layer.v1.tar+gzip';
  return { ...manifest(mediaType, configType, config, layer), platforms: [platform], single: true };
}

function artifact(configType: string, layerType: string, number: number): Image {
  const config = Buffer.from(JSON.stringify({ name: `artifact ${number}` }));
  return { ...manifest(OCI_MANIFEST, configType, config, layerType), platforms: [], single: true };
}

function attestation(subject: string): Image {
  const config = Buffer.from(JSON.stringify({ architecture: 'unknown', os: 'unknown', subject }));
  return { ...manifest(OCI_MANIFEST, OCI_CONFIG, config, 'application/vnd.in-toto+json'), name: subject, platforms: [], single: true };
}

function manifest(mediaType: string, configType: string, config: Buffer, layerType: string) {
  const layer = sha256(Buffer.from(`layer of ${config.toString('latin1')}`));
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: configType, digest: sha256(config), size: config.length },
    layers: [{ mediaType: layerType, digest: layer, size: 1234 }],
  }, undefined, 2);
  return { name: '', digest: sha256(Buffer.from(text)), mediaType, manifest: text, children: [], blobs: new Map([[sha256(config), config]]) };
}

function index(mediaType: string, images: Image[], attestations: Image[] = []): Image {
  const entry = (image: Image) => ({ mediaType: image.mediaType, digest: image.digest, size: image.manifest.length });
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    manifests: [
      ...images.map((image) => {
        const [os, architecture] = image.platforms[0].split('/');
        return { ...entry(image), platform: { architecture, os } };
      }),
      ...attestations.map((image) => ({
        ...entry(image),
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': image.name },
        platform: { architecture: 'unknown', os: 'unknown' },
      })),
    ],
  });
  return {
    name: '',
    digest: sha256(Buffer.from(text)),
    mediaType,
    manifest: text,
    children: [...images, ...attestations],
    blobs: new Map(),
    platforms: images.map(({ platforms }) => platforms[0]),
    single: false,
  };
}

function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
