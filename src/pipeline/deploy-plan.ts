import { ArnFormat, DefaultStackSynthesizer, Stack, Stage, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { Construct } from 'constructs';
import { ImageBuild } from './image-build';
import { ImageGuard } from '../guard/image-guard';
import { deployedStack, deployedTogether, deployId, partitionOf } from '../private/stacks';
import { invalid } from '../private/validation';
import { ImageRegistry } from '../registry/image-registry';
import { createdRepository } from '../registry/repository-reference';

/** The three phases of an app as plain data: all that a pipeline has to know, and nothing that a user has to repeat. */
export interface DeployPlan {
  /** Phase 1. */
  readonly registryStacks: StackPlan[];

  /** Phase 2. */
  readonly images: ImagePlan[];

  /** Phase 3, in the order in which a release passes through them. */
  readonly environments: EnvironmentPlan[];
}

export interface StackPlan {
  /** What `cdk deploy` takes. */
  readonly deployId: string;
  readonly stackName: string;
  readonly account: string;
  readonly region: string;

  /** Of the bootstrapped environment: its roles are named after it. */
  readonly partition: string;
  readonly qualifier: string;
}

export interface ImagePlan {
  /** Unique among the images of the plan; letters, digits and `-`. */
  readonly id: string;
  readonly repositoryName: string;
  readonly repositoryUri: string;
  readonly repositoryArn: string;
  readonly account: string;
  readonly region: string;
  readonly platforms: string[];

  /** Whether an index does not serve, as for Lambda functions. */
  readonly singleManifest: boolean;

  /** Whether tags for a build cache may move there. */
  readonly keepsCache: boolean;
  readonly fromApp: boolean;
  readonly context: string;
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs: Record<string, string>;
  readonly latest: boolean;
}

export interface EnvironmentPlan {
  readonly stage: Stage;

  /** Empty for the services that are in no stage of their own. */
  readonly stageName: string;
  readonly stacks: StackPlan[];
  readonly releases: Release[];
}

/** One image that goes to one stack. */
export interface Release {
  readonly stack: StackPlan;
  readonly image: ImagePlan;

  /** What `cdk deploy --parameters` takes, before the `=`. */
  readonly parameterName: string;
}

const DEFAULT_PLATFORM = 'linux/amd64';

/** Of a bootstrapped environment. */
export const DEFAULT_QUALIFIER = DefaultStackSynthesizer.DEFAULT_QUALIFIER;

/**
 * Reads the plan off the construct tree, once that is complete.
 *
 * @param scope where the guards are looked for
 * @param builds how images are built, where it is not the default
 */
export function deployPlan(scope: Construct, builds: ImageBuild[]): DeployPlan {
  const guards = guardsBelow(scope);
  const images = awaitedImages(scope, builds);
  const registries = [...images.keys()].map((guard) => guard._awaited.registry);
  return {
    registryStacks: distinct(registries.filter(createdRepository).map((registry) => stackPlan(deployedStack(registry)))),
    images: [...new Set(images.values())],
    environments: [...grouped(guards, (guard) => Stage.of(guard)!)].map(([stage, users]) => ({
      stage,
      stageName: stage.stageName,
      stacks: distinct(users.map((guard) => stackPlan(deployedStack(guard)))),
      releases: users.filter((guard) => images.has(guard)).map((guard) => release(guard, images.get(guard)!)),
    })),
  };
}

/**
 * The image that each guard below the scope waits for: one for each repository, however many guards wait for it. What a
 * digest names was built elsewhere, so it is not among them.
 */
export function awaitedImages(scope: Construct, builds: ImageBuild[]): Map<ImageGuard, ImagePlan> {
  const guards = guardsBelow(scope).filter(({ _awaited: { version } }) => version.kind !== 'digest');
  const unused = builds.find((build) => !guards.some((guard) => guard._awaited.registry === build.registry));
  if (unused) {
    throw invalid(scope, `images: no service takes its image from ${unused.registry.node.path}`);
  }
  return new Map([...grouped(guards, (guard) => repositoryOf(guard).uri).values()].flatMap((users) => {
    const image = imagePlan(users, builds);
    return users.map((guard): [ImageGuard, ImagePlan] => [guard, image]);
  }));
}

function guardsBelow(scope: Construct): ImageGuard[] {
  const guards = scope.node.findAll().filter(ImageGuard.isImageGuard);
  if (guards.length === 0) {
    throw invalid(scope, `there is no phased service below ${scope.node.path || 'the app'}, so there is nothing to deploy`);
  }
  return guards;
}

function release(guard: ImageGuard, image: ImagePlan): Release {
  const { parameterName } = guard._awaited.version;
  if (!parameterName) {
    throw invalid(guard, 'imageVersion is fixed at synthesis, so a workflow cannot say which image it has built: ' +
      'leave it out, or pass ImageVersion.parameter(), or ImageVersion.digest() if it is built elsewhere');
  }
  // The logical id of the parameter is a token until everything has its name.
  return { stack: stackPlan(deployedStack(guard)), image, parameterName: Stack.of(guard).resolve(parameterName) };
}

function stackPlan(stack: Stack): StackPlan {
  const { account, region } = stack;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    throw invalid(stack, `stack ${stack.stackName} says neither account nor region, or only one of them: pass env with both, ` +
      'so that the pipeline knows where to deploy it');
  }
  return {
    deployId: deployId(stack),
    stackName: stack.stackName,
    account,
    region,
    partition: partitionOf(stack),
    qualifier: stack.synthesizer.bootstrapQualifier ?? DEFAULT_QUALIFIER,
  };
}

