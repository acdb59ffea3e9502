import { createHash } from 'node:crypto';
import { EcrClient, ImageDetail, ImageFailure, Manifest, troubleOf } from './client';
import { Contents, IndexedImage, readConfig, readManifest } from './manifest';
import { NetworkError } from '../../../handler/runtime/http';
import { Runtime } from '../../../handler/runtime/runtime';
import { NO_IMAGE } from '../../contract';
import { Observation } from '../observation';
import { ImageId, Platform, Question } from '../request';

export interface Inspector {
  /**
   * Looks up the image once. Never throws. If the image seems to be missing, a thorough look also checks the archive,
   * because AWS does not document whether ECR returns archived images by default.
   */
  look(imageId: ImageId, thorough: boolean): Promise<Observation>;
}

const BLOB_TIMEOUT_MS = 5_000;

export type GetManifest = (imageDigest: string) => Promise<Manifest | ImageFailure | undefined>;

export function inspector({ send }: Runtime, ecr: EcrClient, question: Question, getManifest: GetManifest): Inspector {
  /** No task or function runs the image, so any artifact is suitable. */
  const isAnyImageFit = question.platforms.length === 0 && !question.singleManifest;

  async function look(imageId: ImageId, thorough: boolean): Promise<Observation> {
    const detail = await ecr.describeImage(imageId) ?? (thorough ? await describeInArchive(imageId) : undefined);
    const digest = detail?.imageDigest;
    if (!digest || digest === NO_IMAGE) return { kind: 'missing' };
    if (detail.imageStatus === 'ARCHIVED') return { kind: 'archived', digest };
    if (detail.imageStatus === 'ACTIVATING') return { kind: 'activating', digest };
    if (isAnyImageFit && question.requirements.length === 0) return found(digest, []);

    const manifest = await getManifest(digest);
    if (manifest instanceof ImageFailure) throw manifest;
    return manifest ? judge(digest, readManifest(manifest.text, manifest.mediaType)) : { kind: 'gone' };
  }

  /** ECR may refuse a filter together with an image ID. The lookup without the filter then stands. */
  async function describeInArchive(imageId: ImageId): Promise<ImageDetail | undefined> {
    return ecr.describeImage(imageId, { imageStatus: 'ANY' }).catch(() => undefined);
  }

  async function judge(digest: string, contents: Contents): Promise<Observation> {
    switch (contents.kind) {
      case 'artifact':
        return isAnyImageFit ? found(digest, []) : { kind: 'notAnImage', digest, what: contents.what };
      case 'unknown':
        return found(digest, [contents.what]);
      case 'index':
        if (question.singleManifest) return { kind: 'index', digest };
        return scanning(comparePlatforms(digest, question.platforms, contents), contents.images, question.platforms);
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
    const url = await ecr.downloadUrl(layerDigest);
    const { status, body } = await send({ method: 'GET', url, headers: {}, timeoutMs: BLOB_TIMEOUT_MS });
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    if (digest !== layerDigest) throw new NetworkError(`the image config does not match its digest (HTTP ${status})`);
    return body.toString();
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

/** Refuses an image only if it certainly lacks a platform. */
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

/** ECR does not scan an index. It scans the images in the index. */
function scanning(observation: Observation, images: readonly IndexedImage[], needed: readonly Platform[]): Observation {
  if (observation.kind !== 'found') return observation;
  const platforms = needed.map(({ image }) => image);
  const scanned = images.filter(({ platform }) => platforms.length === 0 || platforms.includes(platform)).map(({ digest }) => digest);
  // If the images in the index are unclear, the guard asks ECR about the index itself. ECR then reports that it is not
  // scanned.
  return scanned.length > 0 ? { ...observation, images: scanned } : observation;
}

function found(digest: string, unclear: readonly string[]): Observation {
  return { kind: 'found', digest, images: [digest], doubt: unclear.length > 0 ? `could not check the image's platform: ${unclear.join(', ')}` : undefined };
}
