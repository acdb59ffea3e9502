import { parsed, record } from '../../../handler/request';

/**
 * The contents behind a digest, according to its manifest.
 *
 * A manifest of an unexpected type is `unknown`, not invalid, because registries adopt new types faster than guards do.
 */
export type Contents =
  | { readonly kind: 'index'; readonly platforms: readonly string[]; readonly unclear: readonly string[]; readonly images: readonly IndexedImage[] }
  /** The config blob contains the platform. */
  | { readonly kind: 'image'; readonly configDigest: string; readonly unclear: readonly string[] }
  | { readonly kind: 'artifact'; readonly what: string }
  | { readonly kind: 'unknown'; readonly what: string };

/** One of the images that an index points to. */
export interface IndexedImage {
  readonly platform: string;
  readonly digest: string;
}

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

const INDEX_TYPES: readonly unknown[] = [OCI_INDEX, DOCKER_LIST];
const MANIFEST_TYPES: readonly unknown[] = [OCI_MANIFEST, DOCKER_MANIFEST];

/** All media types that this file can read. */
export const MEDIA_TYPES: readonly unknown[] = [...INDEX_TYPES, ...MANIFEST_TYPES];

const CONFIG_TYPES: readonly unknown[] = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];

const LAYERS_OF_IMAGES = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./;

/** Artifacts that look like images, and artifacts that failure reasons name. */
const ARTIFACTS: ReadonlyArray<[RegExp, string]> = [
  [/^application\/vnd\.cncf\.helm\./, 'a Helm chart'],
  [/^application\/vnd\.(dev\.cosign|dev\.sigstore|cncf\.notary)\./, 'a signature'],
  [/^application\/vnd\.(in-toto|dsse\.|docker\.attestation\.)/, 'an attestation'],
  [/spdx|cyclonedx|syft/, 'an SBOM'],
];

export function readManifest(manifest: string, mediaType: string | undefined): Contents {
  const fields = record(parsed(manifest));
  const type = fields.mediaType ?? mediaType;

  if (type === 'application/vnd.oci.artifact.manifest.v1+json') {
    return { kind: 'artifact', what: nameOfArtifact(fields.artifactType) };
  }
  if (INDEX_TYPES.includes(type) && Array.isArray(fields.manifests)) return readIndex(Array.from(fields.manifests, record));
  if (MANIFEST_TYPES.includes(type)) return readSingle(fields);

  return { kind: 'unknown', what: `a manifest of type ${String(type)}` };
}

function readIndex(entries: Fields[]): Contents {
  const platforms = new Set<string>();
  const images: IndexedImage[] = [];
  const unclear = new Set<string>();
  const artifacts = new Set<string>();
  for (const entry of entries) {
    const platform = platformOf(entry.platform);
    if (isAttestation(entry)) {
      artifacts.add('an attestation');
    } else if (entry.artifactType && !CONFIG_TYPES.includes(entry.artifactType)) {
      artifacts.add(nameOfArtifact(entry.artifactType));
    } else if (platform) {
      platforms.add(platform);
      images.push({ platform, digest: String(entry.digest) });
    } else {
      unclear.add(INDEX_TYPES.includes(entry.mediaType) ? 'an index within the index' : 'an entry without a platform');
    }
  }
  if (platforms.size === 0 && unclear.size === 0) {
    return { kind: 'artifact', what: artifacts.size > 0 ? `an index that holds nothing but ${[...artifacts].join(' and ')}` : 'an empty index' };
  }
  return { kind: 'index', platforms: [...platforms], unclear: [...unclear], images };
}

function readSingle({ artifactType, config, layers }: Fields): Contents {
  const { mediaType: configType, digest } = record(config);
  if (typeof digest !== 'string' || typeof configType !== 'string') {
    return { kind: 'unknown', what: 'a manifest without a config' };
  }
  if (!CONFIG_TYPES.includes(configType)) {
    return { kind: 'artifact', what: nameOfArtifact(artifactType ?? configType) };
  }
  const layerTypes = (Array.isArray(layers) ? layers : []).map((layer) => String(record(layer).mediaType));
  const strange = layerTypes.filter((type) => !LAYERS_OF_IMAGES.test(type));
  // Signatures and attestations have the config of an image, for compatibility with old registries.
  const named = strange.length === layerTypes.length ? strange.map(knownArtifact).find((name) => name !== undefined) : undefined;
  if (named) return { kind: 'artifact', what: named };

  return { kind: 'image', configDigest: digest, unclear: [...new Set(strange)].map((layer) => `a layer of type ${layer}`) };
}

/** Returns the platform from the config of an image, if it contains one. */
export function readConfig(config: string): string | undefined {
  return platformOf(parsed(config));
}

function platformOf(value: unknown): string | undefined {
  const { os, architecture } = record(value);
  return typeof os === 'string' && os && typeof architecture === 'string' && architecture ? `${os}/${architecture}` : undefined;
}

function isAttestation({ annotations, platform }: Fields): boolean {
  return record(annotations)['vnd.docker.reference.type'] === 'attestation-manifest' || platformOf(platform) === 'unknown/unknown';
}

function nameOfArtifact(type: unknown): string {
  return knownArtifact(String(type)) ?? `an artifact of type ${String(type)}`;
}

function knownArtifact(type: string): string | undefined {
  return ARTIFACTS.find(([pattern]) => pattern.test(type))?.[1];
}

type Fields = Readonly<Record<string, unknown>>;
