import { ArnFormat, CfnOutput, Duration, Fn, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, IConstruct } from 'constructs';
import { companionStack } from './companion-stack';
import { buildsFor } from './image-builds';
import { ManagedSigning } from './managed-signing';
import { checkRepositoryName, claimRepositoryName, defaultRepositoryName, keepRepositoryName } from './repository-name';
import { RESERVED_TAGS } from './reserved-tags';
import { checkRetention, DEFAULT_RETENTION, lifecyclePolicy } from './retention';
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
  keepTagged: anyNumber,
  keepUntaggedFor: anyDuration,
  signingProfile: anyText,
  encryptionKey: instance('a KMS key', 'keyArn'),
};

const aStatement = instance('an iam.PolicyStatement', 'toStatementJson');
const aGrantee = instance('an iam.IGrantable', 'grantPrincipal');

/** Of the account and region that a stack is deployed to, as `Fn::Sub` has it. */
const LOCAL_REGISTRY = '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}';

/**
 * Properties of an `ImageRegistry`.
 */
export interface ImageRegistryProps {
  /**
   * Name of the repository: 2 to 256 lower-case letters and digits, in parts joined by `.`, `_`, `__`, `/` or hyphens.
   * It must be known at synthesis, because other stacks refer to the repository by this name.
   *
   * @default - the name of the stack and the ids down to this construct, joined by `-`, in lower case
   */
  readonly repositoryName?: string;

  /**
   * What happens to the repository when it leaves the stack or the stack is deleted.
   * With `RemovalPolicy.DESTROY` its images are deleted with it.
   *
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE - the repository and its images stay; only a first deployment
   * that fails takes its repository with it, empty or, with a guard in the same stack, with what was pushed meanwhile
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether ECR scans each image for known vulnerabilities when it is pushed.
   *
   * @default true
   */
  readonly imageScanOnPush?: boolean;

  /**
   * How many tagged images are kept: those that were pushed last. What a guard of this registry has released, and what
   * that ran before, is kept in any case.
   *
   * @default 1000
   */
  readonly keepTagged?: number;

  /**
   * How long an image without a tag is kept, in whole days since it was pushed, not since its last tag moved on. What an
   * index consists of is kept as long as the index.
   *
   * @default Duration.days(30)
   */
  readonly keepUntaggedFor?: Duration;

  /**
   * KMS key that encrypts the images. It cannot be changed once the repository exists.
   *
   * @default - encrypted with a key that ECR owns
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * ARN of a signing profile of AWS Signer, with which ECR signs each image that is pushed. Whoever pushes needs
   * `signer:SignPayload` on the profile; `grantPush` grants it.
   *
   * An account has one signing configuration in each region. This option writes it, so all registries of the account
   * that have the option must be in one stack, and nothing else may configure signing there.
   *
   * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
   * @default - images are not signed
   */
  readonly signingProfile?: string;
}

/**
 * Phase 1: the ECR repository that images are pushed to, before any service is deployed.
 *
 * Its name and ARN are always known at synthesis, so that other stacks refer to it by name and no CloudFormation
 * export ties them together. Tags are immutable, except those meant to move: `latest`, `cache*` and `deployed-*`.
 *
 * The stack outputs the URI of the repository and the commands that log in, build for the right platform and push.
 *
 * @resource AWS::ECR::Repository
 */
