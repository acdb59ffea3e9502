import { App, Aspects, CfnElement, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, LoadBalancerIngressOptions } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc, PRIVATE_SUBNETS } from '../util/network';
import { testApp } from '../util/synth';

const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule';
const RECORD = 'AWS::Route53::RecordSet';
const { PUBLIC, PRIVATE_WITH_EGRESS } = ec2.SubnetType;
const { DUAL_STACK, DUAL_STACK_WITHOUT_PUBLIC_IPV4 } = elbv2.IpAddressType;
const { BLUE_GREEN } = ecs.DeploymentStrategy;

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web', { env: { account: '111111111111', region: 'eu-west-1' } });
});

function service(vpc: ec2.IVpc, ingress: Ingress, props: GuardedFargateServiceOptions = {}): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc, ingress, ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

function certificate(id = 'Certificate', region = 'eu-west-1'): acm.ICertificate {
  return acm.Certificate.fromCertificateArn(stack, id, `arn:aws:acm:${region}:111111111111:certificate/${id}`);
}

function zone(zoneName = 'example.com'): route53.IHostedZone {
  return route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName });
}

describe('subnets', () => {
  /** Two subnets of each kind in each zone. */
  const doubled = () => new ec2.Vpc(stack, 'Vpc', {
    maxAzs: 2,
    natGateways: 1,
    subnetConfiguration: [
      { name: 'edge', subnetType: PUBLIC }, { name: 'edge2', subnetType: PUBLIC },
      { name: 'app', subnetType: PRIVATE_WITH_EGRESS }, { name: 'tools', subnetType: PRIVATE_WITH_EGRESS },
    ],
  });
  const selected = () => {
    const [{ Properties }] = Object.values(template().findResources(LOAD_BALANCER));
    return Properties.Subnets.map((each: any) => each.Ref ? each.Ref.replace(/Subnet.*/, '') : each);
  };
  const zones = () => {
    const subnets = template().findResources('AWS::EC2::Subnet');
    const [{ Properties }] = Object.values(template().findResources(LOAD_BALANCER));
    return Properties.Subnets.map(({ Ref }: { Ref: string }) => JSON.stringify(subnets[Ref].Properties.AvailabilityZone));
  };

  test.each([['internetFacing', 'Vpcedge'], ['internalOnly', 'Vpcapp']] as const)(
    'of a load balancer that is %s are one per zone, even if a zone has two', (kind, group) => {
      service(doubled(), Ingress[kind](), { taskSubnets: { subnetGroupName: 'app' } });
      expect(selected()).toEqual([group, group]);
      expect(new Set(zones()).size).toBe(2);
    });

  test('of an imported VPC are also one per zone', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: ['a1', 'b1', 'a2', 'b2'], privateSubnetNames: ['app', 'tools'],
    });
    service(vpc, Ingress.internalOnly(), { taskSubnets: { subnetGroupName: 'app' } });
    expect(selected()).toEqual(['a1', 'b1']);
  });

  test('can be set explicitly', () => {
    service(doubled(), Ingress.internetFacing({ subnets: { subnetGroupName: 'edge2' } }), { taskSubnets: { subnetGroupName: 'app' } });
    expect(selected()).toEqual(['Vpcedge2', 'Vpcedge2']);
  });

  test('are refused if two are in one zone, with an error that names both', () => {
    expect(() => service(doubled(), Ingress.internetFacing({ subnets: { subnetType: PUBLIC } }))).toThrow(new Error(
      'ingress subnets Web/Vpc/edgeSubnet1, Web/Vpc/edge2Subnet1 are in the same availability zone, but a load balancer takes one subnet per zone: ' +
      'pass onePerAz or fewer subnets (at Web/Api)'));
  });

  test('are refused if all are in one zone', () => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    expect(() => service(vpc, Ingress.internetFacing())).toThrow(new Error(
      'ingress subnets Web/Vpc/PublicSubnet1 of Web/Vpc are in 1 availability zone: a load balancer needs subnets in at least two (at Web/Api)'));
  });

  test('of an imported VPC in one zone are refused, unless that zone may be a local zone', () => {
    const imported = (id: string, zoneName: string) => ec2.Vpc.fromVpcAttributes(stack, id, {
      vpcId: 'vpc-1', availabilityZones: [zoneName], privateSubnetIds: ['a1'],
    });
    expect(() => service(imported('One', 'eu-west-1a'), Ingress.internalOnly())).toThrow('are in 1 availability zone');
    stack = new Stack(app, 'Local');
    service(imported('Two', 'us-west-2-lax-1a'), Ingress.internalOnly());
    expect(selected()).toEqual(['a1']);
  });

  test('are refused if the internet cannot reach them', () => {
    expect(() => service(doubled(), Ingress.internetFacing({ subnets: { subnetGroupName: 'app' } }))).toThrow(new Error(
      'ingress subnets Web/Vpc/appSubnet1, Web/Vpc/appSubnet2 are not public, so the internet could not reach the load balancer: ' +
      'pass public subnets, or Ingress.internalOnly() (at Web/Api)'));
  });

  test('with only known IDs are accepted unchanged', () => {
    const subnets = ['subnet-1', 'subnet-2'].map((id) => ec2.Subnet.fromSubnetId(stack, id, id));
    service(existingVpc(stack), Ingress.internetFacing({ subnets: { subnets } }));
    expect(selected()).toEqual(['subnet-1', 'subnet-2']);
  });

  test('that are missing cause an error of this library, before aws-cdk-lib throws its own', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: PRIVATE_SUBNETS });
    expect(() => service(vpc, Ingress.internetFacing())).toThrow(new Error(
      'ingress internetFacing needs public subnets, but Web/Vpc has none: pass Ingress.internalOnly() or another VPC (at Web/Api)'));
  });
});

