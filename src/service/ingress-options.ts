import { Duration } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';

/**
 * Settings of a load balancer for the tasks of a service.
 */
export interface IngressTargetOptions {
  /**
   * Health check of the tasks, over HTTP or HTTPS.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
   * @default - `GET /` on the port of the container, every 30 seconds, expecting the status 200
   */
  readonly healthCheck?: elbv2.HealthCheck;

  /**
   * Time that a task that is being replaced gets to finish its requests: 0 to 3600 seconds.
   *
   * @default - 300 seconds, the ELB default
   */
  readonly deregistrationDelay?: Duration;

  /**
   * Time in which the share of the requests that a new task gets grows to a full one: 30 to 900 seconds.
   *
   * @default - a full share from the start
   */
  readonly slowStart?: Duration;

  /**
   * Time for which a cookie sends a client to the same task: 1 second to 7 days.
   *
   * @default - each request may go to another task
   */
  readonly stickinessCookieDuration?: Duration;

  /**
   * Conditions that a request must meet to reach the service, such as a secret header of a CDN, methods or source IPs. A
   * rule has room for 5 values, those of all conditions and patterns together.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
   * @default - see the factory: a load balancer of the service sends it all requests
   */
  readonly conditions?: elbv2.ListenerCondition[];
}

/**
 * Options of a load balancer that is made for the service.
 */
export interface LoadBalancerIngressOptions extends IngressTargetOptions {
  /**
   * Certificate for HTTPS. With it, the load balancer listens on port 443, and requests to port 80 are redirected. It must be
   * in the region of the load balancer.
   *
   * @default - plain HTTP
   */
  readonly certificate?: acm.ICertificate;

  /**
   * Certificates for further domain names. Clients choose one by Server Name Indication. Together with `certificate`.
   *
   * @default - none
   */
  readonly additionalCertificates?: acm.ICertificate[];

  /**
   * TLS versions and ciphers of HTTPS. Together with `certificate`.
   *
   * @default elbv2.SslPolicy.RECOMMENDED_TLS
   */
  readonly sslPolicy?: elbv2.SslPolicy;

  /**
   * Port that the load balancer listens on.
   *
   * @default - 443 with a certificate, otherwise 80
   */
  readonly listenerPort?: number;

  /**
   * Whether requests to port 80 are redirected to HTTPS.
   *
   * @default - true with a certificate, otherwise false
   */
  readonly redirectHTTP?: boolean;

  /**
   * Whether the security group of the load balancer lets anyone in who can reach it. Otherwise, allow some through
   * `loadBalancer.connections`.
   *
   * @default true
   */
  readonly openListener?: boolean;

  /**
   * Port of a second listener, where lifecycle hooks can test the new tasks before production traffic shifts to them. Only
   * with a `deploymentStrategy` that shifts traffic. Nobody is let in: allow your hooks through `testListener.connections`.
   *
   * @default - no test listener
   */
  readonly testListenerPort?: number;

  /**
   * Subnets of the load balancer: one in each of at least two availability zones.
   *
   * @default - one subnet per availability zone: public ones for `internetFacing`, private ones for `internalOnly`
   */
  readonly subnets?: ec2.SubnetSelection;

  /**
   * IP addresses of the load balancer. With IPv6, its security group lets IPv6 clients in, its domain name gets an AAAA
   * record, and its subnets need IPv6 addresses.
   *
   * @default elbv2.IpAddressType.IPV4
   */
  readonly ipAddressType?: elbv2.IpAddressType;

  /**
   * Time for which the load balancer keeps an idle connection: 1 to 4000 seconds.
   *
   * @default - 60 seconds, the ELB default
   */
  readonly idleTimeout?: Duration;

  /**
   * Domain name of the load balancer, inside the domain of `domainZone`.
   *
   * @default - the name that ELB generates
   */
  readonly domainName?: string;

  /**
   * Hosted zone that gets a record for the domain name. Together with `domainName`.
   *
   * @default - no record
   */
  readonly domainZone?: route53.IHostedZone;
}

/**
 * Requests of a shared listener that go to a service. At least one condition or pattern is required.
 */
export interface ListenerIngressOptions extends IngressTargetOptions {
  /**
   * Priority of the rule among those of the listener: 1 to 50000. The lowest number that matches wins.
   */
  readonly priority: number;

  /**
   * Host names, with the wildcards `*` and `?`. A request has to match one of them.
   *
   * @default - any host
   */
  readonly hostPatterns?: string[];

  /**
   * Paths, with the wildcards `*` and `?`. A request has to match one of them.
   *
   * @default - any path
   */
  readonly pathPatterns?: string[];

  /**
   * Listener of the same load balancer, where lifecycle hooks can test the new tasks before production traffic shifts to
   * them. It gets a rule with the same priority and conditions. Only with a `deploymentStrategy` that shifts traffic.
   *
   * @default - no test listener
   */
  readonly testListener?: elbv2.IApplicationListener;
}
