import { App, CfnElement, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, LoadBalancerIngressOptions } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc, PRIVATE_SUBNETS, PUBLIC_SUBNETS, VPC_ID } from '../util/network';
import { ReferenceGraph } from '../util/reference-graph';
import { testApp } from '../util/synth';

const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule';
const TARGET_GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';
const CERTIFICATE_ARN = 'arn:aws:acm:eu-west-1:111111111111:certificate/abc';

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;
let certificate: acm.ICertificate;
let domainZone: route53.IHostedZone;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  vpc = existingVpc(stack);
  certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE_ARN);
  domainZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
});

function service(ingress?: Ingress, props: GuardedFargateServiceOptions = {}, id = 'Service'): GuardedFargateService {
  return new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), vpc, ingress, ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

const dnsName = { 'Fn::GetAtt': [Match.stringLikeRegexp('^ServiceLoadBalancer'), 'DNSName'] };

describe('a service without ingress', () => {
  test.each([['by default', undefined], ['with Ingress.none', Ingress.none()]])('has no load balancer, %s', (_, ingress) => {
    const { loadBalancer, listener, targetGroup, url } = service(ingress);
    expect([loadBalancer, listener, targetGroup, url]).toEqual([undefined, undefined, undefined, undefined]);
    for (const type of [LOAD_BALANCER, LISTENER, TARGET_GROUP]) template().resourceCountIs(type, 0);
    template().hasResourceProperties('AWS::ECS::Service', { LoadBalancers: Match.absent(), HealthCheckGracePeriodSeconds: Match.absent() });
    expect(JSON.stringify(template().findOutputs('*'))).not.toContain('URL of the service');
  });
});

