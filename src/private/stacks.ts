import { IResource, Stack, Stage, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { IConstruct } from 'constructs';

const SINGLETON = Symbol.for('@org/phased-fargate.Singleton');

/** The stack that `cdk deploy` deploys. For a nested stack, this is the outermost parent stack. */
export function deployedStack(scope: IConstruct): Stack {
  const stack = Stack.of(scope);
  return stack.nestedStackParent ? deployedStack(stack.nestedStackParent) : stack;
}

export function deployedTogether(one: IConstruct, other: IConstruct): boolean {
  return deployedStack(one) === deployedStack(other);
}

/** ID of the stack for `cdk deploy`. */
export function deployId(stack: Stack): string {
  return stack.node.path || stack.stackName;
}

/** IDs from the deployed stack down to this construct. */
export function pathInStack(scope: IConstruct): string[] {
  const above = deployedStack(scope).node.scopes.length;
  return scope.node.scopes.slice(above).map((ancestor) => ancestor.node.id);
}

export function inSameStage(one: IConstruct, other: IConstruct): boolean {
  return Stage.of(one) === Stage.of(other);
}

/** Whether both accounts are known and differ. */
export function isInOtherAccount(scope: IConstruct, resource: IResource): boolean {
  const { account } = Stack.of(scope);
  return account !== resource.env.account && !Token.isUnresolved(account) && !Token.isUnresolved(resource.env.account);
}

/**
 * Returns the only instance of something in a stack, and creates it on first use.
 *
 * @throws if another construct has the ID
 */
export function singleton<T extends IConstruct>(stack: Stack, id: string, make: () => T): T {
  const existing = stack.node.tryFindChild(id);
  if (existing && SINGLETON in existing) return existing as T;
  return Object.defineProperty(make(), SINGLETON, { value: true });
}

/** The partition, known whenever the region is known. CDK itself knows it only with a feature flag. */
export function partitionOf({ partition, region }: Stack): string {
  return Token.isUnresolved(region) ? partition : RegionInfo.get(region).partition ?? partition;
}
