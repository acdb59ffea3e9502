import { randomUUID } from 'node:crypto';
import { CfnOutput, CfnResource, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, IConstruct } from 'constructs';
import { CONTRACT_VERSION, GuardProperties, imagePlatform, RESOURCE_TYPE, taskCountAttribute } from './contract';
import { GuardFunction } from './guard-function';
import { ImageGuardProps } from './image-guard-options';
import { ImageRequirement } from './image-requirement';
import { BoundImageVersion, ImageVersion } from './image-version';
import { checkFunction, contradictions } from './lambda-image-checks';
import { Pin, PinnedContainerImage, PinnedLambdaCode } from './pinned-image';
import { comeAfterRegistry } from './registry-order';
import { checkRequirement, RequireGuardOptions, unguardedImages } from './require-guard';
import { WhenMissing } from './when-missing';
import { checkedOptions } from '../private/checked-options';
import { distinctPlatforms } from '../private/image-platforms';
import { guardedPath, kebabCase } from '../private/names';
import { anyFlag, aRepository, instance, Kinds, listOf } from '../private/option-kinds';
import { deployedStack, deployedTogether, deployId, isInOtherAccount, pathInStack } from '../private/stacks';
import { invalid, outside, shown } from '../private/validation';
import { ImageRegistry } from '../registry/image-registry';
import { createdRepository, placeOf, referenceByName } from '../registry/repository-reference';

/** Time that the handler needs after the wait, to look up the image once more and to answer. */
const TIME_TO_ANSWER = Duration.minutes(5);

/** A Lambda invocation lasts at most 15 minutes, and the handler needs some of this time to answer. */
const LONGEST_WAIT = Duration.minutes(14);

const IMAGE_GUARD = Symbol.for('@org/phased-fargate.ImageGuard');

const OPTION_KINDS: Kinds<ImageGuardProps> = {
  registry: aRepository,
  imageVersion: instance('an ImageVersion', '_bind'),
  whenMissing: instance('a WhenMissing', '_mode'),
  retainReleasedImages: anyFlag,
  requirements: listOf(instance('an ImageRequirement', '_requirement')),
};

/** What a pipeline must know about a guard to provide its image. */
export interface AwaitedImage {
  readonly registry: ecr.IRepository;

  /** How the stack of the guard refers to the registry. */
  readonly repository: ecr.IRepository;
  readonly version: BoundImageVersion;

  /** Platforms in the format of images: `linux/arm64`. Complete when all users of the image are known. */
  readonly platforms: string[];

  /** Whether the image must not be an index, for Lambda functions. */
  readonly singleManifest: boolean;
}

/**
 * The gate between phase 2 (the image is pushed) and phase 3 (the service is deployed).
 *
 * During a deployment, the guard looks up the image in its registry and returns the digest. If it does not find the image,
 * the deployment fails, and the error says what to do. Task definitions that use `image` can therefore be deployed only
 * after the image exists, and they run exactly this image. During a rollback, the guard returns the previous image and
 * never fails.
 *
 * All guards of a stack share one function.
 */
export class ImageGuard extends Construct {
  /**
   * Makes synthesis fail if a resource below `scope` uses an ECR image without a guard.
   *
   * The check covers every CloudFormation resource with a property for an image, such as ECS task definitions, ECS
   * Express Mode services, AWS Batch job definitions, Lambda functions, AgentCore runtimes, and SageMaker models. It also
   * covers state machine definitions and EKS manifests. By default, it skips these images:
   *
   * - images in accounts that AWS owns, such as the log router of FireLens
   * - images that CDK builds
   * - images that are unknown at synthesis, such as the value of a parameter
   *
   * @param scope an app, a stage, a stack, or any other construct
   * @throws if an entry in `exemptions` has no image or no reason
   */
  public static requireOn(scope: IConstruct, options: RequireGuardOptions = {}): void {
    const given = checkRequirement(scope, options);
    scope.node.addValidation({ validate: () => unguardedImages(scope, given) });
  }

  /**
   * Returns whether a construct is an `ImageGuard`. Also recognizes guards from another copy of this library.
   *
   * @param construct any construct
   */
  public static isImageGuard(construct: IConstruct): construct is ImageGuard {
    return typeof construct === 'object' && construct !== null && IMAGE_GUARD in construct;
  }

  /**
   * The image for ECS task definitions (services, workers, scheduled tasks, sidecars) and AWS Batch jobs in the stack of
   * this guard. It is pinned by its digest. The task's execution role gets permission to pull it. On Fargate, the guard
   * checks that the image runs on the platform of each task and job definition.
   */
  public readonly image: ecs.ContainerImage;

