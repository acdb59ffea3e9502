import { Duration } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';

/**
 * How a load balancer treats the tasks of a service.
 */
export interface IngressTargetOptions {
  /**
   * How the load balancer finds out whether a task is healthy.
   *
   * @default - `GET /` on the port of the container, every 30 seconds, expecting the status 200
   */
  readonly healthCheck?: elbv2.HealthCheck;

  /**
   * How long a task that is being replaced may finish its requests.
   *
   * @default - 300 seconds, as ELB has it
   */
  readonly deregistrationDelay?: Duration;

  /**
   * How long a new task gets a growing share of the requests before it gets a full one: 30 to 900 seconds.
   *
   * @default - a full share from the start
   */
  readonly slowStart?: Duration;

  /**
   * How long a client is sent to the same task, by a cookie.
   *
   * @default - each request may go to another task
   */
  readonly stickinessCookieDuration?: Duration;
}

/**
 * Options of a load balancer that is made for the service.
 */
export interface LoadBalancerIngressOptions extends IngressTargetOptions {
  /**
   * Certificate for HTTPS. With it, the load balancer listens on port 443, and requests to port 80 are redirected.
   *
   * @default - plain HTTP
   */
  readonly certificate?: acm.ICertificate;

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
   * Whether the security group of the load balancer lets in whoever can reach it. Otherwise, allow some through
   * `loadBalancer.connections`.
   *
   * @default true
   */
  readonly openListener?: boolean;

  /**
   * How long the load balancer keeps an idle connection.
   *
   * @default - 60 seconds, as ELB has it
   */
  readonly idleTimeout?: Duration;

  /**
   * Domain name under which the load balancer is reached. Together with `domainZone`.
   *
   * @default - the name that ELB makes up
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
 * Which requests of a shared listener go to a service. At least one kind of pattern is given.
 */
export interface ListenerIngressOptions extends IngressTargetOptions {
  /**
   * Place of the rule among those of the listener: 1 to 50000, the lowest that matches wins.
   */
  readonly priority: number;

  /**
   * Host names, `*` and `?` allowed, of which a request has to match one.
   *
   * @default - any host
   */
  readonly hostPatterns?: string[];

  /**
   * Paths, `*` and `?` allowed, of which a request has to match one.
   *
   * @default - any path
   */
  readonly pathPatterns?: string[];
}