describe.each(['internetFacing', 'internalOnly'] as const)('Ingress.%s', (kind) => {
  const ingress = (options?: LoadBalancerIngressOptions) => Ingress[kind](options);

  test('creates a load balancer with the right inbound rules, which drops invalid headers', () => {
    service(ingress());
    template().hasResourceProperties(LOAD_BALANCER, {
      Scheme: kind === 'internetFacing' ? 'internet-facing' : 'internal',
      Type: 'application',
      Subnets: kind === 'internetFacing' ? PUBLIC_SUBNETS : PRIVATE_SUBNETS,
      LoadBalancerAttributes: Match.arrayWith([{ Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' }]),
    });
  });

  test('exposes the created constructs', () => {
    const { loadBalancer, listener, targetGroup } = service(ingress());
    expect(loadBalancer).toBeInstanceOf(elbv2.ApplicationLoadBalancer);
    expect(listener).toBeInstanceOf(elbv2.ApplicationListener);
    expect(targetGroup).toBeInstanceOf(elbv2.ApplicationTargetGroup);
  });

  test('sends requests to the port of the container', () => {
    service(ingress(), { containerPort: 8080 });
    template().hasResourceProperties('AWS::ECS::Service', {
      LoadBalancers: [{ ContainerName: 'app', ContainerPort: 8080, TargetGroupArn: { Ref: Match.stringLikeRegexp('TargetGroup') } }],
    });
    template().hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 8080, ToPort: 8080 });
  });

  test('forwards to tasks by their IP addresses, over HTTP', () => {
    service(ingress());
    template().hasResourceProperties(TARGET_GROUP, { TargetType: 'ip', Protocol: 'HTTP', VpcId: VPC_ID });
    template().hasResourceProperties(LISTENER, {
      DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: Match.stringLikeRegexp('TargetGroup') } }],
    });
  });

  test('is plain HTTP on port 80 by default', () => {
    const { url } = service(ingress());
    template().resourceCountIs(LISTENER, 1);
    template().hasResourceProperties(LISTENER, { Port: 80, Protocol: 'HTTP', Certificates: Match.absent(), SslPolicy: Match.absent() });
    expect(stack.resolve(url)).toEqual({ 'Fn::Join': ['', ['http://', { 'Fn::GetAtt': [expect.any(String), 'DNSName'] }]] });
  });

  test('with a certificate is HTTPS on port 443 with a current policy, and redirects from HTTP', () => {
    const { url } = service(ingress({ certificate }));
    template().resourceCountIs(LISTENER, 2);
    template().hasResourceProperties(LISTENER, {
      Port: 443,
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: CERTIFICATE_ARN }],
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    });
    template().hasResourceProperties(LISTENER, {
      Port: 80,
      DefaultActions: [{ Type: 'redirect', RedirectConfig: { Port: '443', Protocol: 'HTTPS', StatusCode: 'HTTP_301' } }],
    });
    expect(stack.resolve(url)).toEqual({ 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.any(String), 'DNSName'] }]] });
  });

  test('creates the redirect only after the HTTPS listener', () => {
    service(ingress({ certificate }));
    template().hasResource(LISTENER, {
      Properties: { Port: 80 },
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('HttpsListener')]),
    });
  });

  test('never has two listeners on one port when the certificate is added or removed', () => {
    const listeners = (withCertificate: boolean) => {
      const own = new Stack(testApp(), 'Web');
      const options = withCertificate ? { certificate: acm.Certificate.fromCertificateArn(own, 'Certificate', CERTIFICATE_ARN) } : {};
      new GuardedFargateService(own, 'Service', { guard: anyGuard(own), ingress: ingress(options) });
      const found = Object.entries(Template.fromStack(own).findResources(LISTENER));
      return Object.fromEntries(found.map(([logicalId, { Properties }]) => [Properties.Port, logicalId]));
    };
    const [plain, secure] = [listeners(false), listeners(true)];
    expect(Object.keys(plain)).toEqual(['80']);
    expect(Object.keys(secure)).toEqual(['80', '443']);
    expect(secure[80]).toBe(plain[80]);
  });

  test('does not redirect if disabled', () => {
    service(ingress({ certificate, redirectHTTP: false }));
    template().resourceCountIs(LISTENER, 1);
  });

  test('does not redirect from port 80 if it listens on that port', () => {
    const { url } = service(ingress({ certificate, listenerPort: 80 }));
    template().resourceCountIs(LISTENER, 1);
    template().hasResourceProperties(LISTENER, { Port: 80, Protocol: 'HTTPS' });
    expect(JSON.stringify(stack.resolve(url))).toContain(':80"');
  });

  test.each([
    [{}, 8080, 'http://', ':8080'],
    [{ withCertificate: true }, 8443, 'https://', ':8443'],
  ])('listens on another port, which the URL contains: %j %d', ({ withCertificate }: { withCertificate?: boolean }, listenerPort, scheme, port) => {
    const { url } = service(ingress({ listenerPort, certificate: withCertificate ? certificate : undefined }));
    template().hasResourceProperties(LISTENER, { Port: listenerPort });
    expect(stack.resolve(url)).toEqual({ 'Fn::Join': ['', [scheme, { 'Fn::GetAtt': [expect.any(String), 'DNSName'] }, port]] });
  });

  test('allows inbound traffic from anywhere, unless disabled', () => {
    service(ingress());
    service(ingress({ openListener: false }), {}, 'Closed');
    const open = (id: string) => Object.entries(template().findResources('AWS::EC2::SecurityGroup'))
      .find(([logicalId]) => logicalId.startsWith(`${id}LoadBalancerSecurityGroup`))![1].Properties.SecurityGroupIngress;
    expect(open('Service')).toEqual([expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 80, ToPort: 80 })]);
    expect(open('Closed')).toBeUndefined();
  });

  test('with a certificate and a closed listener has a closed redirect too', () => {
    service(ingress({ certificate, openListener: false }));
    expect(JSON.stringify(template().findResources('AWS::EC2::SecurityGroup'))).not.toContain('SecurityGroupIngress');
  });

  test('passes on the health check and the durations', () => {
    service(ingress({
      healthCheck: { path: '/healthz', healthyHttpCodes: '204' },
      deregistrationDelay: Duration.seconds(10),
      slowStart: Duration.seconds(30),
      stickinessCookieDuration: Duration.hours(1),
      idleTimeout: Duration.seconds(120),
    }));
    template().hasResourceProperties(TARGET_GROUP, {
      HealthCheckPath: '/healthz',
      Matcher: { HttpCode: '204' },
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'deregistration_delay.timeout_seconds', Value: '10' },
        { Key: 'slow_start.duration_seconds', Value: '30' },
        { Key: 'stickiness.lb_cookie.duration_seconds', Value: '3600' },
      ]),
    });
    template().hasResourceProperties(LOAD_BALANCER, {
      LoadBalancerAttributes: Match.arrayWith([{ Key: 'idle_timeout.timeout_seconds', Value: '120' }]),
    });
  });

  test('with a domain name and its zone adds a record, and the URL contains the name', () => {
    const { url } = service(ingress({ certificate, domainName: 'api.example.com', domainZone }));
    expect(url).toBe('https://api.example.com');
    template().hasResourceProperties('AWS::Route53::RecordSet', { Name: 'api.example.com.', Type: 'A', HostedZoneId: 'Z1' });
  });

  test.each<[string, () => LoadBalancerIngressOptions, string]>([
    ['a domain name without a zone', () => ({ domainName: 'api.example.com' }), 'domainName api.example.com needs a domainZone'],
    ['a domain name that is a token', () => ({ domainName: Fn.importValue('name') }), 'domainName needs a domainZone'],
    ['a zone without a domain name', () => ({ domainZone }), 'domainZone Web/Zone needs a domainName'],
    ['a zone with only an ID', () => ({ domainZone: route53.HostedZone.fromHostedZoneId(stack, 'ById', 'Z1') }),
      'domainZone Web/ById needs a domainName'],
  ])('refuses %s', (_, options, message) => {
    expect(() => ingress(options())).toThrow(new Error(`Ingress.${kind}: ${message}`));
  });

  test('waits for the guard, even with an explicit VPC and cluster', () => {
    service(ingress({ certificate }));
    const graph = new ReferenceGraph(app.synth());
    for (const resource of graph.resources(LOAD_BALANCER, LISTENER)) {
      expect([...graph.before(resource)].map(({ type }) => type)).toContain('Custom::ImageGuard');
    }
  });

  test.each([0, -1, 65536, 80.5, NaN])('refuses the port %p with its name and the value', (listenerPort) => {
    expect(() => ingress({ listenerPort })).toThrow(new Error(`Ingress.${kind}: listenerPort ${listenerPort} is not a port: pass 1 to 65535`));
  });

  test('refuses to redirect without a certificate', () => {
    expect(() => ingress({ redirectHTTP: true }))
      .toThrow(new Error(`Ingress.${kind}: redirectHTTP true needs a certificate for HTTPS`));
  });

  test('refuses to redirect from the port that it listens on', () => {
    expect(() => ingress({ redirectHTTP: true, certificate, listenerPort: 80 }))
      .toThrow(new Error(`Ingress.${kind}: redirectHTTP true needs port 80, but listenerPort 80 uses it`));
  });

  test('accepts a port that is a token', () => {
    const { url } = service(ingress({ listenerPort: new CfnParameter(stack, 'Port', { type: 'Number' }).valueAsNumber }));
    template().hasResourceProperties(LISTENER, { Port: { Ref: 'Port' } });
    expect(stack.resolve(url)).toEqual({ 'Fn::Join': ['', ['http://', { 'Fn::GetAtt': [expect.any(String), 'DNSName'] }, ':', { Ref: 'Port' }]] });
  });

  test('accepts a port that is a token, with a certificate and a redirect to it', () => {
    service(ingress({ certificate, listenerPort: new CfnParameter(stack, 'Port', { type: 'Number' }).valueAsNumber }));
    template().hasResourceProperties(LISTENER, {
      Port: 80,
      DefaultActions: [{ Type: 'redirect', RedirectConfig: { Port: { Ref: 'Port' } } }],
    });
  });

  test('is in the outputs of the stack', () => {
    service(ingress());
    template().hasOutput('*', { Description: 'URL of the service', Value: { 'Fn::Join': ['', ['http://', dnsName]] } });
  });
});