  /**
   * The image for a Lambda function in the stack of this guard. Pass it as `code` to a `lambda.Function`, with
   * `Handler.FROM_IMAGE` and `Runtime.FROM_IMAGE`. You cannot use it in a `lambda.DockerImageFunction`. The image is pinned by
   * its digest. Lambda does not support image indexes, so the guard rejects them. The image must be in the function's region.
   *
   * @throws when a function uses it: if the registry is known to be in another region; if the guard has
   * `WhenMissing.startWithoutTasks()`
   */
  public readonly lambdaCode: lambda.Code;

  /**
   * Digest of the image: `sha256:` and 64 hexadecimal digits.
   *
   * @attribute
   */
  public readonly imageDigest: string;

  /**
   * URI of the image with its digest: `<repository URI>@sha256:…`. Use it for resources that accept neither `image` nor
   * `lambdaCode`, such as `AWS::ECS::ExpressGatewayService`. Grant the resource permission to pull the image. The guard does
   * not check the platform for these resources.
   *
   * @attribute
   */
  public readonly imageUri: string;

  /**
   * The tag in `imageVersion`. Empty if `imageVersion` contains only a digest.
   *
   * @attribute
   */
  public readonly imageTag: string;

  /**
   * The registry, as the stack of this guard refers to it.
   *
   * @internal
   */
  public readonly _repository: ecr.IRepository;

  private readonly registry: ecr.IRepository;
  private readonly version: BoundImageVersion;
  private readonly resource: CfnResource;
  private readonly whenMissing: WhenMissing;
  private readonly platforms: (() => string | undefined)[] = [];
  private singleManifest = false;
  private readonly taskCounts = new Set<number>();
  private tagSuffix = '';

  /**
   * @throws if the registry is in another stack and its name is unknown at synthesis; if an option is invalid; at
   * synthesis, if a Lambda function uses the image and the image is needed for several platforms
   */
  constructor(scope: Construct, id: string, props: ImageGuardProps) {
    super(scope, id);
    Object.defineProperty(this, IMAGE_GUARD, { value: true });
    const given = checkedOptions(this, props, OPTION_KINDS);
    const { registry, imageVersion, whenMissing, retainReleasedImages, requirements = [] } = given;
    if (!registry) throw invalid(this, 'registry is missing: pass an ImageRegistry, or any other ECR repository');
    this.registry = registry;
    this._repository = referenceByName(this, this.registry);
    this.version = (imageVersion ?? ImageVersion.parameter())._bind(this);
    this.whenMissing = whenMissing ?? WhenMissing.fail();

    const guardFunction = GuardFunction.in(Stack.of(this));
    const retain = retainReleasedImages ?? (ImageRegistry.isImageRegistry(this.registry) && !isInOtherAccount(this, this.registry));
    const waitSeconds = this.whenMissing._waitSeconds + Math.max(0, ...requirements.map(({ _requirement }) => _requirement.waitSeconds));
    this.checkRequirements(requirements, waitSeconds);
    guardFunction.allow(this._repository, this.registry, { retain, requirements });
    this.resource = new CfnResource(this, 'Resource', {
      type: RESOURCE_TYPE,
      properties: {
        ServiceToken: guardFunction.functionArn,
        ServiceTimeout: String(waitSeconds + TIME_TO_ANSWER.toSeconds()),
        ...this.wireProperties(retain, requirements),
      },
    });
    this.imageDigest = this.resource.getAtt('ImageDigest').toString();
    this.imageTag = this.resource.getAtt('ImageTag').toString();
    this.imageUri = this._repository.repositoryUriForDigest(this.imageDigest);
    this.image = new PinnedContainerImage(this.pin());
    this.lambdaCode = new PinnedLambdaCode(this.pin({ singleManifest: true }));

    if (ImageRegistry.isImageRegistry(this.registry)) this.registry._buildFor(() => this._awaited);
    comeAfterRegistry(this, this.resource, { registry: this.registry, version: this.version }, this.whenMissing);
    this.node.addValidation({ validate: () => contradictions(this._awaited) });
    new CfnOutput(this, 'ImageTag', { description: 'Tag of the deployed image', value: this.imageTag });
    new CfnOutput(this, 'ImageDigest', { description: 'Digest of the deployed image', value: this.imageDigest });
  }

