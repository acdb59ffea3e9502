import { Token, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { IngressTargetOptions, ListenerIngressOptions, LoadBalancerIngressOptions } from './ingress-options';
import { claim, invalid, outside } from '../private/validation';

const HTTP = 80;
const HTTPS = 443;
const LAST_PRIORITY = 50_000;
const MOST_PATTERNS = 5;

/** What a service is reached through. */
export interface BoundIngress {
  readonly targetGroup: elbv2.ApplicationTargetGroup;

  /** Where deployments shift traffic from one set of tasks to another. */
  readonly alternateTarget?: ecs.IAlternateTarget;
  readonly listener: elbv2.IApplicationListener;

  /** Where it was made for the service. */
  readonly loadBalancer?: elbv2.ApplicationLoadBalancer;
  readonly url?: string;
}

/**
 * How requests reach a service.
 */
export abstract class Ingress {
  /**
   * Through a load balancer that the internet can reach.
   *
   * @throws if the port is not a port; if `redirectHTTP` is set without a certificate or while listening on port 80; if
   * only one of `domainName` and `domainZone` is given
   */
  public static internetFacing(options: LoadBalancerIngressOptions = {}): Ingress {
    return new OwnLoadBalancer('internetFacing', options);
  }

  /**
   * Through a load balancer that only the VPC, and networks connected to it, can reach.
   *
   * @throws if the port is not a port; if `redirectHTTP` is set without a certificate or while listening on port 80; if
   * only one of `domainName` and `domainZone` is given
   */
  public static internalOnly(options: LoadBalancerIngressOptions = {}): Ingress {
    return new OwnLoadBalancer('internalOnly', options);
  }

  /**
   * Through a listener that several services share.
   *
   * @param listener the listener, of this stack or another one
   * @throws if neither host nor path patterns are given, or more than 5 together, or the priority is not between 1 and
   * 50000; at synthesis, if another service has the same priority at this listener
   */
  public static onListener(listener: elbv2.IApplicationListener, options: ListenerIngressOptions): Ingress {
    return new SharedListener(listener, options);
  }

  /**
   * Not at all: the service works off a queue, or others find it through Service Connect or Cloud Map.
   */
  public static none(): Ingress {
    return new NoIngress();
  }

  /**
   * @param scope the construct of the service, which owns what is made here
   * @param shiftsTraffic whether deployments need a second target group to shift traffic to
   * @internal
   */
  public abstract _bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress | undefined;
}

class NoIngress extends Ingress {
  public _bind(): undefined {
    return undefined;
  }
}

class OwnLoadBalancer extends Ingress {
  private readonly port: number;
  private readonly redirect: boolean;

  constructor(private readonly factory: 'internetFacing' | 'internalOnly', private readonly options: LoadBalancerIngressOptions) {
    super();
    const { certificate, listenerPort, redirectHTTP, domainName, domainZone } = options;
    this.port = listenerPort ?? (certificate ? HTTPS : HTTP);
    if (outside(this.port, 1, 65535)) {
      throw new Error(`Ingress.${factory}: listenerPort ${listenerPort} is not a port: 1 to 65535`);
    }
    if (redirectHTTP && !certificate) {
      throw new Error(`Ingress.${factory}: redirectHTTP true needs a certificate to redirect to HTTPS with`);
    }
    if (redirectHTTP && this.port === HTTP) {
      throw new Error(`Ingress.${factory}: redirectHTTP true needs port ${HTTP}, which listenerPort ${listenerPort} takes`);
    }
    if (domainName !== undefined && !domainZone) {
      throw new Error(`Ingress.${factory}: domainName${Token.isUnresolved(domainName) ? '' : ` ${domainName}`} needs a domainZone`);
    }
    if (domainZone && domainName === undefined) {
      throw new Error(`Ingress.${factory}: domainZone ${domainZone.node.path} needs a domainName`);
    }
    this.redirect = redirectHTTP ?? (certificate !== undefined && this.port !== HTTP);
  }

  public _bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress {
    const { certificate, idleTimeout, openListener = true, domainName, domainZone } = this.options;
    const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'LoadBalancer', {
      vpc,
      internetFacing: this.factory === 'internetFacing',
      dropInvalidHeaderFields: true,
      idleTimeout,
    });
    const targetGroup = makeTargetGroup(scope, 'TargetGroup', vpc, this.options);
    // One id for each protocol: a certificate that comes or goes then never has two listeners meet on a port.
    const listener = loadBalancer.addListener(certificate ? 'HttpsListener' : 'HttpListener', {
      port: this.port,
      protocol: certificate ? elbv2.ApplicationProtocol.HTTPS : elbv2.ApplicationProtocol.HTTP,
      certificates: certificate && [certificate],
      sslPolicy: certificate && elbv2.SslPolicy.RECOMMENDED_TLS,
      open: openListener,
      defaultTargetGroups: [targetGroup],
    });
    if (this.redirect) {
      const redirect = loadBalancer.addListener('HttpListener', {
        port: HTTP,
        open: openListener,
        defaultAction: elbv2.ListenerAction.redirect({
          protocol: elbv2.ApplicationProtocol.HTTPS,
          port: Tokenization.stringifyNumber(this.port),
          permanent: true,
        }),
      });
      redirect.node.addDependency(listener);
    }
    if (domainZone) {
      new route53.ARecord(scope, 'DnsRecord', {
        zone: domainZone,
        recordName: domainName,
        target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(loadBalancer)),
      });
    }
    return {
      loadBalancer,
      listener,
      targetGroup,
      alternateTarget: shiftsTraffic ? this.alternateTarget(scope, vpc, listener, targetGroup) : undefined,
      url: this.url(domainName ?? loadBalancer.loadBalancerDnsName),
    };
  }

  /** ECS shifts traffic by a rule, for which the default action of a listener does not do. */
  private alternateTarget(
    scope: Construct, vpc: ec2.IVpc, listener: elbv2.ApplicationListener, targetGroup: elbv2.ApplicationTargetGroup,
  ): ecs.IAlternateTarget {
    const alternate = makeTargetGroup(scope, 'AlternateTargetGroup', vpc, this.options);
    return shiftTo(alternate, new elbv2.ApplicationListenerRule(scope, 'ListenerRule', {
      listener,
      priority: 1,
      conditions: [elbv2.ListenerCondition.pathPatterns(['*'])],
      action: forwardTo(targetGroup, alternate),
    }));
  }

  private url(host: string): string {
    const [scheme, usualPort] = this.options.certificate ? ['https', HTTPS] : ['http', HTTP];
    const port = this.port === usualPort ? '' : `:${Tokenization.stringifyNumber(this.port)}`;
    return `${scheme}://${host}${port}`;
  }
}

