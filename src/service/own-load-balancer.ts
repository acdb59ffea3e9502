import { FeatureFlags, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { checkAccountAndRegion } from './account-and-region';
import { BoundIngress, WayIn } from './bound-ingress';
import { addDnsRecords, faultsOfDomain } from './dns-records';
import { faultsOfConditions, faultsOfTargets, faultsOfTimes, TARGET_OPTION_KINDS } from './ingress-option-checks';
import { LoadBalancerIngressOptions } from './ingress-options';
import { LAST_PRIORITY, prioritiesTaken } from './listener-priorities';
import { loadBalancerSubnets, subnetsWithoutIpv6 } from './load-balancer-subnets';
import { aSubnetSelection } from './service-option-kinds';
import { ServiceTargets } from './target-groups';
import { anyFlag, anyNumber, anyText, durationIn, factoryOptions, instance, Kinds, listOf, oneOf } from '../private/option-kinds';
import { invalid, isKnown, outside } from '../private/validation';

const HTTP = 80;
const HTTPS = 443;
const { IPV4, DUAL_STACK_WITHOUT_PUBLIC_IPV4 } = elbv2.IpAddressType;
const POST_QUANTUM_FLAG = '@aws-cdk/aws-elasticloadbalancingv2:usePostQuantumTlsPolicy';

const aCertificate = instance('an acm.ICertificate', 'certificateArn');

const KINDS: Kinds<LoadBalancerIngressOptions> = {
  ...TARGET_OPTION_KINDS,
  certificate: aCertificate,
  additionalCertificates: listOf(aCertificate),
  sslPolicy: anyText,
  listenerPort: anyNumber,
  redirectHTTP: anyFlag,
  openListener: anyFlag,
  testListenerPort: anyNumber,
  subnets: aSubnetSelection,
  ipAddressType: oneOf(...Object.values(elbv2.IpAddressType)),
  idleTimeout: durationIn('seconds'),
  domainName: anyText,
  domainZone: instance('a route53.IHostedZone', 'hostedZoneId'),
};

/** A load balancer that is created for the service. */
export class OwnLoadBalancer implements WayIn {
  private readonly options: LoadBalancerIngressOptions;
  private readonly port: number;
  private readonly redirect: boolean;

  constructor(private readonly factory: 'internetFacing' | 'internalOnly', options: LoadBalancerIngressOptions) {
    const fail = (message: string) => new Error(`Ingress.${factory}: ${message}`);
    this.options = factoryOptions(options ?? {}, KINDS, fail);
    const { certificate, listenerPort, redirectHTTP } = this.options;
    this.port = listenerPort ?? (certificate ? HTTPS : HTTP);
    this.redirect = redirectHTTP ?? (certificate !== undefined && this.port !== HTTP);
    for (const fault of this.faultsOfOptions()) throw fail(fault);
  }

  public bind(scope: Construct, vpc: ec2.IVpc, shiftsTraffic: boolean): BoundIngress {
    const { certificate, additionalCertificates = [], conditions, testListenerPort, subnets } = this.options;
    if (testListenerPort !== undefined && !shiftsTraffic) {
      throw invalid(scope, `ingress testListenerPort ${testListenerPort} needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN`);
    }
    if (certificate) checkAccountAndRegion(scope, 'ingress certificate', certificate.certificateArn);
    for (const { certificateArn } of additionalCertificates) checkAccountAndRegion(scope, 'ingress additionalCertificates', certificateArn);

    const selection = loadBalancerSubnets(scope, vpc, this.isInternetFacing, subnets);
    const loadBalancer = this.makeLoadBalancer(scope, vpc, selection);
    const targets = new ServiceTargets(scope, vpc, this.options, shiftsTraffic);
    const otherRequestsTo = conditions ? undefined : targets;
    // Each protocol has its own ID. If the certificate is added or removed, two listeners then never use the same port at
    // the same time.
    const listener = this.listen(loadBalancer, certificate ? 'HttpsListener' : 'HttpListener', this.port, otherRequestsTo);
    if (this.options.openListener ?? true) this.open(listener, this.port);
    if (this.redirect) this.redirectTo(listener);

    const testListener = testListenerPort === undefined ? undefined : this.listen(loadBalancer, 'TestListener', testListenerPort, otherRequestsTo);
    const rule = (id: string, at: elbv2.ApplicationListener) =>
      targets.addRule(id, at, LAST_PRIORITY, conditions ?? [elbv2.ListenerCondition.pathPatterns(['*'])]);
    const production = shiftsTraffic || conditions ? rule('ListenerRule', listener) : undefined;
    const test = testListener && rule('TestListenerRule', testListener);
    addDnsRecords(scope, loadBalancer, this.options);
    return {
      loadBalancer,
      listener,
      testListener,
      targets,
      alternateTarget: production && targets.shiftBy(production, test),
      url: this.url(loadBalancer),
      faults: () => [...prioritiesTaken(targets.rules), ...this.faultsOfIpv6(vpc, selection)],
    };
  }

  private get isInternetFacing(): boolean {
    return this.factory === 'internetFacing';
  }

  private* faultsOfOptions(): Generator<string> {
    const { certificate, conditions, ipAddressType, listenerPort, redirectHTTP, sslPolicy, testListenerPort } = this.options;
    if (outside(this.port, 1, 65535)) {
      yield `listenerPort ${listenerPort} is not a port: pass 1 to 65535`;
    }
    if (redirectHTTP && !certificate) {
      yield 'redirectHTTP true needs a certificate for HTTPS';
    }
    if (redirectHTTP && this.port === HTTP) {
      yield `redirectHTTP true needs port ${HTTP}, but listenerPort ${listenerPort} uses it`;
    }
    for (const name of ['sslPolicy', 'additionalCertificates'] as const) {
      if (this.options[name] && !certificate) yield `${name} needs a certificate: without one, the load balancer speaks plain HTTP`;
    }
    if (sslPolicy !== undefined && isKnown(sslPolicy) && !sslPolicy.startsWith('ELBSecurityPolicy-')) {
      yield `sslPolicy ${sslPolicy} is not a policy of ELB: pass an elbv2.SslPolicy`;
    }
    if (testListenerPort !== undefined && outside(testListenerPort, 1, 65535)) {
      yield `testListenerPort ${testListenerPort} is not a port: pass 1 to 65535`;
    }
    if (testListenerPort === this.port || (testListenerPort === HTTP && this.redirect)) {
      yield `testListenerPort ${testListenerPort} is taken by ${testListenerPort === this.port ? 'the production listener' : 'the redirect to HTTPS'}`;
    }
    if (ipAddressType === DUAL_STACK_WITHOUT_PUBLIC_IPV4 && !this.isInternetFacing) {
      yield `ipAddressType ${ipAddressType} is only for an internet-facing load balancer: pass DUAL_STACK`;
    }
    yield* faultsOfTimes(this.options, [['idleTimeout', 1, 4_000]]);
    yield* faultsOfTargets(this.options);
    if (conditions?.length === 0) yield 'conditions is empty: leave it out to send all requests to the service';
    yield* faultsOfConditions('conditions', conditions ?? []);
    yield* faultsOfDomain(this.options);
  }

  private makeLoadBalancer(scope: Construct, vpc: ec2.IVpc, vpcSubnets: ec2.SubnetSelection): elbv2.ApplicationLoadBalancer {
    const { idleTimeout, ipAddressType } = this.options;
    return new elbv2.ApplicationLoadBalancer(scope, 'LoadBalancer', {
      vpc,
      vpcSubnets,
      internetFacing: this.isInternetFacing,
      ipAddressType,
      dropInvalidHeaderFields: true,
      idleTimeout,
    });
  }

  /** @param forwardsTo target of requests that match no rule; if undefined, the listener refuses these requests */
  private listen(loadBalancer: elbv2.ApplicationLoadBalancer, id: string, port: number, forwardsTo?: ServiceTargets): elbv2.ApplicationListener {
    const { certificate, additionalCertificates = [], sslPolicy = defaultPolicy(loadBalancer) } = this.options;
    return loadBalancer.addListener(id, {
      port,
      protocol: certificate ? elbv2.ApplicationProtocol.HTTPS : elbv2.ApplicationProtocol.HTTP,
      certificates: certificate && [certificate, ...additionalCertificates],
      sslPolicy: certificate && sslPolicy,
      open: false,
      defaultAction: forwardsTo ? elbv2.ListenerAction.forward([forwardsTo.targetGroup]) : elbv2.ListenerAction.fixedResponse(403),
    });
  }

  /** aws-cdk-lib also opens a listener for IPv6, but with a feature flag only if the load balancer has no IPv4 addresses. */
  private open(listener: elbv2.ApplicationListener, port: number): void {
    const description = `Allow from anyone on port ${port}`;
    listener.connections.allowDefaultPortFrom(ec2.Peer.anyIpv4(), description);
    if (this.hasIpv6) listener.connections.allowDefaultPortFrom(ec2.Peer.anyIpv6(), description);
  }

  private redirectTo(listener: elbv2.ApplicationListener): void {
    const redirect = listener.loadBalancer.addListener('HttpListener', {
      port: HTTP,
      open: false,
      defaultAction: elbv2.ListenerAction.redirect({
        protocol: elbv2.ApplicationProtocol.HTTPS,
        port: Tokenization.stringifyNumber(this.port),
        permanent: true,
      }),
    });
    redirect.node.addDependency(listener);
    if (this.options.openListener ?? true) this.open(redirect, HTTP);
  }

  private get hasIpv6(): boolean {
    return (this.options.ipAddressType ?? IPV4) !== IPV4;
  }

  private faultsOfIpv6(vpc: ec2.IVpc, selection: ec2.SubnetSelection): string[] {
    const without = this.hasIpv6 ? subnetsWithoutIpv6(vpc, selection) : '';
    if (!without) return [];
    return [`ingress ipAddressType ${this.options.ipAddressType} needs IPv6 addresses, but there are none in ${without}: ` +
      'pass ipProtocol: ec2.IpProtocol.DUAL_STACK to the VPC'];
  }

  private url({ loadBalancerDnsName }: elbv2.ApplicationLoadBalancer): string {
    const { certificate, domainName = loadBalancerDnsName } = this.options;
    const [scheme, usualPort] = certificate ? ['https', HTTPS] : ['http', HTTP];
    const port = this.port === usualPort ? '' : `:${Tokenization.stringifyNumber(this.port)}`;
    return `${scheme}://${domainName.replace(/\.$/, '')}${port}`;
  }
}

/**
 * With the feature flag, the default of aws-cdk-lib. Without the flag, the recommended policy, because aws-cdk-lib then leaves
 * the choice to ELB, which allows TLS 1.0.
 */
function defaultPolicy(scope: Construct): elbv2.SslPolicy {
  const { RECOMMENDED_TLS, TLS13_12_PQ = RECOMMENDED_TLS } = elbv2.SslPolicy as typeof elbv2.SslPolicy & { TLS13_12_PQ?: elbv2.SslPolicy };
  return FeatureFlags.of(scope).isEnabled(POST_QUANTUM_FLAG) ? TLS13_12_PQ : RECOMMENDED_TLS;
}
