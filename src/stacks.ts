import { Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The stack that is deployed on its own: of a nested stack, the outermost one around it. */
export function deployedStack(scope: IConstruct): Stack {
  const stack = Stack.of(scope);
  return stack.nestedStackParent ? deployedStack(stack.nestedStackParent) : stack;
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