describe('dual stack', () => {
  const vpc = () => new ec2.Vpc(stack, 'Vpc', { ipProtocol: ec2.IpProtocol.DUAL_STACK });
  const lets = () => Object.entries(template().findResources('AWS::EC2::SecurityGroup'))
    .filter(([id]) => id.includes('LoadBalancer'))
    .flatMap(([, { Properties }]) => (Properties.SecurityGroupIngress ?? []).map((rule: any) => `${rule.CidrIp ?? rule.CidrIpv6} ${rule.FromPort}`));
  const records = () => Object.values(template().findResources(RECORD)).map(({ Properties }) => `${Properties.Type} ${Properties.Name}`).sort();

  test.each(['internetFacing', 'internalOnly'] as const)('lets IPv6 clients reach a load balancer that is %s, and adds an AAAA record for its name', (kind) => {
    service(vpc(), Ingress[kind]({ ipAddressType: DUAL_STACK, domainName: 'api.example.com', domainZone: zone() }));
    template().hasResourceProperties(LOAD_BALANCER, { IpAddressType: 'dualstack' });
    expect(lets()).toEqual(['0.0.0.0/0 80', '::/0 80']);
    expect(records()).toEqual(['A api.example.com.', 'AAAA api.example.com.']);
  });

  test('lets IPv6 clients reach the redirect', () => {
    service(vpc(), Ingress.internetFacing({ ipAddressType: DUAL_STACK, certificate: certificate() }));
    expect(lets().sort()).toEqual(['0.0.0.0/0 443', '0.0.0.0/0 80', '::/0 443', '::/0 80']);
  });

  test.each(['no feature flags', 'all recommended feature flags'] as const)('without public IPv4 addresses adds only an AAAA record, with %s', (flags) => {
    stack = new Stack(testApp({}, flags), 'Web');
    service(vpc(), Ingress.internetFacing({ ipAddressType: DUAL_STACK_WITHOUT_PUBLIC_IPV4, domainName: 'api.example.com', domainZone: zone() }));
    expect(lets()).toEqual(['0.0.0.0/0 80', '::/0 80']);
    expect(records()).toEqual(['AAAA api.example.com.']);
  });

  test('lets no clients reach a closed listener', () => {
    service(vpc(), Ingress.internetFacing({ ipAddressType: DUAL_STACK, openListener: false }));
    expect(lets()).toEqual([]);
  });

  test('is off by default', () => {
    service(vpc(), Ingress.internetFacing({ domainName: 'api.example.com', domainZone: zone() }));
    expect(lets()).toEqual(['0.0.0.0/0 80']);
    expect(records()).toEqual(['A api.example.com.']);
  });

  test('refuses subnets without IPv6 addresses', () => {
    service(new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }), Ingress.internetFacing({ ipAddressType: DUAL_STACK }));
    expect(() => app.synth()).toThrow('[Web/Api] ingress ipAddressType dualstack needs IPv6 addresses, but there are none in Web/Vpc/PublicSubnet1, ' +
      'Web/Vpc/PublicSubnet2: pass ipProtocol: ec2.IpProtocol.DUAL_STACK to the VPC');
  });

  test('accepts subnets that get IPv6 addresses later', () => {
    const plain = new ec2.Vpc(stack, 'Vpc');
    service(plain, Ingress.internetFacing({ ipAddressType: DUAL_STACK }));
    Aspects.of(plain).add({
      visit: (node) => {
        if (node instanceof ec2.CfnSubnet) node.ipv6CidrBlock = '2001:db8::/64';
      },
    });
    expect(() => app.synth()).not.toThrow();
  });

  test('accepts subnets of an imported VPC, because their addresses are unknown', () => {
    service(existingVpc(stack), Ingress.internetFacing({ ipAddressType: DUAL_STACK }));
    expect(() => app.synth()).not.toThrow();
  });

  test('with public addresses is refused for an internal load balancer', () => {
    expect(() => Ingress.internalOnly({ ipAddressType: DUAL_STACK_WITHOUT_PUBLIC_IPV4 })).toThrow(new Error(
      'Ingress.internalOnly: ipAddressType dualstack-without-public-ipv4 is only for an internet-facing load balancer: ' +
      'pass DUAL_STACK'));
  });
});

