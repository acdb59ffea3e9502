import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Aws, Cloud } from './aws';
import { HttpAnswer, send } from './http';
import { Program, release } from './programs';

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

const SOCI = {
  index: 'application/vnd.amazon.soci.index.v2+json',
  tableOfContents: 'application/octet-stream',
};

export interface Image {
  /** The text of the release in the image, or another program. The same content results in the same digest. */
  readonly content: string | Program;
  readonly repository: string;
  readonly tag: string;

  /** The bytes of the layer, instead of a layer with the program. */
  readonly layer?: Buffer;

  /** Configuration to push instead of the matching one. */
  readonly configuration?: (fitting: any) => object;

  /** Host of the registry, which determines its account and region. By default, that of the repository. */
  readonly registry?: string;
}

type Repository = Pick<Image, 'repository' | 'registry'>;

/** Builds a real image for one platform and pushes it, as `docker build` and `docker push` do. Returns its digest. */
export async function pushImage(cloud: Cloud, image: Image & { readonly platform: string }): Promise<string> {
  const { digest } = await pushManifest(cloud, image, image.platform, image.tag);
  return digest;
}

/** Pushes an index for several platforms with provenance, as `docker buildx build --platform a,b --push` does. Returns its digest. */
export async function pushIndex(cloud: Cloud, image: Image & { readonly platforms: string[] }): Promise<string> {
  const manifests = [];
  for (const platform of image.platforms) {
    const [os, architecture] = platform.split('/');
    const built = await pushManifest(cloud, image, platform);
    const attested = await pushManifest(cloud, { ...image, content: `provenance of ${built.digest}` }, 'unknown/unknown');
    manifests.push(
      { ...built, platform: { architecture, os } },
      {
        ...attested,
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: { 'vnd.docker.reference.digest': built.digest, 'vnd.docker.reference.type': 'attestation-manifest' },
      },
    );
  }
  const index = descriptor(MEDIA.index, { schemaVersion: 2, mediaType: MEDIA.index, manifests });
  return putManifest(cloud, image, image.tag, index);
}

/** Publishes a stand-in for an image of Amazon ECR Public. The emulator keeps them in an account of their own, see shim/tasks/images.py. */
export async function publishImage(emulator: Cloud, reference: string, content: Program): Promise<void> {
  const [, repository, tag] = /^public\.ecr\.aws\/(.+):(.+)$/.exec(reference)!;
  const gallery = { ...emulator, env: { ...emulator.env, AWS_ACCESS_KEY_ID: '000000000000', AWS_REGION: 'us-east-1' } };
  const aws = new Aws(gallery);
  if (!(await aws.repositoryNames()).includes(repository)) await aws.ecr('CreateRepository', { repositoryName: repository });
  await pushImage(gallery, { repository, tag, content, platform: 'linux/amd64', registry: '000000000000.dkr.ecr.us-east-1.amazonaws.com' });
}

/** Copies an image with all of its parts, as `docker buildx imagetools create` does. The source is given by its digest. */
export async function copyImage(cloud: Cloud, from: Repository & { readonly tag: string }, to: Repository & { readonly tag: string }): Promise<void> {
  const { headers, bytes } = await call(cloud, from, 'GET', `manifests/${from.tag}`);
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString('utf8'));
  for (const { digest } of manifests) await copyImage(cloud, { ...from, tag: digest }, { ...to, tag: digest });
  for (const { digest } of [...config ? [config] : [], ...layers]) {
    const blob = await call(cloud, from, 'GET', `blobs/${digest}`);
    await putBlob(cloud, to, descriptor(MEDIA.layer, blob.bytes));
  }
  await putManifest(cloud, to, to.tag, descriptor(String(headers['content-type']), bytes));
}

/**
 * Adds a SOCI index to an image and pushes both under another tag, as `soci convert` does. Returns the digest of the image in the
 * result, which differs from the digest of the original image.
 */
export async function pushWithSociIndex(cloud: Cloud, image: Repository & { readonly tag: string }, outputTag: string): Promise<string> {
  const { bytes } = await call(cloud, image, 'GET', `manifests/${image.tag}`);
  const manifest = JSON.parse(bytes.toString('utf8'));
  const [layer] = manifest.layers;
  const { bytes: configuration } = await call(cloud, image, 'GET', `blobs/${manifest.config.digest}`);
  const { architecture, os } = JSON.parse(configuration.toString('utf8'));

  const tableOfContents = descriptor(SOCI.tableOfContents, Buffer.from(`table of contents of ${layer.digest}`));
  const config = descriptor(SOCI.index, {});
  for (const blob of [tableOfContents, config]) await putBlob(cloud, image, blob);
  const index = descriptor(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { ...config, bytes: undefined },
    layers: [{ ...tableOfContents, bytes: undefined, annotations: { 'com.amazon.soci.image-layer-digest': layer.digest } }],
  });
  const annotations = { 'com.amazon.soci.index-digest': index.digest };
  const annotated = descriptor(MEDIA.manifest, { ...manifest, annotations });
  for (const each of [index, annotated]) await putManifest(cloud, image, each.digest, each);

  const platform = { architecture, os };
  await putManifest(cloud, image, outputTag, descriptor(MEDIA.index, {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [
      { ...annotated, bytes: undefined, platform, annotations },
      { ...index, bytes: undefined, platform, artifactType: SOCI.index, annotations: { 'com.amazon.soci.image-manifest-digest': annotated.digest } },
    ],
  }));
  return annotated.digest;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