  /**
   * Returns the number of tasks for a service. With `WhenMissing.startWithoutTasks()`, the result is 0 while the image is
   * missing. Otherwise, it is always `count`.
   *
   * @param count number of tasks when the image exists: 0 or more
   * @throws if `count` is negative or not a whole number; if it is a token, and the guard has
   * `WhenMissing.startWithoutTasks()`
   */
  public taskCount(count: number): number {
    if (outside(count, 0)) {
      throw invalid(this, `count ${shown(count)} is not valid: pass a whole number of tasks, 0 or more`);
    }
    if (this.whenMissing._mode !== 'startWithoutTasks') return count;
    if (Token.isUnresolved(count)) {
      throw invalid(this, 'count must be known at synthesis with WhenMissing.startWithoutTasks()');
    }
    this.taskCounts.add(count);
    return Token.asNumber(this.resource.getAtt(taskCountAttribute(count)));
  }

  /**
   * Whether the guard sets task counts to 0 while the image is missing.
   *
   * @internal
   */
  public get _holdsTasksBack(): boolean {
    return this.whenMissing._mode === 'startWithoutTasks';
  }

  /**
   * The image that this guard waits for.
   *
   * @internal
   */
  public get _awaited(): AwaitedImage {
    const { registry, _repository: repository, version, singleManifest } = this;
    const platforms = distinctPlatforms(this.platforms.map((platform) => imagePlatform(platform())));
    return { registry, repository, version, singleManifest, platforms };
  }

  /**
   * Adds a hash of the build settings to the tag, so that the guard never accepts an image that was built with other
   * settings.
   *
   * @internal
   */
  public _addToTag(suffix: string): void {
    this.tagSuffix = suffix;
  }

  private wireProperties(retain: boolean, requirements: ImageRequirement[]): GuardProperties {
    const { registry, _repository: repository, version } = this;
    const stack = deployedStack(this);
    const registryStack = createdRepository(registry) && deployedStack(registry);
    const { account, region } = placeOf(repository);
    return {
      ContractVersion: CONTRACT_VERSION,
      RepositoryName: repository.repositoryName,
      RepositoryUri: repository.repositoryUri,
      RegistryId: account,
      RegistryRegion: region,
      VersionKind: version.kind,
      VersionValue: version.kind === 'tag' ? Lazy.string({ produce: () => `${version.value}${this.tagSuffix}` }) : version.value,
      Nonce: version.kind === 'movingTag' || this._holdsTasksBack ? randomUUID() : undefined,
      ReleaseTagName: retain ? kebabCase([stack.stackName, ...guardedPath(pathInStack(this))]) : undefined,
      Platforms: Lazy.list({ produce: () => distinctPlatforms(this.platforms.map((platform) => platform())) }),
      SingleManifest: Lazy.string({ produce: () => this.singleManifest ? 'true' : undefined }),
      Requirements: requirements.length > 0 ? requirements.map(({ _requirement }) => Stack.of(this).toJsonString(_requirement)) : undefined,
      WhenMissing: this.whenMissing._mode,
      WaitSeconds: String(this.whenMissing._waitSeconds),
      TaskCounts: Lazy.list({ produce: () => [...this.taskCounts].sort((a, b) => a - b).map(String) }),
      ServiceStack: deployId(stack),
      RegistryStack: registryStack && registryStack !== stack ? deployId(registryStack) : undefined,
      ParameterName: version.parameterName,
    };
  }

  private checkRequirements(requirements: ImageRequirement[], waitSeconds: number): void {
    if (waitSeconds > LONGEST_WAIT.toSeconds()) {
      throw invalid(this, `requirements and whenMissing wait for ${Duration.seconds(waitSeconds).toHumanString()} in total, but the maximum is ${LONGEST_WAIT.toHumanString()}, ` +
        'because the guard waits within one invocation of a Lambda function');
    }
    if (requirements.some(({ _asksInspector }) => _asksInspector) && isInOtherAccount(this, this.registry)) {
      throw invalid(this, `registry ${this.registry.node.path} is in another account, but Amazon Inspector shows findings only in the account of the registry: ` +
        'leave out enhancedScanning here, and require the scan with a guard in that account');
    }
  }

  private pin({ singleManifest = false } = {}): Pin {
    const { registry, _repository: repository } = this;
    return {
      registry,
      repository,
      imageUri: this.imageUri,
      onUse: (user, platform) => {
        if (!deployedTogether(user, this)) {
          throw invalid(user, `the image of guard ${this.node.path} belongs to another stack: create an ImageGuard in this stack`);
        }
        if (singleManifest) checkFunction(user, { guard: this, repository, holdsTasksBack: this._holdsTasksBack });
        this.platforms.push(platform);
        this.singleManifest ||= singleManifest;
      },
    };
  }
}
