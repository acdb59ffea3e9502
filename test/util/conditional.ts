import { Aws, CfnCondition, Fn, ICfnRuleConditionExpression, Stack } from 'aws-cdk-lib';

/** An `Fn::If` of the stack, so that only the deployment knows the value. */
export function conditional(stack: Stack, value: unknown, otherwise: unknown = Aws.NO_VALUE): ICfnRuleConditionExpression {
  const condition = stack.node.tryFindChild('Condition') as CfnCondition | undefined
    ?? new CfnCondition(stack, 'Condition', { expression: Fn.conditionEquals(Aws.REGION, 'eu-west-1') });
  return Fn.conditionIf(condition.logicalId, value, otherwise);
}
