import { IResource, Stack, Stage, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { IConstruct } from 'constructs';

const SINGLETON = Symbol.for('@org/phased-fargate.Singleton');

/** The stack that is deployed on its own: of a nested stack, the outermost one around it. */
export function deployedStack(scope: IConstruct): Stack {
  const stack = Stack.of(scope);
  return stack.nestedStackParent ? deployedStack(stack.nestedStackParent) : stack;
}

export function deployedTogether(one: IConstruct, other: IConstruct): boolean {
  return deployedStack(one) === deployedStack(other);
}

/** What `cdk deploy` takes for this stack. */
export function deployId(stack: Stack): string {
  return stack.node.path || stack.stackName;
}

/** The ids from the deployed stack down to this construct. */
export function pathInStack(scope: IConstruct): string[] {
  const above = deployedStack(scope).node.scopes.length;
  return scope.node.scopes.slice(above).map((ancestor) => ancestor.node.id);
}

export function inSameStage(one: IConstruct, other: IConstruct): boolean {
  return Stage.of(one) === Stage.of(other);
}

/** Where both accounts are known. */
export function isInOtherAccount(scope: IConstruct, resource: IResource): boolean {
  const { account } = Stack.of(scope);
  return account !== resource.env.account && !Token.isUnresolved(account) && !Token.isUnresolved(resource.env.account);
}

/**
 * What there is one of in a stack, made on first use.
 *
 * @throws if the id is taken by something else
 */
export function singleton<T extends IConstruct>(stack: Stack, id: string, make: () => T): T {
  const existing = stack.node.tryFindChild(id);
  if (existing && SINGLETON in existing) return existing as T;
  return Object.defineProperty(make(), SINGLETON, { value: true });
}

/** Known wherever the region is; CDK itself knows it then only with a feature flag. */
export function partitionOf({ partition, region }: Stack): string {
  return Token.isUnresolved(region) ? partition : RegionInfo.get(region).partition ?? partition;
}
