import { createHash } from 'node:crypto';
import { Fixture, FIXTURES } from './fixtures';
import { CONTRACT_VERSION } from '../../../src/guard/contract';
import { ScanPage, SigningStatus } from '../../../src/guard/handler/ecr/client';
import { createHandler } from '../../../src/guard/handler/index.lambda';
import { HttpRequest, HttpResponse } from '../../../src/handler/runtime/http';
import { Answered, Asked, Fault, reply, SECRETS as COMMON_SECRETS, SIGNATURE, SimulatedAws } from '../../handler/simulated-aws';

export { NO_IMAGE } from '../../handler/simulated-aws';
export type { Answered, Call, Fault } from '../../handler/simulated-aws';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
export const REPOSITORY = 'app';
export const REPOSITORY_URI = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${REPOSITORY}`;
export const STACK_ID = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/Service/0a1b2c3d-0000-1111-2222-333344445555`;

const SERVICE_TOKEN = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:Guard`;

export const RESPONSE_URL = `https://cloudformation-custom-resource-response.s3.amazonaws.com/key?${SIGNATURE}`;
export const SECRETS = [RESPONSE_URL, ...COMMON_SECRETS];

export const THROTTLED: Fault = { kind: 'error', status: 400, code: 'ThrottlingException', message: 'Rate exceeded' };
export const SERVER_ERROR: Fault = { kind: 'error', status: 500, code: 'ServerException' };
export const DENIED: Fault = {
  kind: 'error',
  status: 400,
  code: 'AccessDeniedException',
  message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/GuardRole/Guard is not authorized to perform: ecr:DescribeImages on resource: `
    + `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${REPOSITORY} because no identity-based policy allows the ecr:DescribeImages action`,
};

export interface StoredImage {
  readonly digest: string;
  readonly fixture: Fixture;
  readonly status: 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING';
  readonly pushedAt: number;
}

interface ImageId {
  readonly imageTag?: string;
  readonly imageDigest?: string;
}

/** Adds ECR with one repository. */
export class Simulation extends SimulatedAws<'registry'> {
  public repositoryExists = true;
  public showsArchivedUnasked = true;
  /** Whether the answer to a request for several IDs says which of them matched each image. */
  public namesTagsInAnswers = true;
  public readonly images = new Map<string, StoredImage>();
  public readonly tags = new Map<string, string>();

  constructor() {
    super(['registry']);
  }

  /** The findings of the scan of an image, by page. Undefined if the image has not been scanned. */
  public scan: (imageDigest: string, page: number) => ScanPage | undefined = () => undefined;
  public signing: (imageDigest: string) => readonly SigningStatus[] = () => [];

  public push(tag: string | undefined, options: { fixture?: Fixture; status?: StoredImage['status']; salt?: string } = {}): string {
    const { fixture = FIXTURES.buildxIndex, status = 'ACTIVE', salt = tag } = options;
    const digest = `sha256:${createHash('sha256').update(`${salt}\n${fixture.manifest}`).digest('hex')}`;
    this.images.set(digest, { digest, fixture, status, pushedAt: this.clock.now() });
    if (tag !== undefined) this.tags.set(tag, digest);
    return digest;
  }

  public remove(digest: string): void {
    this.images.delete(digest);
    for (const [tag, tagged] of this.tags) {
      if (tagged === digest) this.tags.delete(tag);
    }
  }

  /** Runs the handler as Lambda does, and returns the answer that CloudFormation accepts: the first one. */
  public async request(message: unknown, remainingMs = 900_000): Promise<Answered> {
    await this.run(message, remainingMs);
    return this.answered;
  }

  public async run(message: unknown, remainingMs = 900_000): Promise<void> {
    const death = this.clock.now() + remainingMs;
    const context = { getRemainingTimeInMillis: () => death - this.clock.now() };
    await this.clock.until(createHandler(this)(message, context));
  }

  public get answered(): Answered {
    return JSON.parse(this.answers[0]);
  }

  protected identify({ headers, body = '{}' }: HttpRequest): Asked<'registry'> {
    const target = headers['x-amz-target'];
    return target
      ? { server: 'registry', action: `ecr:${target.split('.')[1]}`, input: JSON.parse(body) }
      : { server: 'registry', action: '', input: {} };
  }

  protected serve({ action, input }: Asked<'registry'>, request: HttpRequest): HttpResponse {
    if (request.method === 'GET') return this.blob(decodeURIComponent(new URL(request.url).pathname.slice(1)));

    if (!this.repositoryExists || input.repositoryName !== REPOSITORY) {
      return reply(400, { __type: 'RepositoryNotFoundException', message: `The repository with name '${String(input.repositoryName)}' does not exist` });
    }
    switch (action) {
      case 'ecr:DescribeImages': return this.describeImages(input);
      case 'ecr:BatchGetImage': return this.batchGetImage(input);
      case 'ecr:PutImage': return this.putImage(input);
      case 'ecr:DescribeImageScanFindings': {
        const page = this.scan((input.imageId as { imageDigest: string }).imageDigest, Number(input.nextToken ?? 0));
        return page ? reply(200, page) : reply(400, { __type: 'ScanNotFoundException', message: 'Image scan does not exist' });
      }
      case 'ecr:DescribeImageSigningStatus':
        return reply(200, { signingStatuses: this.signing((input.imageId as { imageDigest: string }).imageDigest) });
      case 'ecr:GetDownloadUrlForLayer': return reply(200, { downloadUrl: `https://layers.example/${String(input.layerDigest)}?${SIGNATURE}` });
      default: return reply(400, { __type: 'UnknownOperationException' });
    }
  }

  private describeImages({ imageIds, filter, maxResults, nextToken }: Record<string, unknown>): HttpResponse {
    if (!Array.isArray(imageIds)) {
      const [start, size] = [Number(nextToken ?? 0), Number(maxResults ?? 100)];
      const page = [...this.images.values()].slice(start, start + size);
      const isLast = start + size >= this.images.size;
      return reply(200, { imageDetails: page.map((image) => this.detail(image)), nextToken: isLast ? undefined : String(start + size) });
    }
    const image = this.find(imageIds[0]);
    const isShown = image && (image.status === 'ACTIVE' || this.showsArchivedUnasked || filter);
    return isShown
      ? reply(200, { imageDetails: [this.detail(image)] })
      : reply(400, { __type: 'ImageNotFoundException', message: 'The image does not exist within the repository' });
  }

  private batchGetImage({ imageIds }: Record<string, unknown>): HttpResponse {
    const answers = (imageIds as ImageId[]).map((imageId) => ({ imageId, image: this.find(imageId) }));
    return reply(200, {
      images: answers.flatMap(({ imageId: { imageTag }, image }) => image ? [{
        registryId: ACCOUNT,
        repositoryName: REPOSITORY,
        imageId: { imageDigest: image.digest, imageTag: this.namesTagsInAnswers ? imageTag : undefined },
        imageManifest: image.fixture.manifest,
        imageManifestMediaType: image.fixture.mediaType,
      }] : []),
      failures: answers.flatMap(({ imageId, image }) =>
        image ? [] : [{ imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }]),
    });
  }

  /** Moves tags, as ECR does if they are excluded from immutability. */
  private putImage({ imageTag, imageDigest, imageManifest, imageManifestMediaType }: Record<string, unknown>): HttpResponse {
    const image = this.images.get(String(imageDigest));
    if (!image) return reply(400, { __type: 'ReferencedImagesNotFoundException', message: 'The manifest references layers that do not exist' });
    if (image.fixture.manifest !== imageManifest) return reply(400, { __type: 'InvalidParameterException', message: 'digest and manifest differ' });
    if (this.tags.get(String(imageTag)) === imageDigest) return reply(400, { __type: 'ImageAlreadyExistsException' });
    this.tags.set(String(imageTag), String(imageDigest));
    return reply(200, {
      image: { registryId: ACCOUNT, repositoryName: REPOSITORY, imageId: { imageDigest, imageTag }, imageManifest, imageManifestMediaType },
    });
  }

  private blob(configDigest: string): HttpResponse {
    const image = [...this.images.values()].find(({ fixture }) => fixture.manifest.includes(configDigest));
    return image?.fixture.config ? reply(200, image.fixture.config) : reply(404, 'NoSuchKey');
  }

  private find(id: ImageId): StoredImage | undefined {
    return this.images.get(id.imageDigest ?? this.tags.get(id.imageTag ?? '') ?? '');
  }

  private detail({ digest, status, pushedAt, fixture }: StoredImage): object {
    return {
      imageDigest: digest,
      imageStatus: status,
      imageTags: [...this.tags].filter(([, tagged]) => tagged === digest).map(([tag]) => tag),
      imagePushedAt: pushedAt / 1000,
      imageManifestMediaType: fixture.mediaType,
    };
  }
}

