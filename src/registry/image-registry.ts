import { ArnFormat, CfnOutput, Duration, Fn, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, IConstruct } from 'constructs';
import { companionStack } from './companion-stack';
import { buildsFor } from './image-builds';
import { checkRetention, DEFAULT_RETENTION, lifecyclePolicy } from './lifecycle-policy';
import { ManagedSigning } from './managed-signing';
import { MOVABLE_TAGS } from './movable-tags';
import { checkRepositoryName, claimRepositoryName, defaultRepositoryName, keepRepositoryName } from './repository-name';
import { checkedOptions } from '../private/checked-options';
import { buildAndPush, BuildRequirements, logIn } from '../private/docker-commands';
import { anyDuration, anyFlag, anyNumber, anyText, instance, isRecord, Kinds, oneOf } from '../private/option-kinds';
import { deployedStack, pathInStack } from '../private/stacks';
import { invalid, refuse, shown } from '../private/validation';

const IMAGE_REGISTRY = Symbol.for('@org/phased-fargate.ImageRegistry');

const OPTION_KINDS: Kinds<ImageRegistryProps> = {
  repositoryName: anyText,
  removalPolicy: oneOf(...Object.values(RemovalPolicy).filter((policy) => policy !== RemovalPolicy.SNAPSHOT)),
  imageScanOnPush: anyFlag,
  maxImageCount: anyNumber,
  maxUntaggedImageAge: anyDuration,
  signingProfile: anyText,
  encryptionKey: instance('a KMS key', 'keyArn'),
};

const aStatement = instance('an iam.PolicyStatement', 'toStatementJson');
const aGrantee = instance('an iam.IGrantable', 'grantPrincipal');

/** The ECR registry in the account and region of the stack, in the syntax of `Fn::Sub`. */
const LOCAL_REGISTRY = '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}';

/**
 * Properties of an `ImageRegistry`.
 */
export interface ImageRegistryProps {
  /**
   * Name of the repository: 2 to 256 characters. Use lowercase letters and digits, in groups that are separated by `.`,
   * `_`, `__`, `/`, or hyphens. The name must be known at synthesis, because other stacks use it to refer to the
   * repository.
   *
   * @default - the stack name and the path of this construct within the stack, in lowercase and joined by `-`
   */
  readonly repositoryName?: string;

  /**
   * Removal policy of the repository. `RemovalPolicy.DESTROY` deletes the repository and its images.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE - keeps the repository and its images. Exception: when the
   * deployment that creates the repository fails, the rollback deletes the repository if it is empty, or if a guard in the
   * same stack uses it
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether ECR scans each image for known vulnerabilities when it is pushed.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

  /**
   * Number of tagged images to keep. The most recently pushed images are kept. The current and the previous image of each
   * guard with `retainReleasedImages` never expire.
   *
   * @default 1000
   */
  readonly maxImageCount?: number;

  /**
   * Time to keep an untagged image, in whole days. The time starts when the image is pushed, not when it loses its last
   * tag. The images of an image index, such as a multi-platform image, are kept for as long as the index.
   *
   * @default Duration.days(30)
   */
  readonly maxUntaggedImageAge?: Duration;

  /**
   * KMS key that encrypts the images. You cannot change it after the repository is created.
   *
   * @default - a key that ECR owns
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * ARN of an AWS Signer signing profile. ECR uses the profile to sign each pushed image. The identity that pushes needs
   * `signer:SignPayload` on the profile. `grantPush` grants this permission.
   *
   * An account has only one signing configuration per region, and this option writes it. In each account and region, put
   * all registries with this option into one stack, and do not configure signing elsewhere.
   *
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
   * @default - images are not signed
   */
  readonly signingProfile?: string;
}

/**
 * Phase 1: the ECR repository that images are pushed to before any service is deployed.
 *
 * Its name and ARN are always known at synthesis. Other stacks refer to it by name, so no CloudFormation export ties them
 * together. Tags are immutable, except `latest`, `cache*`, and `deployed-*`.
 *
 * The stack outputs the URI of the repository and the commands that log in, build for the right platform, and push.
 *
 * @resource AWS::ECR::Repository
 */
export class ImageRegistry extends ecr.RepositoryBase {
  /**
   * Creates a registry in a separate registry stack, so that a failed deployment of the service never rolls it back. All
   * registries for one service stack share one registry stack.
   *
   * The registry stack is the child `Registry` of the service stack. Its name is `<service stack name>-Registry`. It
   * inherits the environment, tags, permissions boundary, termination protection, and synthesizer of the service stack.
   * If `scope` is in a nested stack, the service stack is the outermost parent stack.
   *
   * If the service stack has a guard for this registry, CDK deploys the registry stack first. The registry stack also
   * declares the image tag parameters of the guards, so `cdk deploy --parameters <name>=<tag>` works without a stack name.
   *
   * @param scope scope of the service
   * @param id ID of the registry, unique within `scope`
   * @throws if the service stack has another child with the ID `Registry`; if the service stack has a custom synthesizer
   * that the library cannot copy for the registry stack
   */
  public static inCompanionStack(scope: Construct, id: string, props: ImageRegistryProps = {}): ImageRegistry {
    if (!Construct.isConstruct(scope)) throw new Error(`ImageRegistry.inCompanionStack: scope ${shown(scope)} is not a construct`);
    const options = props ?? {};
    if (!isRecord(options)) throw invalid(scope, `options ${shown(options)} is not an object`);
    const serviceStack = deployedStack(scope);
    const path = [...pathInStack(scope), id];
    return new ImageRegistry(companionStack(serviceStack), path.join('-'), {
      ...options,
      repositoryName: props?.repositoryName ?? defaultRepositoryName(scope, serviceStack, path),
    });
  }

