import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { BoundIngress, WayIn } from './bound-ingress';
import { ListenerIngressOptions, LoadBalancerIngressOptions } from './ingress-options';
import { OwnLoadBalancer } from './own-load-balancer';
import { SharedListener } from './shared-listener';
import { BY_FACTORY, onlyByFactory } from '../private/factories';

/**
 * Way in which requests reach a service.
 */
export class Ingress {
  /**
   * A load balancer that the internet can reach.
   *
   * @throws if a port is not a port, or two listeners have the same; if `redirectHTTP`, `sslPolicy` or
   * `additionalCertificates` is set without a certificate; if only one of `domainName` and `domainZone` is given, or the name
   * is outside the zone; if a time is out of its bounds; at synthesis, if the subnets do not suit a load balancer
   */
  public static internetFacing(options: LoadBalancerIngressOptions = {}): Ingress {
    return new Ingress(BY_FACTORY, new OwnLoadBalancer('internetFacing', options));
  }

  /**
   * A load balancer that only the VPC, and networks connected to it, can reach.
   *
   * @throws as `internetFacing` does
   */
  public static internalOnly(options: LoadBalancerIngressOptions = {}): Ingress {
    return new Ingress(BY_FACTORY, new OwnLoadBalancer('internalOnly', options));
  }

  /**
   * A listener that several services share.
   *
   * @param listener listener of this stack or another one
   * @throws if there is no listener; if neither conditions nor patterns are given, or more values than the 5 that a rule has
   * room for; if the priority is not between 1 and 50000; at synthesis, if another rule of this listener has the same priority
   */
  public static onListener(listener: elbv2.IApplicationListener, options: ListenerIngressOptions): Ingress {
    return new Ingress(BY_FACTORY, new SharedListener(listener, options));
  }

  /**
   * No way in: the service works off a queue, or others find it through Service Connect or Cloud Map.
   */
  public static none(): Ingress {
    return new Ingress(BY_FACTORY);
  }

  private constructor(key: symbol, private readonly wayIn?: WayIn) {
    onlyByFactory(Ingress, key);
  }

  /** @internal */
  public _bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress | undefined {
    return this.wayIn?.bind(scope, vpc, shiftsTraffic);
  }
}
