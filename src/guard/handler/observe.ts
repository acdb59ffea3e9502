import { createHash } from 'node:crypto';
import { AskRegistry, AwsError } from './aws-client';
import { NetworkError } from './http';
import { Contents, readConfig, readManifest } from './manifest';
import { NO_IMAGE } from './memory';
import { Observation, Trouble } from './observation';
import { ImageId, Platform, Question } from './parse';
import { World } from './world';

export interface Observer {
  /**
   * One look, which never throws. A thorough one makes sure that what looks missing is not in the archive: whether
   * ECR shows archived images unasked is not documented.
   */
  look(imageId: ImageId, thorough: boolean): Promise<Observation>;
}

interface ImageDetail {
  readonly imageDigest?: string;
  readonly imageStatus?: string;
}

export interface BatchGetImageAnswer {
  readonly images?: ReadonlyArray<{ readonly imageManifest?: string; readonly imageManifestMediaType?: string }>;
  readonly failures?: readonly Failure[];
}

interface Failure {
  readonly failureCode?: string;
  readonly failureReason?: string;
}

/** ECR answers in the form that was pushed only to those who accept it; the index types are accepted though not documented. */
export const ACCEPTED_MEDIA_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

const BLOB_TIMEOUT_MS = 5_000;

export function observer(world: World, ask: AskRegistry, question: Question): Observer {
  async function look(imageId: ImageId, thorough: boolean): Promise<Observation> {
    const detail = await describe(imageId) ?? (thorough ? await describeInArchive(imageId) : undefined);
    const digest = detail?.imageDigest;
    if (!digest || digest === NO_IMAGE) return { kind: 'missing' };
    if (detail.imageStatus === 'ARCHIVED') return { kind: 'archived', digest };
    if (detail.imageStatus === 'ACTIVATING') return { kind: 'activating', digest };
    if (question.platforms.length === 0 && !question.singleManifest) return { kind: 'found', digest };
    return inspect(digest);
  }

  /** The cheap call, which does not count as a pull. */
  async function describe(imageId: ImageId, filter?: object): Promise<ImageDetail | undefined> {
    try {
      const answer = await ask<{ imageDetails?: ImageDetail[] }>('DescribeImages', { imageIds: [imageId], filter });
      return answer.imageDetails?.[0];
    } catch (error) {
      if (error instanceof AwsError && error.code === 'ImageNotFoundException') return undefined;
      throw error;
    }
  }

  async function describeInArchive(imageId: ImageId): Promise<ImageDetail | undefined> {
    try {
      return await describe(imageId, { imageStatus: 'ANY' });
    } catch {
      // ECR may not take a filter together with an image id. Then the first answer was the whole answer.
      return undefined;
    }
  }

  async function inspect(digest: string): Promise<Observation> {
    const { images, failures } = await ask<BatchGetImageAnswer>('BatchGetImage', {
      imageIds: [{ imageDigest: digest }],
      acceptedMediaTypes: ACCEPTED_MEDIA_TYPES,
    });
    const image = images?.[0];
    if (!image) return failureToGet(failures?.[0] ?? {});
    return judge(digest, readManifest(image.imageManifest ?? '', image.imageManifestMediaType));
  }

  async function judge(digest: string, contents: Contents): Promise<Observation> {
    switch (contents.kind) {
      case 'artifact':
        return { kind: 'notAnImage', digest, what: contents.what };
      case 'unknown':
        return found(digest, [contents.what]);
      case 'index':
        if (question.singleManifest) return { kind: 'index', digest };
        return comparePlatforms(digest, question.platforms, contents);
      case 'image': {
        if (question.platforms.length === 0) return found(digest, contents.unclear);
        const platform = readConfig(await fetchBlob(contents.configDigest));
        const offer = platform
          ? { platforms: [platform], unclear: [] }
          : { platforms: [], unclear: ['a config that states no platform', ...contents.unclear] };
        return comparePlatforms(digest, question.platforms, offer);
      }
    }
  }

  async function fetchBlob(layerDigest: string): Promise<string> {
    const { downloadUrl } = await ask<{ downloadUrl: string }>('GetDownloadUrlForLayer', { layerDigest });
    const { status, body } = await world.send({ method: 'GET', url: downloadUrl, headers: {}, timeoutMs: BLOB_TIMEOUT_MS });
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    if (digest !== layerDigest) throw new NetworkError(`what was served as the image's config (HTTP ${status}) is something else`);
    return body;
  }

  return {
    look: async (imageId, thorough) => {
      try {
        return await look(imageId, thorough);
      } catch (error) {
        return troubleOf(error);
      }
    },
  };
}

/** Only what is certain is refused. */
function comparePlatforms(
  digest: string,
  needed: readonly Platform[],
  { platforms: offered, unclear }: { readonly platforms: readonly string[]; readonly unclear: readonly string[] },
): Observation {
  const unknown = needed.filter(({ image }) => image === undefined).map(({ task }) => `platform ${task}`);
  const lacking = needed.map(({ image }) => image).filter((image) => image !== undefined && !offered.includes(image)) as string[];
  if (lacking.length === 0) return found(digest, unknown);
  return unclear.length === 0 ? { kind: 'wrongPlatform', digest, offered, lacking } : found(digest, [...unknown, ...unclear]);
}

function found(digest: string, unclear: readonly string[]): Observation {
  return { kind: 'found', digest, doubt: unclear.length > 0 ? `it could not be checked what the image runs on: ${unclear.join(', ')}` : undefined };
}

function failureToGet({ failureCode = 'NoImage', failureReason = 'no reason given' }: Failure): Observation {
  const message = `${failureCode}: ${failureReason}`;
  if (failureCode === 'ImageNotFound') return { kind: 'missing' };
  if (failureCode === 'KmsError') return { kind: 'kms', message };
  if (failureCode.startsWith('Upstream')) return { kind: 'upstream', message };
  return { kind: 'unexpected', action: 'ecr:BatchGetImage', message };
}

const KIND_OF_CODE: ReadonlyArray<[RegExp, Trouble['kind'] | 'missing' | 'repositoryMissing']> = [
  [/^RepositoryNotFound/, 'repositoryMissing'],
  [/^ImageNotFound/, 'missing'],
  // The credentials of a new role are as slow to become known as its permissions.
  [/AccessDenied|Unauthorized|NotAuthorized|BlockedByOrganizationPolicy|UnrecognizedClient|InvalidClientToken|ExpiredToken/, 'denied'],
  [/^Kms/, 'kms'],
  [/Upstream/, 'upstream'],
  [/Throttl|TooManyRequests|LimitExceeded|SlowDown/, 'throttled'],
  [/^(Server|Service|Internal)/, 'unavailable'],
  [/Validation|InvalidParameter/, 'refused'],
];

export function troubleOf(error: unknown): Observation {
  if (error instanceof NetworkError) return { kind: 'unavailable', message: error.message };
  if (!(error instanceof AwsError)) return { kind: 'unexpected', message: String(error) };

  const { operation: action, code, status } = error;
  const message = error.message === code ? code : `${code}: ${error.message}`;
  const kind = KIND_OF_CODE.find(([pattern]) => pattern.test(code))?.[1]
    ?? (status === 429 ? 'throttled' : status >= 500 ? 'unavailable' : 'unexpected');
  return kind === 'missing' || kind === 'repositoryMissing' ? { kind } : { kind, action, message };
}
