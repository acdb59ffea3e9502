import { Duration, Token } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { outside } from '../validation';

const HTTP = 80;
const HTTPS = 443;

/**
 * Options of a load balancer that is made for the service.
 */
export interface LoadBalancerIngressOptions {
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
   * How the load balancer finds out whether a task is healthy.
   *
   * @default - `GET /` on the port of the container, every 30 seconds, expecting the status 200
   */
  readonly healthCheck?: elbv2.HealthCheck;

  /**
   * How long the load balancer keeps an idle connection.
   *
   * @default - 60 seconds, as ELB has it
   */
  readonly idleTimeout?: Duration;

  /**
   * How long a task that is being replaced may finish its requests.
   *
   * @default - 300 seconds, as ELB has it
   */
  readonly deregistrationDelay?: Duration;
}

/** What a service is reached through. */
export interface BoundIngress {
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly listener: elbv2.ApplicationListener;
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  readonly url: string;
}

/**
 * How requests reach a service.
 */
export abstract class Ingress {
  /**
   * Through a load balancer that the internet can reach.
   *
   * @throws if `redirectHTTP` is set without a certificate or while listening on port 80, or the port is not a port
   */
  public static internetFacing(options: LoadBalancerIngressOptions = {}): Ingress {
    return new OwnLoadBalancer(true, options);
  }

  /**
   * Through a load balancer that only the VPC, and networks connected to it, can reach.
   *
   * @throws if `redirectHTTP` is set without a certificate or while listening on port 80, or the port is not a port
   */
  public static internalOnly(options: LoadBalancerIngressOptions = {}): Ingress {
    return new OwnLoadBalancer(false, options);
  }

  /**
   * Not at all: the service works off a queue, or others find it through Service Connect or Cloud Map.
   */
  public static none(): Ingress {
    return new NoIngress();
  }

  /**
   * @param scope the construct of the service, which owns what is made here
   * @internal
   */
  public abstract _bind(scope: Construct, vpc: ec2.IVpc): BoundIngress | undefined;
}

class NoIngress extends Ingress {
  public _bind(): undefined {
    return undefined;
  }
}

class OwnLoadBalancer extends Ingress {
  private readonly port: number;
  private readonly redirect: boolean;

  constructor(private readonly internetFacing: boolean, private readonly options: LoadBalancerIngressOptions) {
    super();
    const { certificate, listenerPort, redirectHTTP } = options;
    this.port = listenerPort ?? (certificate ? HTTPS : HTTP);
    if (outside(this.port, 1, 65535)) {
      throw new Error(`Ingress: listenerPort ${listenerPort} is not a port: 1 to 65535`);
    }
    if (redirectHTTP && !certificate) {
      throw new Error('Ingress: redirectHTTP true needs a certificate to redirect to HTTPS with');
    }
    if (redirectHTTP && this.port === HTTP) {
      throw new Error(`Ingress: redirectHTTP true needs port ${HTTP}, which listenerPort ${listenerPort} takes`);
    }
    this.redirect = redirectHTTP ?? (certificate !== undefined && this.port !== HTTP);
  }

  public _bind(scope: Construct, vpc: ec2.IVpc): BoundIngress {
    const { certificate, healthCheck, idleTimeout, deregistrationDelay, openListener } = this.options;
    const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'LoadBalancer', {
      vpc,
      internetFacing: this.internetFacing,
      dropInvalidHeaderFields: true,
      idleTimeout,
    });
    const targetGroup = new elbv2.ApplicationTargetGroup(scope, 'TargetGroup', {
      vpc,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targetType: elbv2.TargetType.IP,
      healthCheck,
      deregistrationDelay,
    });
    const protocol = certificate ? elbv2.ApplicationProtocol.HTTPS : elbv2.ApplicationProtocol.HTTP;
    const listener = loadBalancer.addListener('Listener', {
      port: this.port,
      protocol,
      certificates: certificate && [certificate],
      sslPolicy: certificate && elbv2.SslPolicy.RECOMMENDED_TLS,
      open: openListener ?? true,
      defaultTargetGroups: [targetGroup],
    });
    if (this.redirect) {
      loadBalancer.addRedirect({ sourcePort: HTTP, targetPort: this.port, open: openListener ?? true });
    }
    return { loadBalancer, listener, targetGroup, url: this.url(loadBalancer, protocol) };
  }

  private url(loadBalancer: elbv2.ApplicationLoadBalancer, protocol: elbv2.ApplicationProtocol): string {
    const usual = protocol === elbv2.ApplicationProtocol.HTTPS ? HTTPS : HTTP;
    const port = Token.isUnresolved(this.port) || this.port !== usual ? `:${Token.asString(this.port)}` : '';
    return `${protocol.toLowerCase()}://${loadBalancer.loadBalancerDnsName}${port}`;
  }
}
