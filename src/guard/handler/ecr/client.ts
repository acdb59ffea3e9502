import { MEDIA_TYPES } from './manifest';
import { PageRequest } from './pages';
import { text } from '../../../handler/request';
import { askJson, AwsError, endpoint, Service } from '../../../handler/runtime/aws-client';
import { NetworkError } from '../../../handler/runtime/http';
import { Redact } from '../../../handler/runtime/redaction';
import { Runtime } from '../../../handler/runtime/runtime';
import { commonTrouble } from '../../../handler/runtime/trouble';
import { RELEASE_TAG_ACTIONS, REGISTRY_ACTIONS, REQUIREMENT_ACTIONS } from '../../contract';
import { Observation, Trouble } from '../observation';
import { ImageId, Repository } from '../request';

type Action = (typeof REGISTRY_ACTIONS | typeof RELEASE_TAG_ACTIONS)[number] | (typeof REQUIREMENT_ACTIONS)[keyof typeof REQUIREMENT_ACTIONS];

/** Derived from the actions that the role is granted, so that the client cannot call any other operation. */
type Operation = Action extends `ecr:${infer Name}` ? Name : never;

/** Description of an image in ECR. */
export interface ImageDetail {
  readonly imageDigest?: string;
  readonly imageTags?: readonly string[];
  readonly imageStatus?: string;
  /** Seconds since 1970. */
  readonly imagePushedAt?: number;
}

export interface Manifest {
  readonly digest: string;
  readonly text: string;
  readonly mediaType: string | undefined;
}

/** ECR returned a failure instead of an image, or the image no longer exists. */
export class ImageFailure extends Error {
  constructor(public readonly code: string, reason: string) {
    super(`${code}: ${reason}`);
  }
}

/** A vulnerability, as basic or enhanced scanning reports it. */
export interface Finding {
  readonly name?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly fixAvailable?: string;
  readonly attributes?: ReadonlyArray<{ readonly key?: string; readonly value?: string }>;
  readonly packageVulnerabilityDetails?: {
    readonly vulnerabilityId?: string;
    readonly vulnerablePackages?: ReadonlyArray<{ readonly name?: string; readonly version?: string; readonly fixedInVersion?: string }>;
  };
  readonly title?: string;
}

export interface ScanPage {
  readonly imageScanStatus?: { readonly status?: string; readonly description?: string };
  readonly imageScanFindings?: { readonly findings?: readonly Finding[]; readonly enhancedFindings?: readonly Finding[] };
  readonly nextToken?: string;
}

export interface SigningStatus {
  readonly signingProfileArn?: string;
  readonly status?: string;
  readonly failureCode?: string;
  readonly failureReason?: string;
}

export interface ImagePage {
  readonly images: readonly ImageDetail[];
  readonly nextToken?: string;
}

/** ECR operations that the guard uses on one repository. Every method can throw errors that `troubleOf` explains. */
export interface EcrClient {
  /** Looks up an image cheaply, without a pull. Returns `undefined` if the image does not exist. */
  describeImage(id: ImageId, filter?: { imageStatus: 'ANY' }): Promise<ImageDetail | undefined>;

  listImages(page: PageRequest): Promise<ImagePage>;

  /**
   * Returns the manifest for each ID, in the order of the IDs. The entry is `undefined` if the image does not exist, and
   * a failure if ECR returns no manifest for another reason.
   */
  getManifests(ids: readonly ImageId[]): Promise<Array<Manifest | ImageFailure | undefined>>;

  /** Returns a URL from which the blob can be downloaded for some minutes. */
  downloadUrl(layerDigest: string): Promise<string>;

  /** Returns one page of the findings. Returns `undefined` if the image has not been scanned. */
  scanFindings(imageDigest: string, page: PageRequest): Promise<ScanPage | undefined>;

  /** Returns the status for each signing profile. */
  signingStatuses(imageDigest: string): Promise<readonly SigningStatus[]>;

  /** Adds a tag to the image. If another image has the tag, the tag moves. */
  putTag(imageTag: string, manifest: Manifest): Promise<void>;
}