  /**
   * Returns whether a construct is an `ImageRegistry`. Also recognizes registries from another copy of this library.
   *
   * @param construct any construct
   */
  public static isImageRegistry(construct: IConstruct): construct is ImageRegistry {
    return typeof construct === 'object' && construct !== null && IMAGE_REGISTRY in construct;
  }

  /**
   * Name of the repository, known at synthesis.
   */
  public readonly repositoryName: string;

  /**
   * ARN of the repository. It is built from the name and does not reference this stack.
   */
  public readonly repositoryArn: string;

  private readonly repository: ecr.Repository;
  private readonly signingProfile: string | undefined;
  private readonly removalPolicy: RemovalPolicy;
  private readonly requirements: (() => BuildRequirements)[] = [];

  /**
   * @throws if the repository name, or the default name, is not valid in ECR; if the name is a token; if another registry of
   * the app has the same name in the same account and region; if `maxImageCount` is less than 1, or `maxUntaggedImageAge` is less
   * than one day
   */
  constructor(scope: Construct, id: string, props: ImageRegistryProps = {}) {
    super(scope, id);
    Object.defineProperty(this, IMAGE_REGISTRY, { value: true });
    const given = checkedOptions(this, props, OPTION_KINDS);

    this.repositoryName = given.repositoryName ?? defaultRepositoryName(this, deployedStack(this), pathInStack(this));
    checkRepositoryName(this, this.repositoryName);
    claimRepositoryName(this, this.repositoryName);
    this.repositoryArn = this.stack.formatArn({
      service: 'ecr',
      resource: 'repository',
      resourceName: this.repositoryName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });

    const retention = {
      maxImageCount: given.maxImageCount ?? DEFAULT_RETENTION.maxImageCount,
      maxUntaggedImageAge: given.maxUntaggedImageAge ?? DEFAULT_RETENTION.maxUntaggedImageAge,
    };
    checkRetention(this, retention);
    this.removalPolicy = given.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    this.repository = new ecr.Repository(this, 'Resource', {
      imageScanOnPush: given.imageScanOnPush ?? true,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      encryptionKey: given.encryptionKey,
      removalPolicy: this.removalPolicy,
      emptyOnDelete: this.removalPolicy === RemovalPolicy.DESTROY || undefined,
    });
    this.signingProfile = given.signingProfile;
    if (this.signingProfile !== undefined) ManagedSigning.in(this).sign(this.repositoryName, this.signingProfile);

    // Sets the L1 as the default child, so that `applyRemovalPolicy` and escape hatches find it.
    const resource = this.repository.node.defaultChild as ecr.CfnRepository;
    this.node.defaultChild = resource;
    // The L2 refuses some names that ECR accepts.
    resource.repositoryName = this.repositoryName;
    resource.lifecyclePolicy = { lifecyclePolicyText: lifecyclePolicy(retention) };
    excludeReservedTags(resource);

    keepRepositoryName(resource, this.repositoryName);
    new CfnOutput(this, 'RepositoryUri', {
      description: 'URI of the repository to push the image to',
      value: resource.attrRepositoryUri,
    });
    new CfnOutput(this, 'PushCommands', {
      description: 'Commands that log in, build, and push the image. Set TAG first',
      value: Fn.sub(Lazy.string({ produce: () => this.pushCommands() })),
    });
  }

  /**
   * Adds a statement to the repository's resource policy.
   *
   * @param statement statement with principals and actions, but no resources
   */
  public addToResourcePolicy(statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    refuse(this, aStatement('statement', statement));
    return this.repository.addToResourcePolicy(statement);
  }

  /**
   * Grants a principal the permissions to push images. With a `signingProfile`, this includes `signer:SignPayload`.
   *
   * @param grantee the principal that pushes
   */
  public grantPush(grantee: iam.IGrantable): iam.Grant {
    refuse(this, aGrantee('grantee', grantee));
    const push = super.grantPush(grantee);
    const profile = this.signingProfile;
    return profile === undefined ? push : push.combine(iam.Grant.addToPrincipal({ grantee, actions: ['signer:SignPayload'], resourceArns: [profile] }));
  }

  /**
   * Makes the push commands build an image that this guard accepts.
   *
   * @internal
   */
  public _buildFor(requirements: () => BuildRequirements): void {
    this.requirements.push(requirements);
  }

  /**
   * Allows the rollback of a failed first deployment to delete the repository with its images. Without this, the stack would
   * be stuck.
   *
   * @internal
   */
  public _expectImagesAtFirst(): void {
    if (this.removalPolicy === RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE) (this.node.defaultChild as ecr.CfnRepository).emptyOnDelete = true;
  }

  private pushCommands(): string {
    const repository = { uri: `${LOCAL_REGISTRY}/${this.repositoryName}`, region: '${AWS::Region}' };
    const builds = buildsFor(this.requirements.map((requirements) => requirements()));
    return [
      logIn(repository),
      ...builds.map(({ tagSuffix, ...requirements }) => buildAndPush(repository, `$TAG${tagSuffix}`, requirements)),
    ].join(' && ');
  }
}

/** Set on the L1, because the L2 has the filters only since aws-cdk-lib 2.221. */
function excludeReservedTags(resource: ecr.CfnRepository): void {
  resource.imageTagMutability = 'IMMUTABLE_WITH_EXCLUSION';
  resource.imageTagMutabilityExclusionFilters = MOVABLE_TAGS.map((pattern) => ({
    imageTagMutabilityExclusionFilterType: 'WILDCARD',
    imageTagMutabilityExclusionFilterValue: pattern,
  }));
}
