import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { BoundIngress, WayIn } from './bound-ingress';
import { ListenerIngressOptions, LoadBalancerIngressOptions } from './ingress-options';
import { OwnLoadBalancer } from './own-load-balancer';
import { SharedListener } from './shared-listener';
import { BY_FACTORY, onlyByFactory } from '../private/factories';

/**
 * Ingress of a service: its own load balancer, a shared listener, or none.
 */
export class Ingress {
  /**
   * The service's own load balancer. It is reachable from the internet.
   *
   * @throws if a port is not valid, or two listeners have the same port; if `redirectHTTP`, `sslPolicy`, or
   * `additionalCertificates` is set without a certificate; if only one of `domainName` and `domainZone` is set; if
   * `domainName` is outside `domainZone`; if a duration is out of range; at synthesis, if the subnets are not valid for a
   * load balancer
   */
  public static internetFacing(options: LoadBalancerIngressOptions = {}): Ingress {
    return new Ingress(BY_FACTORY, new OwnLoadBalancer('internetFacing', options));
  }

  /**
   * The service's own load balancer. It is reachable only from the VPC and connected networks.
   *
   * @throws in the same cases as `internetFacing`
   */
  public static internalOnly(options: LoadBalancerIngressOptions = {}): Ingress {
    return new Ingress(BY_FACTORY, new OwnLoadBalancer('internalOnly', options));
  }

  /**
   * A rule on a listener that several services share.
   *
   * @param listener a listener in this stack or another stack
   * @throws if `listener` is missing; if there are no conditions and no patterns; if they have more values or
   * wildcards than a rule can have; if `priority` is not between 1 and 50000; at synthesis, if another rule of this
   * listener has the same priority
   */
  public static onListener(listener: elbv2.IApplicationListener, options: ListenerIngressOptions): Ingress {
    return new Ingress(BY_FACTORY, new SharedListener(listener, options));
  }

  /**
   * No load balancer and no listener. Use it for a service that processes a queue, or that clients reach through Service
   * Connect or Cloud Map.
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