interface BatchGetImageAnswer {
  readonly images?: ReadonlyArray<{
    readonly imageId?: { readonly imageDigest?: string; readonly imageTag?: string };
    readonly imageManifest?: string;
    readonly imageManifestMediaType?: string;
  }>;
  readonly failures?: ReadonlyArray<{ readonly imageId?: Record<string, unknown>; readonly failureCode?: string; readonly failureReason?: string }>;
}

/** In bytes. All answers of ECR are smaller, except manifests: several of them can have megabytes. */
const LARGEST_ANSWER = 1024 * 1024;
const LARGEST_MANIFESTS = 8 * LARGEST_ANSWER;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

const TARGET = 'AmazonEC2ContainerRegistry_V20150921';

export function ecrClient(runtime: Runtime, redact: Redact, repository: Repository): EcrClient {
  const service: Service = {
    name: 'ecr',
    region: repository.region,
    url: endpoint(runtime, 'ECR', `https://api.ecr.${repository.region}.${repository.domain}`),
    runtime,
    redact,
  };
  const ask = async <Answer>(operation: Operation, input: object, largestBody = LARGEST_ANSWER): Promise<Answer> =>
    await askJson(service, TARGET, operation, { registryId: repository.account, repositoryName: repository.name, ...input }, largestBody) as Answer;

  /** The manifest of a digest never changes, so the client requests each manifest only once. */
  const seen = new Map<string, Manifest>();

  async function describeImage(id: ImageId, filter?: object): Promise<ImageDetail | undefined> {
    try {
      const { imageDetails } = await ask<{ imageDetails?: ImageDetail[] }>('DescribeImages', { imageIds: [id], filter });
      const [detail] = list(imageDetails);
      if (detail && !isDigest(detail.imageDigest)) throw new NetworkError('the answer has no digest');
      return detail;
    } catch (error) {
      if (isCode(error, 'ImageNotFoundException')) return undefined;
      throw error;
    }
  }

  async function listImages(page: PageRequest): Promise<ImagePage> {
    const { imageDetails, nextToken } = await ask<{ imageDetails?: ImageDetail[]; nextToken?: string }>('DescribeImages', page);
    return { images: list(imageDetails), nextToken };
  }

  async function getManifests(ids: readonly ImageId[]): Promise<Array<Manifest | ImageFailure | undefined>> {
    const known = ids.map((id) => 'imageDigest' in id ? seen.get(id.imageDigest) : undefined);
    const unknown = ids.filter((_, index) => !known[index]);
    if (unknown.length === 0) return known;

    // ECR returns a manifest as it was pushed only if the request accepts its type. ECR also accepts the index types
    // here, although they are not documented.
    const answer = await ask<BatchGetImageAnswer>('BatchGetImage', { imageIds: unknown, acceptedMediaTypes: MEDIA_TYPES }, LARGEST_MANIFESTS);
    const found: Array<Manifest | ImageFailure | undefined> = [];
    for (const id of unknown) {
      const manifest = manifestOf(id, answer, unknown.length === 1);
      found.push(manifest === 'unclear' ? (await getManifests([id]))[0] : manifest);
    }
    return known.map((manifest) => manifest ?? found.shift());
  }

  /** @returns `unclear` if an answer to several IDs does not say which of them it is for */
  function manifestOf(id: ImageId, answer: BatchGetImageAnswer, isOnly: boolean): Manifest | ImageFailure | undefined | 'unclear' {
    const [[name, value]] = Object.entries(id);
    const [images, failures] = [list(answer.images), list(answer.failures)];
    const image = isOnly ? images[0] : images.find(({ imageId }) => (imageId as Record<string, unknown> | undefined)?.[name] === value);
    if (image) {
      const digest = 'imageDigest' in id ? id.imageDigest : image.imageId?.imageDigest;
      if (!isDigest(digest) || typeof image.imageManifest !== 'string') throw new NetworkError('the answer lacks a manifest or a digest');
      const manifest = { digest, text: image.imageManifest, mediaType: image.imageManifestMediaType };
      seen.set(digest, manifest);
      return manifest;
    }
    const failure = isOnly ? failures[0] : failures.find(({ imageId }) => imageId?.[name] === value);
    if (failure?.failureCode === 'ImageNotFound') return undefined;
    if (failure) return new ImageFailure(failure.failureCode ?? 'NoFailureCode', failure.failureReason ?? 'no reason given');
    if (isOnly) throw new NetworkError('the answer has no image');
    return 'unclear';
  }

  async function downloadUrl(layerDigest: string): Promise<string> {
    const { downloadUrl: url } = await ask<{ downloadUrl?: string }>('GetDownloadUrlForLayer', { layerDigest });
    if (!URL.canParse(text(url))) throw new NetworkError('the answer has no download URL');
    return url!;
  }

  async function putTag(imageTag: string, { digest, text: imageManifest, mediaType }: Manifest): Promise<void> {
    try {
      const { image } = await ask<{ image?: { imageId?: { imageDigest?: string } } }>('PutImage', {
        imageTag,
        imageDigest: digest,
        imageManifest,
        imageManifestMediaType: mediaType,
      });
      if (image?.imageId?.imageDigest === digest) return;
    } catch (error) {
      if (isCode(error, 'ImageAlreadyExistsException')) return;
      throw error;
    }
    const [tagged] = await getManifests([{ imageTag }]);
    if (tagged instanceof ImageFailure || tagged?.digest !== digest) throw new NetworkError(`tag ${imageTag} was not moved`);
  }

  async function scanFindings(imageDigest: string, page: PageRequest): Promise<ScanPage | undefined> {
    try {
      return await ask<ScanPage>('DescribeImageScanFindings', { imageId: { imageDigest }, ...page });
    } catch (error) {
      if (isCode(error, 'ScanNotFoundException')) return undefined;
      throw error;
    }
  }

  async function signingStatuses(imageDigest: string): Promise<readonly SigningStatus[]> {
    const { signingStatuses: statuses } = await ask<{ signingStatuses?: SigningStatus[] }>('DescribeImageSigningStatus', { imageId: { imageDigest } });
    return list(statuses);
  }

  return { scanFindings, signingStatuses, describeImage, listImages, getManifests, downloadUrl, putTag };
}