/** A request as CloudFormation sends it. */
export function event(overrides: object = {}, properties: object = {}): Record<string, unknown> {
  return {
    RequestType: 'Create',
    ServiceToken: SERVICE_TOKEN,
    ResponseURL: RESPONSE_URL,
    StackId: STACK_ID,
    RequestId: '9d4c1c8f-93b1-4a1e-8f57-6f5d8c0a2b11',
    ResourceType: 'Custom::ImageGuard',
    LogicalResourceId: 'ApiGuard1A2B3C4D',
    ResourceProperties: propertiesWith(properties),
    ...overrides,
  };
}

/** @param replaced the previous values of properties */
export function update(physicalId: string, properties: object = {}, replaced?: object): Record<string, unknown> {
  return event({
    RequestType: 'Update',
    PhysicalResourceId: physicalId,
    ...replaced ? { OldResourceProperties: propertiesWith(replaced) } : {},
  }, properties);
}

/** The properties as the construct synthesizes them. */
export function propertiesWith(properties: object): Record<string, unknown> {
  const { WaitSeconds = '0' } = properties as { WaitSeconds?: string };
  return {
    ServiceToken: SERVICE_TOKEN,
    ServiceTimeout: String(Number(WaitSeconds) + 300),
    ContractVersion: CONTRACT_VERSION,
    RepositoryName: REPOSITORY,
    RepositoryUri: REPOSITORY_URI,
    RegistryId: ACCOUNT,
    RegistryRegion: REGION,
    VersionKind: 'tag',
    VersionValue: 'v1',
    Platforms: ['LINUX/X86_64'],
    WhenMissing: 'fail',
    WaitSeconds,
    TaskCounts: ['2'],
    ServiceStack: 'Service',
    RegistryStack: 'Service/Registry',
    ...properties,
  };
}
