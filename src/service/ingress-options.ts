import { Duration } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';

/**
 * Options of the target group, and conditions for requests to the service.
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
   * Time that a task has to finish its requests before ECS stops it: 0 to 3600 seconds.
   *
   * @default - 300 seconds, the ELB default
   */
  readonly deregistrationDelay?: Duration;

  /**
   * Time over which the load balancer ramps up the requests to a new task: 30 to 900 seconds.
   *
   * @default - a new task gets its full share of the requests immediately
   */
  readonly slowStart?: Duration;

  /**
   * Time during which a cookie routes a client to the same task: 1 second to 7 days.
   *
   * @default - no stickiness: each request can go to a different task
   */
  readonly stickinessCookieDuration?: Duration;

  /**
   * Conditions that a request must meet to reach the service, such as a secret header that a CDN adds, HTTP methods, or
   * source IP addresses. The conditions, host patterns, and path patterns of a rule can have at most 5 values in total, and
   * 6 wildcards (in some accounts, 5).
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
   * @default - none: the service's own load balancer forwards all requests, and a rule on a shared listener uses only its
   * patterns
   */
  readonly conditions?: elbv2.ListenerCondition[];
}

/**
 * Options of the service's own load balancer.
 */
export interface LoadBalancerIngressOptions extends IngressTargetOptions {
  /**
   * Certificate for HTTPS, in the account and region of the load balancer. With a certificate, the load balancer listens on
   * port 443 and redirects requests on port 80.
   *
   * @default - plain HTTP
   */
  readonly certificate?: acm.ICertificate;

  /**
   * Certificates for more domain names. The load balancer selects one by Server Name Indication (SNI). Requires
   * `certificate`.
   *
   * @default - none
   */
  readonly additionalCertificates?: acm.ICertificate[];

  /**
   * TLS versions and ciphers for HTTPS. Requires `certificate`.
   *
   * @default - elbv2.SslPolicy.RECOMMENDED_TLS, or the post-quantum policy if the feature flag
   * `@aws-cdk/aws-elasticloadbalancingv2:usePostQuantumTlsPolicy` is set
   */
  readonly sslPolicy?: elbv2.SslPolicy;

  /**
   * Port that the load balancer listens on.
   *
   * @default - 443 with a certificate, otherwise 80
   */
  readonly listenerPort?: number;

  /**
   * Whether the load balancer redirects requests on port 80 to HTTPS.
   *
   * @default - true with a certificate, otherwise false
   */
  readonly redirectHTTP?: boolean;

  /**
   * Whether the security group of the load balancer allows inbound traffic from any IP address. If false, allow clients
   * through `loadBalancer.connections`.
   *
   * @default true
   */
  readonly openListener?: boolean;

  /**
   * Port of a test listener. Lifecycle hooks use it to test the new tasks before production traffic shifts to them. Requires
   * a `deploymentStrategy` that shifts traffic. The listener admits no clients by default: allow your hooks through
   * `testListener.connections`. Requests to this listener must also meet the `conditions`.
   *
   * @default - no test listener
   */
  readonly testListenerPort?: number;

  /**
   * Subnets of the load balancer: one per availability zone, in at least two availability zones.
   *
   * @default - one subnet per availability zone: public for `internetFacing`, private for `internalOnly`
   */
  readonly subnets?: ec2.SubnetSelection;

  /**
   * IP address type of the load balancer. With IPv6, its security group allows IPv6 clients, its domain name gets an AAAA
   * record, and its subnets need IPv6 addresses.
   *
   * @default elbv2.IpAddressType.IPV4
   */
  readonly ipAddressType?: elbv2.IpAddressType;

  /**
   * Time after which the load balancer closes an idle connection: 1 to 4000 seconds.
   *
   * @default - 60 seconds, the ELB default
   */
  readonly idleTimeout?: Duration;

  /**
   * Domain name of the load balancer, within the domain of `domainZone`.
   *
   * @default - the name that ELB generates
   */
  readonly domainName?: string;

  /**
   * Hosted zone for the record of `domainName`. Requires `domainName`.
   *
   * @default - no record
   */
  readonly domainZone?: route53.IHostedZone;
}

/**
 * Options of a rule on a shared listener. At least one condition or pattern is required.
 */
export interface ListenerIngressOptions extends IngressTargetOptions {
  /**
   * Priority of the rule on the listener: 1 to 50000. The matching rule with the lowest number applies.
   */
  readonly priority: number;

  /**
   * Host names, which can contain the wildcards `*` and `?`. A request must match one of them.
   *
   * @default - any host
   */
  readonly hostPatterns?: string[];

  /**
   * Paths, which can contain the wildcards `*` and `?`. A request must match one of them.
   *
   * @default - any path
   */
  readonly pathPatterns?: string[];

  /**
   * Test listener of the same load balancer. Lifecycle hooks use it to test the new tasks before production traffic
   * shifts to them. The service adds a rule with the same priority and conditions to the test listener. Requires a
   * `deploymentStrategy` that shifts traffic.
   *
   * @default - no test listener
   */
  readonly testListener?: elbv2.IApplicationListener;
}