/** Returns the objects in a list of an answer. */
export function list<Item>(items: readonly Item[] | undefined): Item[] {
  return Array.isArray(items) ? items.filter((item) => typeof item === 'object') : [];
}

function isDigest(value: string | undefined): value is string {
  return DIGEST.test(text(value));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AwsError && error.code === code;
}

/** Error codes that only ECR has. */
const KIND_OF_CODE: ReadonlyArray<[RegExp, Trouble['kind'] | 'gone' | 'repositoryMissing']> = [
  [/^RepositoryNotFound/, 'repositoryMissing'],
  // A lookup by name does not fail with these codes. The image was found by its name, and has been deleted since.
  [/^(ImageNotFound|LayersNotFound|ReferencedImagesNotFound)/, 'gone'],
  [/^Upstream(TooManyRequests|Unavailable)/, 'unavailable'],
  [/^Upstream|UnableToAccessUpstream|UnableToGetUpstream/, 'upstream'],
  [/^Kms/, 'kms'],
  // ECR uses this code for its quotas, such as 1,000 tags per image. A retry does not help.
  [/^LimitExceeded/, 'quota'],
  [/Validation|InvalidParameter/, 'refused'],
];

/** Classifies a failed call. The kind determines whether a retry may help. */
export function troubleOf(error: unknown): Observation {
  if (error instanceof NetworkError) return { kind: 'unavailable', message: error.message };
  if (error instanceof ImageFailure) return observationOf(error.code, 0, 'ecr:BatchGetImage', error.message);
  if (!(error instanceof AwsError)) return { kind: 'unexpected', message: String(error) };

  const { action, code, status } = error;
  return observationOf(code, status, action, error.message === code ? code : `${code}: ${error.message}`);
}

function observationOf(code: string, status: number, action: string, message: string): Observation {
  const kind = KIND_OF_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? commonTrouble(code, status) ?? 'unexpected';
  return kind === 'gone' || kind === 'repositoryMissing' ? { kind } : { kind, action, message };
}