describe('TLS', () => {
  const RECOMMENDED = 'ELBSecurityPolicy-TLS13-1-2-2021-06';
  const POST_QUANTUM = 'ELBSecurityPolicy-TLS13-1-2-PQ-2025-09';
  const POST_QUANTUM_FLAG = '@aws-cdk/aws-elasticloadbalancingv2:usePostQuantumTlsPolicy';

  // The policy and the flag are new in aws-cdk-lib 2.245.0. New apps have the flag.
  test.each([
    ['the recommended policy by default', POST_QUANTUM, false, RECOMMENDED],
    ['the post-quantum policy with the feature flag, as the listeners of aws-cdk-lib do', POST_QUANTUM, true, POST_QUANTUM],
    ['the recommended policy with the flag, if aws-cdk-lib is too old to know the post-quantum policy', undefined, true, RECOMMENDED],
  ])('uses %s', (_, known, flag, expected) => {
    const policies = elbv2.SslPolicy as unknown as Record<string, string | undefined>;
    const { TLS13_12_PQ: installed } = policies;
    policies.TLS13_12_PQ = known;
    try {
      stack.node.setContext(POST_QUANTUM_FLAG, flag);
      service(existingVpc(stack), Ingress.internetFacing({ certificate: certificate() }));
      template().hasResourceProperties(LISTENER, { Port: 443, SslPolicy: expected });
    } finally {
      policies.TLS13_12_PQ = installed;
    }
  });

  test('uses the given policy', () => {
    service(existingVpc(stack), Ingress.internetFacing({ certificate: certificate(), sslPolicy: elbv2.SslPolicy.TLS13_13 }));
    template().hasResourceProperties(LISTENER, { Port: 443, SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' });
  });

  test('uses a certificate for each domain name', () => {
    const additionalCertificates = [certificate('Shop'), certificate('Admin')];
    service(existingVpc(stack), Ingress.internetFacing({ certificate: certificate(), additionalCertificates }));
    template().hasResourceProperties(LISTENER, { Port: 443, Certificates: [{ CertificateArn: Match.stringLikeRegexp('/Certificate$') }] });
    const more = Object.values(template().findResources('AWS::ElasticLoadBalancingV2::ListenerCertificate'))
      .flatMap(({ Properties }) => Properties.Certificates.map((each: any) => each.CertificateArn));
    expect(more).toEqual(additionalCertificates.map(({ certificateArn }) => certificateArn));
  });

  test.each([{ sslPolicy: elbv2.SslPolicy.TLS13_13 }, { additionalCertificates: [] }])('needs a certificate: %j', (options) => {
    const [name] = Object.keys(options);
    expect(() => Ingress.internetFacing(options)).toThrow(new Error(
      `Ingress.internetFacing: ${name} needs a certificate: without one, the load balancer speaks plain HTTP`));
  });

  test('refuses a certificate of another region, such as a certificate for CloudFront', () => {
    const vpc = existingVpc(stack);
    expect(() => service(vpc, Ingress.internetFacing({ certificate: certificate('Edge', 'us-east-1') }))).toThrow(new Error(
      'ingress certificate arn:aws:acm:us-east-1:111111111111:certificate/Edge is in us-east-1, but the service is in eu-west-1: ' +
      'pass one in the same region (at Web/Api)'));
  });

  test('refuses a certificate of another account', () => {
    const theirs = acm.Certificate.fromCertificateArn(stack, 'Theirs', 'arn:aws:acm:eu-west-1:222222222222:certificate/Theirs');
    const ingress = Ingress.internetFacing({ certificate: certificate(), additionalCertificates: [theirs] });
    expect(() => service(existingVpc(stack), ingress)).toThrow(new Error(
      'ingress additionalCertificates arn:aws:acm:eu-west-1:222222222222:certificate/Theirs is in 222222222222, ' +
      'but the service is in 111111111111: pass one in the same account (at Web/Api)'));
  });

  test('refuses a certificate of a stack in another region', () => {
    const edge = new Stack(app, 'Edge', { env: { account: '111111111111', region: 'us-east-1' }, crossRegionReferences: true });
    const edgeCertificate = new acm.Certificate(edge, 'Certificate', { domainName: 'example.com' });
    const vpc = existingVpc(stack);
    expect(() => service(vpc, Ingress.internetFacing({ certificate: edgeCertificate }))).toThrow(new Error(
      'ingress certificate Edge/Certificate is in us-east-1, but the service is in eu-west-1: pass one in the same region (at Web/Api)'));
  });

  test('accepts a certificate of another stack in the same region', () => {
    const shared = new Stack(app, 'Shared', { env: { account: '111111111111', region: 'eu-west-1' } });
    service(existingVpc(stack), Ingress.internetFacing({ certificate: new acm.Certificate(shared, 'Certificate', { domainName: 'example.com' }) }));
    expect(() => app.synth()).not.toThrow();
  });

  test('refuses a certificate without an ARN', () => {
    const named = acm.Certificate.fromCertificateArn(stack, 'Named', 'shop.example.com');
    expect(() => service(existingVpc(stack), Ingress.internetFacing({ certificate: named }))).toThrow(new Error(
      'ingress certificate "shop.example.com" is not an ARN (at Web/Api)'));
  });

  test('refuses a further certificate of another region', () => {
    const additionalCertificates = [certificate('Cdn', 'us-east-1')];
    expect(() => service(existingVpc(stack), Ingress.internetFacing({ certificate: certificate(), additionalCertificates })))
      .toThrow('certificate/Cdn is in us-east-1');
  });

  test('accepts any certificate if the region of the stack or the ARN is unknown', () => {
    service(existingVpc(stack), Ingress.internetFacing({ certificate: acm.Certificate.fromCertificateArn(stack, 'Token', Fn.importValue('arn')) }));
    stack = new Stack(app, 'Anywhere');
    service(existingVpc(stack), Ingress.internetFacing({ certificate: certificate('Edge', 'us-east-1') }));
    expect(() => app.synth()).not.toThrow();
  });
});

describe('a domain name', () => {
  test.each([
    ['api.example.com', 'example.com', 'http://api.example.com'],
    ['API.Example.com', 'example.com', 'http://API.Example.com'],
    ['example.com', 'example.com', 'http://example.com'],
    ['api.example.com.', 'example.com', 'http://api.example.com'],
  ])('such as %s in the zone %s appears in the URL', (domainName, zoneName, url) => {
    expect(service(existingVpc(stack), Ingress.internetFacing({ domainName, domainZone: zone(zoneName) })).url).toBe(url);
  });

  test.each([['api.example.org', 'example.com'], ['api', 'example.com'], ['notexample.com', 'example.com']])(
    'such as %s outside the zone %s is refused, because its record would have another name', (domainName, zoneName) => {
      expect(() => Ingress.internetFacing({ domainName, domainZone: zone(zoneName) })).toThrow(new Error(
        `Ingress.internetFacing: domainName ${domainName} is not in domainZone ${zoneName}: pass a full name, such as api.${zoneName}`));
    });

  test('can be a token, like the name of its zone', () => {
    expect(() => Ingress.internetFacing({ domainName: Fn.importValue('name'), domainZone: zone() })).not.toThrow();
    const domainZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Imported', { hostedZoneId: 'Z2', zoneName: Fn.importValue('zone') });
    expect(() => Ingress.internetFacing({ domainName: 'api.example.com', domainZone })).not.toThrow();
  });

  test('needs a zone with a known name', () => {
    const domainZone = route53.HostedZone.fromHostedZoneId(stack, 'ById', 'Z1');
    expect(() => Ingress.internetFacing({ domainName: 'api.example.com', domainZone })).toThrow(new Error(
      'Ingress.internetFacing: domainZone Web/ById has no zone name: use HostedZone.fromHostedZoneAttributes or HostedZone.fromLookup'));
  });
});

describe('conditions', () => {
  const custom = (rendered: object): elbv2.ListenerCondition => ({ renderRawCondition: () => rendered });
  const secret = elbv2.ListenerCondition.httpHeader('X-Origin-Secret', ['s3cr3t']);

  test('allow only some requests, such as those of a CDN', () => {
    service(existingVpc(stack), Ingress.internetFacing({ conditions: [secret] }));
    template().hasResourceProperties(LISTENER, { DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '403' } }] });
    template().hasResourceProperties(RULE, {
      Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Origin-Secret', Values: ['s3cr3t'] } }],
      Actions: [{ Type: 'forward', TargetGroupArn: Match.anyValue() }],
    });
  });

  test('also apply while traffic shifts', () => {
    service(existingVpc(stack), Ingress.internetFacing({ conditions: [secret] }), { deploymentStrategy: BLUE_GREEN });
    template().hasResourceProperties(LISTENER, { DefaultActions: [Match.objectLike({ Type: 'fixed-response' })] });
    template().hasResourceProperties(RULE, { Conditions: [Match.objectLike({ Field: 'http-header' })], Actions: [Match.objectLike({ ForwardConfig: Match.anyValue() })] });
  });

  test('also apply to a test listener', () => {
    service(existingVpc(stack), Ingress.internetFacing({ conditions: [secret], testListenerPort: 8443 }), { deploymentStrategy: BLUE_GREEN });
    template().allResourcesProperties(LISTENER, { DefaultActions: [Match.objectLike({ Type: 'fixed-response' })] });
    template().allResourcesProperties(RULE, { Conditions: [Match.objectLike({ Field: 'http-header' })] });
  });

  test.each<[string, elbv2.ListenerCondition[], string]>([
    ['more values than a rule can have', [
      elbv2.ListenerCondition.sourceIps(['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16']), elbv2.ListenerCondition.httpRequestMethods(['GET', 'HEAD', 'POST']),
    ], 'conditions have 6 values (10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16, GET, HEAD, POST): a listener rule allows 5'],
    ['more values than a rule can have, even if they are tokens', [
      elbv2.ListenerCondition.sourceIps(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => Fn.importValue(name))),
    ], 'conditions have 6 values (a token, a token, a token, a token, a token, a token): a listener rule allows 5'],
    ['more wildcards than a rule can have', [
      elbv2.ListenerCondition.hostHeaders(['*.*.example.com', '?.example.com']), elbv2.ListenerCondition.pathPatterns(['/*/a/*', '/*/b/*']),
    ], 'conditions have 7 wildcards: a listener rule allows 6'],
    ['a query string twice', [
      elbv2.ListenerCondition.queryStrings([{ key: 'v', value: '1' }, { key: 'v', value: '1' }]),
    ], 'conditions: queryStrings lists {"key":"v","value":"1"} twice'],
    ['a pattern that can match no path, in the short form of ELB', [
      custom({ field: 'path-pattern', values: ['orders'] }),
    ], 'conditions: pathPatterns "orders" matches no path: begin it with a slash or a wildcard, such as /orders/*'],
    ['an empty list in the short form of ELB', [custom({ field: 'path-pattern', values: [] })], 'conditions: pathPatterns has no values: pass at least one'],
    ['two conditions of a kind that a rule can have only once', [
      elbv2.ListenerCondition.sourceIps(['10.0.0.0/16']), elbv2.ListenerCondition.sourceIps(['10.1.0.0/16']),
    ], 'conditions contain more than one source-ip condition: combine the values in one condition'],
    ['an empty list of conditions', [], 'conditions is empty: leave it out to send all requests to the service'],
    ['an empty value', [elbv2.ListenerCondition.httpHeader('X-Secret', [''])], 'conditions have the value "": pass 1 to 128 characters'],
    ...['10.0.0.1', '10.0.0.0/33', '10.0.0.*', '2001:db8::/129', '2001:db8::', 'example.com/24', '10.0.0.0/x', '10.0.0.0/'].map((cidr): any => [
      `a source IP that is not a CIDR block: ${cidr}`, [elbv2.ListenerCondition.sourceIps(['10.0.0.0/8', cidr])],
      `conditions: sourceIps "${cidr}" is not a CIDR block: pass an address with a prefix length, such as 10.0.0.1/32`,
    ]),
    ...['get', 'GET POST', '*', 'M'.repeat(41)].map((method): any => [
      `a request method that ELB does not accept: ${method}`, [elbv2.ListenerCondition.httpRequestMethods(['GET', method])],
      `conditions: httpRequestMethods "${method}" is not a method: pass 1 to 40 uppercase letters, hyphens, and underscores`,
    ]),
  ])('cannot be %s', (_, conditions, message) => {
    expect(() => Ingress.internetFacing({ conditions })).toThrow(new Error(`Ingress.internetFacing: ${message}`));
  });

  test.each<[string, elbv2.ListenerCondition]>([
    ['IPv4, IPv6, and all addresses', elbv2.ListenerCondition.sourceIps(['10.0.0.1/32', '2001:db8::/48', '0.0.0.0/0', '::/0'])],
    ['standard and custom methods', elbv2.ListenerCondition.httpRequestMethods(['GET', 'M-SEARCH', 'MY_METHOD', 'M'.repeat(40)])],
    ['source IPs that are tokens', elbv2.ListenerCondition.sourceIps([Fn.importValue('office')])],
    ['a list of source IPs that is a token', elbv2.ListenerCondition.sourceIps(Fn.split(',', Fn.importValue('offices')))],
    ['a list of methods that is a token', elbv2.ListenerCondition.httpRequestMethods(Fn.split(',', Fn.importValue('methods')))],
    ['as many wildcards as a rule can have', elbv2.ListenerCondition.pathPatterns(['/*/*/*', '/?/?/?'])],
    ['a query string that contains literal asterisks', elbv2.ListenerCondition.queryStrings([{ value: '\\*'.repeat(7) }])],
    ['regular expressions', custom({ field: 'http-header', httpHeaderConfig: { httpHeaderName: 'User-Agent', regexValues: ['^.*(Chrome|Safari)[*]*.*.*.*.*$'] } })],
    ['regular expressions in the short form of ELB', custom({ field: 'path-pattern', regexValues: ['^/v[0-9]+/'] })],
    ['source IPs that the CDK CLI looks up later', elbv2.ListenerCondition.sourceIps(['dummy-value-for-/offices/berlin'])],
  ])('can be %s', (_, condition) => {
    expect(() => Ingress.internetFacing({ conditions: [condition] })).not.toThrow();
  });

  test('can match several headers', () => {
    expect(() => Ingress.internetFacing({
      conditions: [elbv2.ListenerCondition.httpHeader('X-One', ['1']), elbv2.ListenerCondition.httpHeader('X-Two', ['2'])],
    })).not.toThrow();
  });
});