function imagePlan(guards: ImageGuard[], builds: ImageBuild[]): ImagePlan {
  const awaited = guards.map(({ _awaited }) => _awaited);
  const registries = awaited.map(({ registry }) => registry);
  const { name, uri, account, region } = repositoryOf(guards[0]);
  const { partition = 'aws' } = RegionInfo.get(region);
  guards.forEach(refuseSharedStack);

  const build: Partial<ImageBuild> = builds.find(({ registry }) => registries.includes(registry)) ?? {};
  const context = normalized(build.context ?? '.');
  const platforms = [...new Set(awaited.flatMap((image) => image.platforms))].sort();
  return {
    id: slug(Stage.of(registries[0])!.stageName, name),
    repositoryName: name,
    repositoryUri: uri,
    repositoryArn: `arn:${partition}:ecr:${region}:${account}:repository/${name}`,
    account,
    region,
    platforms: platforms.length > 0 ? platforms : [DEFAULT_PLATFORM],
    singleManifest: awaited.some(({ singleManifest }) => singleManifest),
    keepsCache: registries.some(ImageRegistry.isImageRegistry),
    fromApp: registries.some((registry) => createdRepository(registry) !== undefined),
    context,
    dockerfile: normalized(build.dockerfile ?? `${context}/Dockerfile`),
    target: build.target,
    buildArgs: build.buildArgs ?? {},
    latest: build.latest ?? false,
  };
}

/** The repository as both sides of a push know it. Its ARN tells where it is, unless CloudFormation makes that up. */
function repositoryOf(guard: ImageGuard): { name: string; uri: string; account: string; region: string } {
  const { registry, repository } = guard._awaited;
  const arn = Stack.of(guard).splitArn(repository.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  const { account = '', region = '' } = Token.isUnresolved(arn.account) || Token.isUnresolved(arn.region) ? registry.env : arn;
  const name = repository.repositoryName;
  if ([name, account, region].some((part) => Token.isUnresolved(part))) {
    throw invalid(guard, `registry ${registry.node.path} has no name, account or region that is known at synthesis, so a pipeline cannot push to it: ` +
      'give it a repositoryName, and its stack an env with account and region');
  }
  return { name, account, region, uri: `${account}.dkr.ecr.${region}.${RegionInfo.get(region).domainSuffix ?? 'amazonaws.com'}/${name}` };
}

/** Phase 1 would be phase 3. */
function refuseSharedStack(guard: ImageGuard): void {
  const { registry } = guard._awaited;
  if (createdRepository(registry) && deployedTogether(registry, guard)) {
    throw invalid(guard, `registry ${registry.node.path} is in the same stack, so an image cannot be pushed before that is deployed: ` +
      'leave out the registry, or put it in a stack of its own');
  }
}

/** Words in the characters that ids of jobs and names of tags take. */
export function slug(...words: string[]): string {
  return words.join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}

function grouped<K, V>(values: V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) groups.set(keyOf(value), [...groups.get(keyOf(value)) ?? [], value]);
  return groups;
}

/** `./app/` and `app` are the same directory. */
function normalized(path: string): string {
  return path.split('/').filter((part) => part !== '' && part !== '.').join('/') || '.';
}

function distinct(stacks: StackPlan[]): StackPlan[] {
  return [...new Map(stacks.map((stack) => [stack.deployId, stack])).values()];
}

/** Where releases go to: a stack for each account and region. */
export function places({ releases }: EnvironmentPlan): StackPlan[] {
  return [...new Map(releases.map(({ stack }) => [`${stack.account}/${stack.region}`, stack])).values()];
}

export function distinctImages({ releases }: EnvironmentPlan): ImagePlan[] {
  return [...new Set(releases.map(({ image }) => image))];
}
