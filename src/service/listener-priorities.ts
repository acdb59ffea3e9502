import { CfnResource, Reference, Stack, Stage, Token, Tokenization } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { IConstruct } from 'constructs';
import { isPlaceholder } from '../private/validation';

/** Priority of a rule that must come after all other rules. */
export const LAST_PRIORITY = 50_000;

/** Rules of the whole app by listener and priority. Stages are synthesized one at a time, so later stages may not exist yet. */
const rulesByStage = new WeakMap<IConstruct, Map<string, elbv2.CfnListenerRule[]>>();

/**
 * Finds rules of a service whose priority another rule of the same listener already has. Without this check, the deployment
 * would fail, or requests would not arrive. Call it when the app is complete.
 */
export function prioritiesTaken(rules: elbv2.ApplicationListenerRule[]): string[] {
  return rules.flatMap((rule) => {
    const resource = rule.node.defaultChild as elbv2.CfnListenerRule;
    const place = placeOf(resource);
    const others = place ? rulesAt(rule, place).filter((other) => other !== resource) : [];
    return others.slice(0, 1).map((other) =>
      `ingress priority ${resource.priority} at listener ${listenerOf(resource)} is taken by ${pathOf(other)}: change one of the priorities`);
  });
}

function rulesAt(scope: IConstruct, place: string): elbv2.CfnListenerRule[] {
  const stage = Stage.of(scope) ?? scope.node.root;
  let rules = rulesByStage.get(stage);
  if (!rules) {
    // Cached for all services, because it visits every construct of the app.
    rules = new Map();
    for (const rule of scope.node.root.node.findAll().filter(isListenerRule)) {
      const key = placeOf(rule);
      if (key) rules.set(key, [...rules.get(key) ?? [], rule]);
    }
    rulesByStage.set(stage, rules);
  }
  return rules.get(place) ?? [];
}

/** Undefined if the priority is known only at deployment, or if the listener has not been looked up yet. */
function placeOf(rule: elbv2.CfnListenerRule): string | undefined {
  return Token.isUnresolved(rule.priority) || isPlaceholder(rule.listenerArn) ? undefined : `${rule.priority} ${listenerOf(rule)}`;
}

/** Identifies a listener by its ARN if the ARN is known, because each stack can import the listener separately. */
function listenerOf(rule: elbv2.CfnListenerRule): string {
  const { listenerArn = '' } = rule;
  if (!Token.isUnresolved(listenerArn)) return listenerArn;
  const { firstToken } = Tokenization.reverseString(listenerArn);
  if (Reference.isReference(firstToken)) return pathOf(firstToken.target);
  const { account, region } = Stack.of(rule);
  return JSON.stringify(Stack.of(rule).resolve([listenerArn, account, region]));
}

/** Path of the construct that the user created. L2 constructs name their resource `Resource`. */
function pathOf({ node }: IConstruct): string {
  return node.id === 'Resource' ? node.scope!.node.path : node.path;
}

function isListenerRule(construct: IConstruct): construct is elbv2.CfnListenerRule {
  return CfnResource.isCfnResource(construct)
    && construct.cfnResourceType === elbv2.CfnListenerRule.CFN_RESOURCE_TYPE_NAME;
}
