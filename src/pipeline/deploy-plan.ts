import { Stack, Stage, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DeploymentRoles, deploymentRoles } from './deployment-roles';
import { ImageBuild } from './image-build';
import { awaitedImages, guardsBelow, ImagePlan, originOf } from './image-plan';
import { ImageGuard } from '../guard/image-guard';
import { deployedStack, deployId } from '../private/stacks';
import { invalid } from '../private/validation';
import { createdRepository } from '../registry/repository-reference';

/** The three phases of an app as plain data. Pipelines need nothing else, and users repeat nothing. */
export interface DeployPlan {
  /** Phase 1. */
  readonly registryStacks: StackPlan[];

  /** Phase 2: images to build. Copies are made before the environments that run them are deployed. */
  readonly images: ImagePlan[];

  /** Phase 3, in the order of deployment. */
  readonly environments: EnvironmentPlan[];
}

export interface StackPlan {
  /** ID of the stack for `cdk deploy`. */
  readonly deployId: string;
  readonly stackName: string;
  readonly account: string;
  readonly region: string;

  /** Roles that the CDK CLI assumes. */
  readonly roles: DeploymentRoles;
}

export interface EnvironmentPlan {
  readonly stage: Stage;

  /** Empty for services that are not in a stage. */
  readonly stageName: string;
  readonly stacks: StackPlan[];
  readonly releases: Release[];
}

/** One image in one stack. */
export interface Release {
  readonly stack: StackPlan;
  readonly image: ImagePlan;

  /** Name of the parameter for `cdk deploy --parameters`. */
  readonly parameterName: string;
}

/**
 * Derives the plan from the construct tree. Call it when the tree is complete.
 *
 * @param scope construct whose guards belong to the plan
 * @param builds image builds that differ from the default
 * @param root root of the source repository, to check paths; undefined if it is unknown
 */
export function deployPlan(scope: Construct, builds: ImageBuild[], root: string | undefined): DeployPlan {
  const guards = guardsBelow(scope);
  const images = awaitedImages(scope, builds, root);
  const built = [...new Set([...images.values()].map(originOf))];
  const registries = [...[...images.keys()].map((guard) => guard._awaited.registry), ...built.map(({ registry }) => registry)];
  return {
    registryStacks: distinct(registries.filter(createdRepository).map((registry) => stackPlan(deployedStack(registry)))),
    images: built,
    environments: [...grouped(guards, (guard) => Stage.of(guard)!)].map(([stage, users]) => ({
      stage,
      stageName: stage.stageName,
      stacks: distinct(users.map((guard) => stackPlan(deployedStack(guard)))),
      releases: users.filter((guard) => images.has(guard)).map((guard) => release(guard, images.get(guard)!)),
    })),
  };
}

function release(guard: ImageGuard, image: ImagePlan): Release {
  const { parameterName } = guard._awaited.version;
  if (!parameterName) {
    throw invalid(guard, 'imageVersion is a tag, but the pipeline needs a stack parameter for the image that it builds: ' +
      'leave out imageVersion, or pass ImageVersion.parameter(); for an image that is built elsewhere, pass ImageVersion.digest()');
  }
  // The logical ID of the parameter is a token until the names in the tree are final.
  return { stack: stackPlan(deployedStack(guard)), image, parameterName: Stack.of(guard).resolve(parameterName) };
}

function stackPlan(stack: Stack): StackPlan {
  const { account, region } = stack;
  if (Token.isUnresolved(account) || Token.isUnresolved(region)) {
    throw invalid(stack, `stack ${stack.stackName} needs an env with both account and region, ` +
      'so that the pipeline knows where to deploy it');
  }
  return { deployId: deployId(stack), stackName: stack.stackName, account, region, roles: deploymentRoles(stack) };
}

function grouped<K, V>(values: V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) groups.set(keyOf(value), [...groups.get(keyOf(value)) ?? [], value]);
  return groups;
}

function distinct(stacks: StackPlan[]): StackPlan[] {
  return [...new Map(stacks.map((stack) => [stack.deployId, stack])).values()];
}

/** All stacks of the plan, without duplicates. */
export function stacksOf({ registryStacks, environments }: DeployPlan): StackPlan[] {
  return distinct([...registryStacks, ...environments.flatMap(({ stacks }) => stacks)]);
}

export function distinctImages({ releases }: EnvironmentPlan): ImagePlan[] {
  return [...new Set(releases.map(({ image }) => image))];
}
