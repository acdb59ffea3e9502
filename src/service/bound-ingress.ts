import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { ServiceTargets } from './service-targets';

/** What a service is reached through. */
export interface BoundIngress {
  readonly targets: ServiceTargets;

  /** Where deployments shift traffic from one set of tasks to another. */
  readonly alternateTarget?: ecs.IAlternateTarget;
  readonly listener: elbv2.IApplicationListener;
  readonly testListener?: elbv2.IApplicationListener;

  /** Where it was made for the service. */
  readonly loadBalancer?: elbv2.ApplicationLoadBalancer;
  readonly url?: string;

  /** What is wrong with it once the app is complete. */
  faults(): string[];
}

/** A way in, of which the options are known to be right. */
export interface WayIn {
  /**
   * @param scope the construct of the service, which owns what is made here
   * @param shiftsTraffic whether deployments need a second target group to shift traffic to
   */
  bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress;
}