describe('Ingress.onListener', () => {
  let listener: elbv2.ApplicationListener;

  beforeEach(() => {
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Shared', { vpc });
    listener = loadBalancer.addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) });
  });

  test('adds a rule to the listener, and neither a load balancer nor a listener', () => {
    const { loadBalancer, targetGroup, url, ...rest } = service(Ingress.onListener(listener, {
      priority: 10, hostPatterns: ['api.example.com'], pathPatterns: ['/v1/*', '/v2/*'],
    }));
    expect([loadBalancer, url]).toEqual([undefined, undefined]);
    expect(rest.listener).toBe(listener);
    template().resourceCountIs(LOAD_BALANCER, 1);
    template().resourceCountIs(LISTENER, 1);
    template().hasResourceProperties(RULE, {
      Priority: 10,
      ListenerArn: stack.resolve(listener.listenerArn),
      Actions: [{ Type: 'forward', TargetGroupArn: stack.resolve(targetGroup!.targetGroupArn) }],
      Conditions: [
        { Field: 'host-header', HostHeaderConfig: { Values: ['api.example.com'] } },
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/v1/*', '/v2/*'] } },
      ],
    });
  });

  test.each([
    [{ hostPatterns: ['a.example.com'] }, ['host-header']],
    [{ pathPatterns: ['/a'] }, ['path-pattern']],
    [{ hostPatterns: ['a.example.com'], pathPatterns: [] }, ['host-header']],
  ])('has exactly the given conditions: %j', (patterns, fields) => {
    service(Ingress.onListener(listener, { priority: 1, ...patterns }));
    template().hasResourceProperties(RULE, { Conditions: fields.map((Field) => Match.objectLike({ Field })) });
  });

  test('serves several services', () => {
    service(Ingress.onListener(listener, { priority: 1, pathPatterns: ['/a'] }), {}, 'A');
    service(Ingress.onListener(listener, { priority: 2, pathPatterns: ['/b'] }), {}, 'B');
    template().resourceCountIs(RULE, 2);
    template().resourceCountIs('AWS::ECS::Service', 2);
  });

  test('passes on the options of the target group', () => {
    service(Ingress.onListener(listener, { priority: 1, pathPatterns: ['/a'], healthCheck: { path: '/healthz' } }));
    template().hasResourceProperties(TARGET_GROUP, { HealthCheckPath: '/healthz' });
  });

  test('makes the service wait for its rule, because ECS refuses a target group without a rule', () => {
    service(Ingress.onListener(listener, { priority: 1, pathPatterns: ['/a'] }));
    const graph = new ReferenceGraph(app.synth());
    const [ecsService] = graph.resources('AWS::ECS::Service');
    expect([...graph.before(ecsService)].map(({ type }) => type)).toContain(RULE);
  });

  test('accepts an imported listener', () => {
    const imported = elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, 'Imported', {
      listenerArn: 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2',
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-00000001'),
    });
    service(Ingress.onListener(imported, { priority: 1, pathPatterns: ['/a'] }));
    template().hasResourceProperties(RULE, { ListenerArn: 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2' });
  });

  describe('with a listener that each stack imports separately', () => {
    const imported = (scope: Construct, name = 'shared') => elbv2.ApplicationListener.fromApplicationListenerAttributes(scope, 'Imported', {
      listenerArn: `arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/${name}/1/2`,
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(scope, 'Group', 'sg-00000001'),
    });
    const serviceAt = (scope: Stack, name?: string) => new GuardedFargateService(scope, 'Service', {
      guard: anyGuard(scope),
      vpc: existingVpc(scope),
      ingress: Ingress.onListener(imported(scope, name), { priority: 1, pathPatterns: ['/a'] }),
    });

    test('refuses the same priority', () => {
      serviceAt(new Stack(app, 'One'));
      serviceAt(new Stack(app, 'Two'));
      expect(() => app.synth()).toThrow(
        '[Two/Service] ingress priority 1 at listener arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2 is taken by ' +
        'One/Service/ListenerRule: change one of the priorities');
    });

    test('accepts the same priority at another listener', () => {
      serviceAt(new Stack(app, 'One'));
      serviceAt(new Stack(app, 'Two'), 'other');
      expect(() => app.synth()).not.toThrow();
    });

    test('accepts the same priority in another app', () => {
      serviceAt(new Stack(app, 'One'));
      const other = testApp();
      serviceAt(new Stack(other, 'Two'));
      for (const each of [app, other]) expect(() => each.synth()).not.toThrow();
    });
  });

  test.each([0, -1, 50_001, 1.5, NaN, undefined as any])('refuses the priority %p with its name and the value', (priority) => {
    expect(() => Ingress.onListener(listener, { priority, pathPatterns: ['/a'] }))
      .toThrow(new Error(`Ingress.onListener: priority ${priority} is not a whole number from 1 to 50000`));
  });

  test.each([{}, { hostPatterns: [] }, { hostPatterns: [], pathPatterns: [] }])('refuses a rule that matches everything: %j', (patterns) => {
    expect(() => Ingress.onListener(listener, { priority: 1, ...patterns }))
      .toThrow(new Error('Ingress.onListener: hostPatterns, pathPatterns, and conditions are empty: pass at least one of them'));
  });

  test.each([
    { hostPatterns: ['a.test', 'b.test', 'c.test'], pathPatterns: ['/a', '/b', '/c'] },
    { pathPatterns: ['a.test', 'b.test', 'c.test', '/a', '/b', '/c'] },
  ])('refuses more patterns than a rule can have: %j', (patterns) => {
    expect(() => Ingress.onListener(listener, { priority: 1, ...patterns })).toThrow(new Error(
      'Ingress.onListener: hostPatterns, pathPatterns and conditions have 6 values (a.test, b.test, c.test, /a, /b, /c): ' +
      'a listener rule allows 5'));
  });

  test('accepts as many patterns as a rule can have', () => {
    service(Ingress.onListener(listener, { priority: 1, hostPatterns: ['a.test', 'b.test'], pathPatterns: ['/a', '/b', '/c'] }));
    template().resourceCountIs(RULE, 1);
  });

  test.each<[string, () => ec2.IVpc | undefined, string]>([
    ['created by the app', () => new ec2.Vpc(stack, 'Other'), 'Web/Other'],
    ['imported', () => existingVpc(stack, 'Other', 'vpc-00000002'), 'Web/Other'],
    ['the default VPC', () => undefined, 'Web/PhasedFargateCluster/Vpc'],
  ])('refuses a service in another VPC, which is %s', (_, other, path) => {
    expect(() => service(Ingress.onListener(listener, { priority: 1, pathPatterns: ['/a'] }), { vpc: other() })).toThrow(new Error(
      `ingress listener Web/Shared/Listener is in VPC vpc-00000001, but the cluster is in ${path}: pass a vpc or a cluster that matches ingress listener (at Web/Service)`));
  });

  test('accepts a service in a VPC that may be the same', () => {
    const other = ec2.Vpc.fromVpcAttributes(stack, 'Other', {
      vpcId: Fn.importValue('vpc'), availabilityZones: ['a', 'b'], privateSubnetIds: PRIVATE_SUBNETS,
    });
    expect(() => service(Ingress.onListener(listener, { priority: 1, pathPatterns: ['/a'] }), { vpc: other })).not.toThrow();
  });

  test('accepts a listener that has not been looked up yet', () => {
    stack = new Stack(app, 'Found', { env: { account: '111111111111', region: 'eu-west-1' } });
    vpc = existingVpc(stack);
    const found = elbv2.ApplicationListener.fromLookup(stack, 'Listener', { loadBalancerTags: { shared: 'yes' } });
    service(Ingress.onListener(found, { priority: 1, hostPatterns: ['api.example.com'] }));
    expect(app.synth().manifest.missing).toContainEqual(expect.objectContaining({ provider: 'load-balancer-listener' }));
  });

  test('refuses a listener of another region', () => {
    const place = new Stack(app, 'Place', { env: { account: '111111111111', region: 'us-east-1' } });
    const imported = elbv2.ApplicationListener.fromApplicationListenerAttributes(place, 'Imported', {
      listenerArn: 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2',
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(place, 'Group', 'sg-00000001'),
    });
    expect(() => new GuardedFargateService(place, 'Service', {
      guard: anyGuard(place), vpc: existingVpc(place), ingress: Ingress.onListener(imported, { priority: 1, pathPatterns: ['/a'] }),
    })).toThrow('ingress listener arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/shared/1/2 is in eu-west-1, but the service is in us-east-1');
  });

  test('accepts a priority that is a token', () => {
    const priority = new CfnParameter(stack, 'Priority', { type: 'Number' }).valueAsNumber;
    service(Ingress.onListener(listener, { priority, pathPatterns: ['/a'] }));
    template().hasResourceProperties(RULE, { Priority: { Ref: 'Priority' } });
  });
});

describe('a change of the ingress', () => {
  const ids = (make: (scope: Construct) => Ingress | undefined) => {
    const own = new Stack(testApp(), 'Web');
    const construct = new GuardedFargateService(own, 'Service', { guard: anyGuard(own), vpc: existingVpc(own), ingress: make(own) });
    const logicalId = (at: Construct) => own.getLogicalId(at.node.defaultChild as CfnElement);
    const { ecsService, taskDefinition, logGroup, cluster } = construct;
    return {
      service: own.getLogicalId(ecsService.node.findChild('Service') as CfnElement),
      taskDefinition: logicalId(taskDefinition),
      logGroup: logicalId(logGroup as unknown as Construct),
      cluster: logicalId(cluster as unknown as Construct),
    };
  };

  const withListener = (scope: Construct) => {
    const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'Shared', { vpc: existingVpc(scope, 'SharedVpc') });
    return Ingress.onListener(
      loadBalancer.addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) }), { priority: 1, pathPatterns: ['/'] });
  };

  test.each([
    ['internetFacing', () => Ingress.internetFacing()],
    ['internalOnly', () => Ingress.internalOnly()],
    ['onListener', withListener],
  ])('to %s replaces neither the service nor its task definition, log group, or cluster', (_, make) => {
    expect(ids(make)).toEqual(ids(() => Ingress.none()));
  });
});
