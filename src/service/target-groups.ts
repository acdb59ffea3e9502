import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { IngressTargetOptions } from './ingress-options';

/** The tasks of a service as targets of a load balancer, and the rules that forward to them. */
export class ServiceTargets {
  public readonly targetGroup: elbv2.ApplicationTargetGroup;

  /** Set if deployments shift traffic between two target groups. */
  public readonly alternateTargetGroup?: elbv2.ApplicationTargetGroup;

  public readonly rules: elbv2.ApplicationListenerRule[] = [];

  constructor(
    private readonly scope: Construct, private readonly vpc: ec2.IVpc, private readonly options: IngressTargetOptions, shiftsTraffic: boolean,
  ) {
    this.targetGroup = this.makeTargetGroup('TargetGroup');
    this.alternateTargetGroup = shiftsTraffic ? this.makeTargetGroup('AlternateTargetGroup') : undefined;
  }

  public get targetGroups(): elbv2.ApplicationTargetGroup[] {
    return this.alternateTargetGroup ? [this.targetGroup, this.alternateTargetGroup] : [this.targetGroup];
  }

  public addRule(
    id: string, listener: elbv2.IApplicationListener, priority: number, conditions: elbv2.ListenerCondition[],
  ): elbv2.ApplicationListenerRule {
    const rule = new elbv2.ApplicationListenerRule(this.scope, id, { listener, priority, conditions, action: this.forward() });
    this.rules.push(rule);
    return rule;
  }

  /** ECS shifts traffic by rules. The default action of a listener does not work. */
  public shiftBy(production: elbv2.ApplicationListenerRule, test?: elbv2.ApplicationListenerRule): ecs.IAlternateTarget | undefined {
    return this.alternateTargetGroup && new ecs.AlternateTarget('AlternateTarget', {
      alternateTargetGroup: this.alternateTargetGroup,
      productionListener: ecs.ListenerRuleConfiguration.applicationListenerRule(production),
      testListener: test && ecs.ListenerRuleConfiguration.applicationListenerRule(test),
    });
  }

  /**
   * Both target groups are attached to the load balancer from the start, and ECS changes their weights. If the target groups
   * have stickiness, ELB requires it for the rule too.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-rule.html
   */
  private forward(): elbv2.ListenerAction {
    const { targetGroup, alternateTargetGroup: alternate, options: { stickinessCookieDuration: stickinessDuration } } = this;
    if (!alternate) return elbv2.ListenerAction.forward([targetGroup]);
    return elbv2.ListenerAction.weightedForward([{ targetGroup, weight: 1 }, { targetGroup: alternate, weight: 0 }], { stickinessDuration });
  }

  private makeTargetGroup(id: string): elbv2.ApplicationTargetGroup {
    const { healthCheck, deregistrationDelay, slowStart, stickinessCookieDuration } = this.options;
    return new elbv2.ApplicationTargetGroup(this.scope, id, {
      vpc: this.vpc,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targetType: elbv2.TargetType.IP,
      healthCheck,
      deregistrationDelay,
      slowStart,
      stickinessCookieDuration,
    });
  }
}
