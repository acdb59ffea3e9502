import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { ServiceTargets } from './target-groups';

/** The resources that connect a service to its ingress. */
export interface BoundIngress {
  readonly targets: ServiceTargets;

  /** Set if deployments shift traffic between two target groups. */
  readonly alternateTarget?: ecs.IAlternateTarget;
  readonly listener: elbv2.IApplicationListener;
  readonly testListener?: elbv2.IApplicationListener;

  /** Set if the load balancer was created for the service. */
  readonly loadBalancer?: elbv2.ApplicationLoadBalancer;
  readonly url?: string;

  /** Errors that are known only when the app is complete. */
  faults(): string[];
}

/** An ingress with valid options. */
export interface WayIn {
  /**
   * @param scope the service, which owns the created resources
   * @param shiftsTraffic whether deployments need a second target group to shift traffic to
   */
  bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress;
}