export class ImageRegistry extends ecr.RepositoryBase {
  /**
   * A registry in a stack of its own beside the stack of `scope`, so that a failed deployment of the service can never
   * roll it back. All registries made for one service stack share one such stack.
   *
   * It is the child stack `Registry` of the service stack, named `<service stack name>-Registry`, and inherits the
   * service stack's environment, tags, permissions boundary, termination protection and synthesizer. With a guard of this
   * registry, the service stack is deployed after it. From a nested stack, the outermost stack counts. It accepts the
   * parameters of the guards' image tags, so that `cdk deploy --parameters` needs no stack name.
   *
   * @param scope where the service is
   * @param id names the registry within the stack of `scope`
   * @throws if the service stack has a child `Registry` that is something else, or a synthesizer of its own that is
   * not one of CDK's classes and therefore cannot be copied for a second stack
   */
  public static inCompanionStack(scope: Construct, id: string, props: ImageRegistryProps = {}): ImageRegistry {
    if (!Construct.isConstruct(scope)) throw new Error(`ImageRegistry.inCompanionStack: scope ${shown(scope)} is not a construct`);
    const options = props ?? {};
    if (!isRecord(options)) throw invalid(scope, `options ${shown(options)} are not an object`);
    const serviceStack = deployedStack(scope);
    const path = [...pathInStack(scope), id];
    return new ImageRegistry(companionStack(serviceStack), path.join('-'), {
      ...options,
      repositoryName: props?.repositoryName ?? defaultRepositoryName(scope, serviceStack, path),
    });
  }

  /**
   * Whether a construct is an `ImageRegistry`, also one of another copy of this library.
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
   * ARN of the repository, made from its name: no reference to this stack.
   */
  public readonly repositoryArn: string;

  private readonly repository: ecr.Repository;
  private readonly signingProfile: string | undefined;
  private readonly removalPolicy: RemovalPolicy;
  private readonly requirements: (() => BuildRequirements)[] = [];

  /**
   * @throws if the repository name is not valid in ECR, the default one included, is a token, or is taken by another registry of the app in the
   * same account and region; if a number of images or days to keep is less than 1
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
      keepTagged: given.keepTagged ?? DEFAULT_RETENTION.keepTagged,
      keepUntaggedFor: given.keepUntaggedFor ?? DEFAULT_RETENTION.keepUntaggedFor,
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

    // The L1, so that applyRemovalPolicy and escape hatches find it as in other CDK resources.
    const resource = this.repository.node.defaultChild as ecr.CfnRepository;
    this.node.defaultChild = resource;
    // The L2 refuses names that ECR accepts.
    resource.repositoryName = this.repositoryName;
    resource.lifecyclePolicy = { lifecyclePolicyText: lifecyclePolicy(retention) };
    excludeReservedTags(resource);

    keepRepositoryName(resource, this.repositoryName);
    new CfnOutput(this, 'RepositoryUri', {
      description: 'Where to push the image',
      value: resource.attrRepositoryUri,
    });
    new CfnOutput(this, 'PushCommands', {
      description: 'Logs in, builds and pushes; set TAG first',
      value: Fn.sub(Lazy.string({ produce: () => this.pushCommands() })),
    });
  }

  /**
   * Adds a statement to the repository's resource policy.
   *
   * @param statement who may do what with the repository; a resource is not named
   */
  public addToResourcePolicy(statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    refuse(this, aStatement('statement', statement));
    return this.repository.addToResourcePolicy(statement);
  }

  /**
   * Lets a principal push images, and have them signed where the registry signs.
   *
   * @param grantee who pushes
   */
  public grantPush(grantee: iam.IGrantable): iam.Grant {
    refuse(this, aGrantee('grantee', grantee));
    const push = super.grantPush(grantee);
    const profile = this.signingProfile;
    return profile === undefined ? push : push.combine(iam.Grant.addToPrincipal({ grantee, actions: ['signer:SignPayload'], resourceArns: [profile] }));
  }

  /**
   * Lets the push commands build what this guard accepts.
   *
   * @internal
   */
  public _buildFor(requirements: () => BuildRequirements): void {
    this.requirements.push(requirements);
  }

  /**
   * Images may come before the deployment that creates the repository has succeeded. If that deployment fails, only an
   * empty repository could be rolled back, and the stack would be stuck.
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

/** On the L1, because the L2 knows the filters only since aws-cdk-lib 2.221. */
function excludeReservedTags(resource: ecr.CfnRepository): void {
  resource.imageTagMutability = 'IMMUTABLE_WITH_EXCLUSION';
  resource.imageTagMutabilityExclusionFilters = RESERVED_TAGS.map((pattern) => ({
    imageTagMutabilityExclusionFilterType: 'WILDCARD',
    imageTagMutabilityExclusionFilterValue: pattern,
  }));
}
