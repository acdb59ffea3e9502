import { CfnResource, Reference, Stack, Stage, Token, Tokenization } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { IConstruct } from 'constructs';
import { isPlaceholder } from '../private/validation';

/** The priority of a rule that must not keep a request from any other. */
export const LAST_PRIORITY = 50_000;

/** Rules of the whole app by listener and priority. Stages are synthesised one by one, and the next may not have been made yet. */
const rulesByStage = new WeakMap<IConstruct, Map<string, elbv2.CfnListenerRule[]>>();

/**
 * Rules of a service whose priority another rule has at the same listener: one of another service, or of the user. Only the
 * deployment would find out, or worse, requests would not arrive. To be asked once the app is complete.
 */
export function prioritiesTaken(rules: elbv2.ApplicationListenerRule[]): string[] {
  return rules.flatMap((rule) => {
    const resource = rule.node.defaultChild as elbv2.CfnListenerRule;
    const place = placeOf(resource);
    const others = place ? rulesAt(rule, place).filter((other) => other !== resource) : [];
    return others.slice(0, 1).map((other) =>
      `ingress priority ${resource.priority} at listener ${listenerOf(resource)} is taken by ${pathOf(other)}: give one of the two another priority`);
  });
}

function rulesAt(scope: IConstruct, place: string): elbv2.CfnListenerRule[] {
  const stage = Stage.of(scope) ?? scope.node.root;
  let rules = rulesByStage.get(stage);
  if (!rules) {
    // Once for all services, since it takes a walk through the whole tree.
    rules = new Map();
    for (const rule of scope.node.root.node.findAll().filter(isListenerRule)) {
      const key = placeOf(rule);
      if (key) rules.set(key, [...rules.get(key) ?? [], rule]);
    }
    rulesByStage.set(stage, rules);
  }
  return rules.get(place) ?? [];
}

/** Undefined if the priority is only known at deployment, or the listener has not been looked up yet. */
function placeOf(rule: elbv2.CfnListenerRule): string | undefined {
  return Token.isUnresolved(rule.priority) || isPlaceholder(rule.listenerArn) ? undefined : `${rule.priority} ${listenerOf(rule)}`;
}

/** By ARN where that is known, since each stack may import the listener for itself. */
function listenerOf(rule: elbv2.CfnListenerRule): string {
  const { listenerArn = '' } = rule;
  if (!Token.isUnresolved(listenerArn)) return listenerArn;
  const { firstToken } = Tokenization.reverseString(listenerArn);
  if (Reference.isReference(firstToken)) return pathOf(firstToken.target);
  const { account, region } = Stack.of(rule);
  return JSON.stringify(Stack.of(rule).resolve([listenerArn, account, region]));
}

/** Of what users have made: L2 constructs call their resource `Resource`. */
function pathOf({ node }: IConstruct): string {
  return node.id === 'Resource' ? node.scope!.node.path : node.path;
}

function isListenerRule(construct: IConstruct): construct is elbv2.CfnListenerRule {
  return CfnResource.isCfnResource(construct)
    && construct.cfnResourceType === elbv2.CfnListenerRule.CFN_RESOURCE_TYPE_NAME;
}
