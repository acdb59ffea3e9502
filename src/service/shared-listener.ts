import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { checkAccountAndRegion, checkVpcOfListener } from './account-and-region';
import { BoundIngress, WayIn } from './bound-ingress';
import { faultsOfConditions, faultsOfTargets, TARGET_OPTION_KINDS } from './ingress-option-checks';
import { ListenerIngressOptions } from './ingress-options';
import { LAST_PRIORITY, prioritiesTaken } from './listener-priorities';
import { ServiceTargets } from './target-groups';
import { anyNumber, anyText, factoryOptions, instance, Kinds, listOf } from '../private/option-kinds';
import { invalid, isKnown, isPlaceholder, outside, refuse, shown } from '../private/validation';

const aListener = instance('an elbv2.IApplicationListener', 'listenerArn', 'connections');

const KINDS: Kinds<ListenerIngressOptions> = {
  ...TARGET_OPTION_KINDS,
  priority: anyNumber,
  hostPatterns: listOf(anyText),
  pathPatterns: listOf(anyText),
  testListener: aListener,
};

/** A listener that several services share. */
export class SharedListener implements WayIn {
  private readonly options: ListenerIngressOptions;
  private readonly conditions: elbv2.ListenerCondition[];

  constructor(private readonly listener: elbv2.IApplicationListener, options: ListenerIngressOptions) {
    const fail = (message: string) => new Error(`Ingress.onListener: ${message}`);
    const noListener = aListener('listener', listener);
    if (noListener) {
      throw fail(`${noListener}${listener == null ? ': pass a listener (a service without an ingress has none)' : ''}`);
    }
    if (options == null) throw fail(`options is ${shown(options)}: pass a priority, and conditions or patterns`);

    this.options = factoryOptions(options, KINDS, fail);
    for (const fault of this.faultsOfOptions()) throw fail(fault);
    const { hostPatterns = [], pathPatterns = [], conditions = [] } = this.options;
    this.conditions = [
      ...(hostPatterns.length > 0 ? [elbv2.ListenerCondition.hostHeaders(hostPatterns)] : []),
      ...(pathPatterns.length > 0 ? [elbv2.ListenerCondition.pathPatterns(pathPatterns)] : []),
      ...conditions,
    ];
  }

  public bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress {
    const { listener, conditions, options: { priority, testListener } } = this;
    if (testListener && !shiftsTraffic) {
      throw invalid(scope, `ingress testListener ${testListener.node.path} needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN`);
    }
    checkAccountAndRegion(scope, 'ingress listener', listener.listenerArn);
    if (testListener) checkAccountAndRegion(scope, 'ingress testListener', testListener.listenerArn);
    checkVpcOfListener(scope, vpc, listener);
    if (testListener) refuse(scope, faultOfTestListener(listener, testListener));
    const targets = new ServiceTargets(scope, vpc, this.options, shiftsTraffic);
    const production = targets.addRule('ListenerRule', listener, priority, conditions);
    const test = testListener && targets.addRule('TestListenerRule', testListener, priority, conditions);
    return { listener, testListener, targets, alternateTarget: targets.shiftBy(production, test), faults: () => prioritiesTaken(targets.rules) };
  }

  private* faultsOfOptions(): Generator<string> {
    const { priority, hostPatterns = [], pathPatterns = [], conditions = [] } = this.options;
    if (priority === undefined || outside(priority, 1, LAST_PRIORITY)) {
      yield `priority ${priority} is not a whole number from 1 to ${LAST_PRIORITY}`;
    }
    if (hostPatterns.length + pathPatterns.length + conditions.length === 0) {
      yield 'hostPatterns, pathPatterns, and conditions are empty: pass at least one of them';
    }
    yield* faultsOfConditions('hostPatterns, pathPatterns and conditions', conditions, hostPatterns, pathPatterns);
    yield* faultsOfTargets(this.options);
  }
}

/**
 * Both listeners must belong to the same load balancer, because a target group can belong to only one.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
 */
function faultOfTestListener(listener: elbv2.IApplicationListener, testListener: elbv2.IApplicationListener): string | undefined {
  const name = `ingress testListener ${testListener.node.path}`;
  if (testListener === listener || (testListener.listenerArn === listener.listenerArn && !isPlaceholder(listener.listenerArn))) {
    return `${name} is the production listener: pass another listener of the load balancer`;
  }
  const [one, other] = [listener, testListener].map(loadBalancerOf);
  return one !== undefined && typeof one === typeof other && one !== other
    ? `${name} and listener ${listener.node.path} belong to different load balancers: pass a listener of the same load balancer`
    : undefined;
}

/** Identifies the load balancer of a listener by its construct or by the ARN. Returns `undefined` if it is unknown. */
function loadBalancerOf(listener: elbv2.IApplicationListener): unknown {
  const { loadBalancer } = listener as Partial<elbv2.ApplicationListener>;
  const { listenerArn } = listener;
  return loadBalancer ?? (isKnown(listenerArn) ? listenerArn.split('/').slice(0, -1).join('/') : undefined);
}
