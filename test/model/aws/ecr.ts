import { Examinations, findingsAnswer } from './examinations';
import { Image } from './images';
import { MOST_TAGS, Repository, Stored } from './registry';

export class EcrError extends Error {
  constructor(public readonly code: string, message: string, public readonly status = 400) {
    super(message);
  }
}

type Input = Readonly<Record<string, any>>;
interface ImageId { readonly imageTag?: string; readonly imageDigest?: string }

/** Behavior that AWS does not document, chosen at random for each world. */
export interface EcrDoubts {
  /** Whether `DescribeImages` finds an archived image by its tag without a filter for archived images. */
  readonly describesArchived: boolean;
  /** How `BatchGetImage` responds for an archived image, whose pull "fails with a 404 error". */
  readonly archivedFailure: 'ImageNotFound' | 'ImageInaccessible';
  /** Whether a manifest can be put after its image was deleted. */
  readonly revivesDeleted: boolean;
}

/** The operations of one registry, by the API reference. Other modules handle protocol, permissions and faults. */
export class Ecr {
  /** Images that were read, by their manifest. */
  private readonly read = new Map<string, Image>();

  constructor(
    private readonly account: string,
    private readonly repositories: ReadonlyMap<string, Repository>,
    private readonly doubts: EcrDoubts,
    private readonly downloadUrl: (digest: string) => string,
    private readonly now: () => number,
    private readonly examinations: Examinations,
    private readonly arnOf: (signingProfile: string) => string,
  ) {}

  public call(operation: string, input: Input): object {
    if (input.registryId !== undefined && input.registryId !== this.account) throw this.noRepository(input);
    const repository = this.repositories.get(input.repositoryName as string);
    if (!repository?.exists) throw this.noRepository(input);
    switch (operation) {
      case 'DescribeImages': return this.describeImages(repository, input);
      case 'BatchGetImage': return this.batchGetImage(repository, input);
      case 'GetDownloadUrlForLayer': return this.getDownloadUrlForLayer(repository, input);
      case 'DescribeImageScanFindings': return this.describeImageScanFindings(repository, input);
      case 'DescribeImageSigningStatus': return this.describeImageSigningStatus(repository, input);
      case 'PutImage': return this.putImage(repository, input);
      default: throw new EcrError('UnknownOperationException', operation);
    }
  }

  private noRepository({ repositoryName }: Input): EcrError {
    return new EcrError('RepositoryNotFoundException', `The repository with name '${String(repositoryName)}' does not exist in the registry with id '${this.account}'`);
  }

  private noImage({ name }: Repository, id: ImageId): EcrError {
    return new EcrError('ImageNotFoundException', `The image with imageId ${JSON.stringify(id)} does not exist within the repository with name '${name}' in the registry with id '${this.account}'`);
  }

  private describeImages(repository: Repository, { imageIds, filter, maxResults, nextToken }: Input): object {
    if (imageIds) {
      if (maxResults !== undefined || nextToken !== undefined) throw new EcrError('InvalidParameterException', 'maxResults and nextToken cannot be used with imageIds');
      const details = (imageIds as ImageId[]).map((id) => {
        const stored = this.find(repository, id);
        const status = filter?.imageStatus as string | undefined;
        const wanted = status === 'ANY' || (status ? stored?.status === status : stored?.status === 'ACTIVE' || this.doubts.describesArchived);
        if (!stored || !wanted) throw this.noImage(repository, id);
        return this.detailOf(repository, stored);
      });
      return { imageDetails: details };
    }
    const all = [...repository.images.values()].filter(({ status, image }) => (
      (filter?.imageStatus === 'ANY' || status === (filter?.imageStatus ?? 'ACTIVE'))
      && (filter?.tagStatus === undefined || filter.tagStatus === 'ANY' || (filter.tagStatus === 'TAGGED') === repository.countTags(image.digest) > 0)
    ));
    const { items, ...next } = pageOf(all, { maxResults, nextToken });
    return { imageDetails: items.map((stored) => this.detailOf(repository, stored)), ...next };
  }

  private detailOf(repository: Repository, { image, pushedAt, status }: Stored): object {
    const tags = repository.tagsOf(image.digest);
    const others = Array.from({ length: repository.otherTags.get(image.digest) ?? 0 }, (_, index) => `build-${index}`);
    return {
      registryId: this.account,
      repositoryName: repository.name,
      imageDigest: image.digest,
      ...tags.length + others.length > 0 && { imageTags: [...others, ...tags] },
      imageSizeInBytes: image.manifest.length + 1234,
      imagePushedAt: pushedAt / 1000,
      imageManifestMediaType: image.mediaType,
      imageStatus: status,
    };
  }

  private batchGetImage(repository: Repository, { imageIds, acceptedMediaTypes }: Input): object {
    const images: object[] = [];
    const failures: object[] = [];
    for (const imageId of imageIds as ImageId[]) {
      const stored = this.find(repository, imageId);
      const fail = (failureCode: string, failureReason: string) => failures.push({ imageId, failureCode, failureReason });
      if (!stored) {
        fail('ImageNotFound', 'Requested image not found');
      } else if (stored.status !== 'ACTIVE') {
        fail(this.doubts.archivedFailure, 'Requested image is archived');
      } else if (acceptedMediaTypes && !(acceptedMediaTypes as string[]).includes(stored.image.mediaType)) {
        fail('ImageNotFound', `The image has another media type: ${stored.image.mediaType}`);
      } else {
        const { digest, manifest, mediaType } = stored.image;
        images.push({
          registryId: this.account,
          repositoryName: repository.name,
          imageId: { imageDigest: digest, ...imageId.imageTag && { imageTag: imageId.imageTag } },
          imageManifest: manifest,
          imageManifestMediaType: mediaType,
        });
      }
    }
    return { images, failures };
  }