type Blob = Descriptor & { readonly bytes: Buffer };

async function pushManifest(cloud: Cloud, image: Image, platform: string, tag?: string): Promise<Descriptor> {
  const { content, layer: bytes, configuration = (fitting) => fitting, ...repository } = image;
  const [os, architecture] = platform.split('/');
  const { files: contents, config: run } = typeof content === 'string' ? release(content) : content;
  const files = tar(contents);
  const layer = descriptor(MEDIA.layer, bytes ?? gzipSync(files));
  const config = descriptor(MEDIA.config, configuration({
    architecture,
    os,
    config: run,
    rootfs: { type: 'layers', diff_ids: [sha256(files)] },
  }));
  for (const blob of [layer, config]) await putBlob(cloud, repository, blob);

  const manifest = descriptor(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { ...config, bytes: undefined },
    layers: [{ ...layer, bytes: undefined }],
  });
  await putManifest(cloud, repository, tag ?? manifest.digest, manifest);
  return { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size };
}

async function putBlob(cloud: Cloud, repository: Repository, blob: Blob): Promise<void> {
  const begun = await call(cloud, repository, 'POST', 'blobs/uploads/');
  const { headers: { location } } = await call(cloud, repository, 'PATCH', begun.headers.location!, { ...blob, mediaType: 'application/octet-stream' });
  await call(cloud, repository, 'PUT', `${location}${location!.includes('?') ? '&' : '?'}digest=${blob.digest}`);
}

async function putManifest(cloud: Cloud, repository: Repository, reference: string, manifest: Blob): Promise<string> {
  const { headers } = await call(cloud, repository, 'PUT', `manifests/${reference}`, manifest);
  return String(headers['docker-content-digest']);
}

async function call(cloud: Cloud, { repository, registry }: Repository, method: string, path: string, blob?: Blob): Promise<HttpAnswer> {
  const { url, authorization } = await login(cloud);
  const target = new URL(path, new URL(`/v2/${repository}/`, url));
  const headers = { authorization, ...registry && { host: registry }, ...blob && { 'content-type': blob.mediaType } };
  const answer = await send(method, target, headers, blob?.bytes);
  if (answer.status >= 300) throw new Error(`${method} ${target.pathname}: ${answer.status} ${answer.text}`);
  return answer;
}

const logins = new WeakMap<Cloud, Promise<{ url: string; authorization: string }>>();

/** Header that `docker login` derives from the output of `aws ecr get-login-password`. */
async function login(cloud: Cloud): Promise<{ url: string; authorization: string }> {
  const known = logins.get(cloud);
  if (known) return known;
  const begun = new Aws(cloud).ecr('GetAuthorizationToken', {}).then(({ authorizationData: [{ authorizationToken, proxyEndpoint }] }) => (
    { url: cloud.endpoint ?? proxyEndpoint, authorization: `Basic ${authorizationToken}` }
  ));
  logins.set(cloud, begun);
  return begun;
}

function descriptor(mediaType: string, content: Buffer | object): Blob {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  return { mediaType, digest: sha256(bytes), size: bytes.length, bytes };
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An archive of executable files, dated 1970. */
function tar(files: Program['files']): Buffer {
  return Buffer.concat([...Object.entries(files).flatMap(([name, content]) => tarEntry(name, Buffer.from(content))), Buffer.alloc(1024)]);
}

function tarEntry(name: string, data: Buffer): Buffer[] {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0');
  header.write(name, 0);
  header.write(octal(0o755, 8), 100); // mode
  header.write(octal(0, 8), 108); // owner
  header.write(octal(0, 8), 116); // group
  header.write(octal(data.length, 12), 124);
  header.write(octal(0, 12), 136); // modification time
  header.write(' '.repeat(8), 148); // blank while the checksum is computed
  header.write('0', 156); // regular file
  header.write('ustar\x0000', 257);
  header.write(octal(header.reduce((sum, byte) => sum + byte, 0), 7), 148);
  const padding = Buffer.alloc((512 - data.length % 512) % 512);
  return [header, data, padding];
}