describe('a test listener', () => {
  test('forwards to the tasks that ECS selects, and allows no clients by default', () => {
    const ingress = Ingress.internetFacing({ certificate: certificate(), testListenerPort: 8443 });
    const api = service(existingVpc(stack), ingress, { deploymentStrategy: BLUE_GREEN });
    const logicalId = (construct: elbv2.IApplicationListener) => stack.getLogicalId(construct.node.defaultChild as CfnElement);
    template().hasResourceProperties(LISTENER, { Port: 8443, Protocol: 'HTTPS', Certificates: [Match.anyValue()] });
    const rules = Object.entries(template().findResources(RULE));
    expect(rules).toHaveLength(2);
    const [testRule] = rules.find(([, { Properties }]) => Properties.ListenerArn.Ref === logicalId(api.testListener!))!;
    template().hasResourceProperties('AWS::ECS::Service', {
      LoadBalancers: [Match.objectLike({ AdvancedConfiguration: Match.objectLike({ TestListenerRule: { Ref: testRule } }) })],
    });
    expect(JSON.stringify(template().findResources('AWS::EC2::SecurityGroup'))).not.toContain('8443');
  });

  test('can be reached by clients that its connections allow', () => {
    const api = service(existingVpc(stack), Ingress.internetFacing({ testListenerPort: 8443 }), { deploymentStrategy: BLUE_GREEN });
    api.testListener!.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.1.0.0/16'));
    template().hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: Match.arrayWith([Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 8443, ToPort: 8443 })]),
    });
  });

  test('is refused for rolling deployments', () => {
    expect(() => service(existingVpc(stack), Ingress.internetFacing({ testListenerPort: 8443 }))).toThrow(new Error(
      'ingress testListenerPort 8443 needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN (at Web/Api)'));
  });

  test.each<[LoadBalancerIngressOptions, string]>([
    [{ testListenerPort: 80 }, 'testListenerPort 80 is taken by the production listener'],
    [{ testListenerPort: 8080, listenerPort: 8080 }, 'testListenerPort 8080 is taken by the production listener'],
    [{ testListenerPort: 0 }, 'testListenerPort 0 is not a port: pass 1 to 65535'],
  ])('is refused on an unavailable port: %j', (options, message) => {
    expect(() => Ingress.internetFacing(options)).toThrow(new Error(`Ingress.internetFacing: ${message}`));
  });

  test('is refused on the port of the redirect', () => {
    expect(() => Ingress.internetFacing({ certificate: certificate(), testListenerPort: 80 })).toThrow(new Error(
      'Ingress.internetFacing: testListenerPort 80 is taken by the redirect to HTTPS'));
  });
});