  private getDownloadUrlForLayer(repository: Repository, { layerDigest }: Input): object {
    if (!repository.blob(layerDigest as string)) throw new EcrError('LayersNotFoundException', `The layer with digest '${String(layerDigest)}' does not exist`);
    return { downloadUrl: this.downloadUrl(layerDigest as string), layerDigest };
  }

  private describeImageScanFindings(repository: Repository, { imageId, maxResults, nextToken }: Input): object {
    const stored = this.find(repository, imageId as ImageId);
    if (!stored) throw this.noImage(repository, imageId as ImageId);
    const scan = this.examinations.scanOf(stored);
    if (!scan) throw new EcrError('ScanNotFoundException', `Image scan does not exist for the image with '${JSON.stringify(imageId)}' in the repository with name '${repository.name}' in the registry with id '${this.account}'`);
    const { status, description, findings } = scan;
    const { items, ...next } = pageOf(findings, { maxResults, nextToken });
    const isOver = status === 'COMPLETE' || status === 'ACTIVE';
    return {
      registryId: this.account,
      repositoryName: repository.name,
      imageId: { imageDigest: stored.image.digest },
      imageScanStatus: { status, ...description && { description } },
      ...isOver && { imageScanFindings: findingsAnswer(items) },
      ...next,
    };
  }

  private describeImageSigningStatus(repository: Repository, { imageId }: Input): object {
    const stored = this.find(repository, imageId as ImageId);
    if (!stored) throw this.noImage(repository, imageId as ImageId);
    const signingStatuses = this.examinations.signingsOf(stored).map(({ profile, status }) => ({
      signingProfileArn: this.arnOf(profile),
      status,
      ...status === 'FAILED' && { failureCode: 'AccessDenied', failureReason: 'the principal lacks signer:SignPayload' },
    }));
    return { repositoryName: repository.name, imageId: { imageDigest: stored.image.digest }, registryId: this.account, signingStatuses };
  }

  private putImage(repository: Repository, { imageManifest, imageManifestMediaType, imageTag, imageDigest }: Input): object {
    const known = [...repository.images.values()].find(({ image }) => image.manifest === imageManifest);
    const stored = known ?? this.revived(repository, imageManifest as string);
    if (!stored) throw new EcrError('LayersNotFoundException', 'Layers of the manifest do not exist');
    const { image } = stored;
    if (imageDigest !== undefined && imageDigest !== image.digest) throw new EcrError('ImageDigestDoesNotMatchException', 'The digest does not match that of the manifest');
    if (imageManifestMediaType !== undefined && imageManifestMediaType !== image.mediaType) throw new EcrError('InvalidParameterException', 'The media type is not that of the manifest');
    if (imageTag !== undefined) {
      if (repository.tags.get(imageTag as string) === image.digest) {
        throw new EcrError('ImageAlreadyExistsException', `Image with digest '${image.digest}' and tag '${String(imageTag)}' already exists in the repository with name '${repository.name}' in registry with id '${this.account}'`);
      }
      if (!repository.mayTag(imageTag as string, image.digest)) {
        throw new EcrError('ImageTagAlreadyExistsException', `The image tag '${String(imageTag)}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`);
      }
      if (repository.countTags(image.digest) >= MOST_TAGS) {
        throw new EcrError('LimitExceededException', `The operation did not succeed because it would have exceeded a service limit: ${MOST_TAGS} tags per image`);
      }
      repository.setTag(imageTag as string, image.digest);
    }
    return {
      image: {
        registryId: this.account,
        repositoryName: repository.name,
        imageId: { imageDigest: image.digest, ...imageTag && { imageTag } },
        imageManifest,
        imageManifestMediaType: image.mediaType,
      },
    };
  }

  /** Layers outlive their image for a while. */
  private revived(repository: Repository, manifest: string): Stored | undefined {
    const image = this.read.get(manifest);
    if (!image || !this.doubts.revivesDeleted) return undefined;
    repository.push(image, this.now());
    return repository.images.get(image.digest);
  }

  private find(repository: Repository, { imageTag, imageDigest }: ImageId): Stored | undefined {
    const named = imageTag === undefined ? imageDigest : repository.tags.get(imageTag);
    if (named === undefined || (imageDigest !== undefined && imageDigest !== named)) return undefined;
    const stored = repository.images.get(named);
    if (stored) this.read.set(stored.image.manifest, stored.image);
    return stored;
  }
}

/** One page with the requested number of entries, 100 by default, and a token if more follow. */
function pageOf<Item>(all: readonly Item[], { maxResults, nextToken }: Input): { readonly items: Item[]; readonly nextToken?: string } {
  const start = nextToken ? Number(Buffer.from(nextToken as string, 'base64').toString().split(':')[1]) : 0;
  if (!Number.isInteger(start)) throw new EcrError('InvalidParameterException', 'Invalid parameter at \'nextToken\' failed to satisfy constraint: \'Invalid token\'');
  const end = start + Number(maxResults ?? 100);
  return { items: all.slice(start, end), ...end < all.length && { nextToken: Buffer.from(`token:${end}`).toString('base64') } };
}