class SharedListener extends Ingress {
  constructor(private readonly listener: elbv2.IApplicationListener, private readonly options: ListenerIngressOptions) {
    super();
    const { priority, hostPatterns = [], pathPatterns = [] } = options;
    if (outside(priority, 1, LAST_PRIORITY)) {
      throw new Error(`Ingress.onListener: priority ${priority} is not between 1 and ${LAST_PRIORITY}`);
    }
    if (hostPatterns.length + pathPatterns.length === 0) {
      throw new Error('Ingress.onListener: hostPatterns or pathPatterns must say which requests go to the service');
    }
    if (hostPatterns.length + pathPatterns.length > MOST_PATTERNS) {
      throw new Error(`Ingress.onListener: hostPatterns and pathPatterns ${[...hostPatterns, ...pathPatterns].join(', ')} are more than the ` +
        `${MOST_PATTERNS} that a rule of a listener has room for`);
    }
  }

  public _bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress {
    this.claimPriority(scope);
    const { priority, hostPatterns = [], pathPatterns = [] } = this.options;
    const targetGroup = makeTargetGroup(scope, 'TargetGroup', vpc, this.options);
    const alternate = shiftsTraffic ? makeTargetGroup(scope, 'AlternateTargetGroup', vpc, this.options) : undefined;
    const rule = new elbv2.ApplicationListenerRule(scope, 'ListenerRule', {
      listener: this.listener,
      priority,
      conditions: [
        ...(hostPatterns.length > 0 ? [elbv2.ListenerCondition.hostHeaders(hostPatterns)] : []),
        ...(pathPatterns.length > 0 ? [elbv2.ListenerCondition.pathPatterns(pathPatterns)] : []),
      ],
      action: alternate ? forwardTo(targetGroup, alternate) : elbv2.ListenerAction.forward([targetGroup]),
    });
    return { listener: this.listener, targetGroup, alternateTarget: alternate && shiftTo(alternate, rule) };
  }

  /** Two rules of one priority would only be found out by the deployment. */
  private claimPriority(scope: Construct): void {
    const { priority } = this.options;
    if (Token.isUnresolved(priority)) return;

    const { listenerArn, node } = this.listener;
    // Each stack may import it for itself.
    const listener = Token.isUnresolved(listenerArn) ? node.path : listenerArn;
    const holder = claim(scope, `priority ${priority} at listener ${listener}`);
    if (holder !== undefined) {
      throw invalid(scope, `ingress priority ${priority} is taken by ${holder} at listener ${node.path}: pass another one`);
    }
  }
}

function makeTargetGroup(scope: Construct, id: string, vpc: ec2.IVpc, options: IngressTargetOptions): elbv2.ApplicationTargetGroup {
  return new elbv2.ApplicationTargetGroup(scope, id, {
    vpc,
    protocol: elbv2.ApplicationProtocol.HTTP,
    targetType: elbv2.TargetType.IP,
    healthCheck: options.healthCheck,
    deregistrationDelay: options.deregistrationDelay,
    slowStart: options.slowStart,
    stickinessCookieDuration: options.stickinessCookieDuration,
  });
}

/** Both target groups belong to the load balancer from the start; ECS moves the weights. */
function forwardTo(targetGroup: elbv2.ApplicationTargetGroup, alternate: elbv2.ApplicationTargetGroup): elbv2.ListenerAction {
  return elbv2.ListenerAction.weightedForward([{ targetGroup, weight: 1 }, { targetGroup: alternate, weight: 0 }]);
}

function shiftTo(alternateTargetGroup: elbv2.ApplicationTargetGroup, rule: elbv2.ApplicationListenerRule): ecs.IAlternateTarget {
  return new ecs.AlternateTarget('AlternateTarget', {
    alternateTargetGroup,
    productionListener: ecs.ListenerRuleConfiguration.applicationListenerRule(rule),
  });
}