describe('synthesis refuses a setting that ELB would refuse, with its property and value:', () => {
  test.each<[string, LoadBalancerIngressOptions]>([
    ['idleTimeout 0 seconds is not a whole number of seconds from 1 to 4000', { idleTimeout: Duration.seconds(0) }],
    ['idleTimeout 2 hours is not a whole number of seconds from 1 to 4000', { idleTimeout: Duration.hours(2) }],
    ['deregistrationDelay 2 hours is not a whole number of seconds from 0 to 3600', { deregistrationDelay: Duration.hours(2) }],
    ['slowStart 10 seconds is not a whole number of seconds from 30 to 900', { slowStart: Duration.seconds(10) }],
    ['stickinessCookieDuration 8 days is not a whole number of seconds from 1 to 604800', { stickinessCookieDuration: Duration.days(8) }],
    ['stickinessCookieDuration 1 second 500 millis is not a whole number of seconds from 1 to 604800', { stickinessCookieDuration: Duration.millis(1500) }],
    ['healthCheck.interval 4 seconds is not a whole number of seconds from 5 to 300', { healthCheck: { interval: Duration.seconds(4) } }],
    ['healthCheck.timeout 2 minutes 1 second is not a whole number of seconds from 2 to 120', { healthCheck: { timeout: Duration.seconds(121) } }],
    ['healthCheck.timeout 10 seconds is not less than healthCheck.interval 10 seconds',
      { healthCheck: { interval: Duration.seconds(10), timeout: Duration.seconds(10) } }],
    ['healthCheck.interval 5 seconds is not longer than the default timeout of 5 seconds: pass a shorter healthCheck.timeout',
      { healthCheck: { interval: Duration.seconds(5) } }],
    ['healthCheck.healthyThresholdCount 1 is not a whole number from 2 to 10', { healthCheck: { healthyThresholdCount: 1 } }],
    ['healthCheck.unhealthyThresholdCount 11 is not a whole number from 2 to 10', { healthCheck: { unhealthyThresholdCount: 11 } }],
    ['healthCheck.path "health" does not begin with a slash', { healthCheck: { path: 'health' } }],
    ['healthCheck.protocol TCP is not HTTP or HTTPS', { healthCheck: { protocol: elbv2.Protocol.TCP } }],
    ...['200-599', '199', '500', '299-200', '2xx', '', '200,', '200-', 'OK', '200-299-399'].map((healthyHttpCodes): any => [
      `healthCheck.healthyHttpCodes "${healthyHttpCodes}" is not a list of HTTP codes from 200 to 499: pass codes and ranges, such as "200,301-302"`,
      { healthCheck: { healthyHttpCodes } },
    ]),
    ['healthCheck.healthyGrpcCodes "0" needs gRPC, but the load balancer speaks HTTP to the tasks: pass healthyHttpCodes',
      { healthCheck: { healthyGrpcCodes: '0' } }],
    ...['http', '0', '65536', '', '80.5', '-1', '0x50'].map((port): any => [
      `healthCheck.port "${port}" is not a port: pass "traffic-port" or 1 to 65535`, { healthCheck: { port } },
    ]),
    ['healthCheck.enabled false is not possible: a load balancer always checks IP targets', { healthCheck: { enabled: false } }],
  ])('%s', (message, options) => {
    expect(() => Ingress.internalOnly(options)).toThrow(new Error(`Ingress.internalOnly: ${message}`));
  });

  test.each<elbv2.HealthCheck>([
    { healthyHttpCodes: '200' },
    { healthyHttpCodes: '200,204,301-399,499' },
    { healthyHttpCodes: '200, 404' },
    { healthyHttpCodes: Fn.importValue('codes') },
    { healthyHttpCodes: `200,${Fn.importValue('code')}` },
    { healthyHttpCodes: 'dummy-value-for-/shop/codes' },
    { port: 'traffic-port' },
    { port: '1' },
    { port: '65535' },
    { port: Fn.importValue('port') },
    { port: 'dummy-value-for-/shop/port' },
  ])('but accepts this health check: %j', (healthCheck) => {
    expect(() => Ingress.internalOnly({ healthCheck })).not.toThrow();
  });

  test('but accepts the limits themselves', () => {
    expect(() => Ingress.internalOnly({
      idleTimeout: Duration.seconds(4000),
      deregistrationDelay: Duration.seconds(0),
      slowStart: Duration.seconds(900),
      stickinessCookieDuration: Duration.days(7),
      healthCheck: { interval: Duration.seconds(300), timeout: Duration.seconds(120), healthyThresholdCount: 10 },
    })).not.toThrow();
  });
});
