import { App, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress } from '../../src';
import { conditional } from '../util/conditional';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

const SERVICE = 'AWS::ECS::Service';
const { BLUE_GREEN } = ecs.DeploymentStrategy;
/** Strategies that only newer versions of aws-cdk-lib define. */
const LINEAR = 'LINEAR' as ecs.DeploymentStrategy;
const CANARY = 'CANARY' as ecs.DeploymentStrategy;
const SHIFTING = [BLUE_GREEN, LINEAR, CANARY];

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  vpc = existingVpc(stack);
});

function service(props: GuardedFargateServiceOptions = {}): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), ...(props.cluster ? {} : { vpc }), ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

function configuration(): any {
  const [{ Properties }] = Object.values(template().findResources(SERVICE));
  return Properties.DeploymentConfiguration;
}

describe('the bake time', () => {
  test.each(SHIFTING)('is explicitly 0 by default with %s, because CloudFormation would wait 36 hours', (deploymentStrategy) => {
    service({ deploymentStrategy, ingress: Ingress.internalOnly() });
    expect(configuration()).toMatchObject({ Strategy: deploymentStrategy, BakeTimeInMinutes: 0 });
  });

  test.each(SHIFTING)('is the given time with %s', (deploymentStrategy) => {
    service({ deploymentStrategy, ingress: Ingress.internalOnly(), bakeTime: Duration.minutes(5) });
    expect(configuration().BakeTimeInMinutes).toBe(5);
  });

  test('is absent in rolling deployments', () => {
    service({ ingress: Ingress.internalOnly() });
    expect(configuration()).not.toHaveProperty('BakeTimeInMinutes');
  });
});

describe('the circuit breaker', () => {
  test.each(SHIFTING)('is also on with %s, because ECS supports it there', (deploymentStrategy) => {
    service({ deploymentStrategy, ingress: Ingress.internalOnly() });
    expect(configuration().DeploymentCircuitBreaker).toEqual({ Enable: true, Rollback: true });
  });
});

describe('a deployment that shifts traffic in steps', () => {
  test('can shift a first share, and the rest after the bake time', () => {
    service({ deploymentStrategy: CANARY, ingress: Ingress.internalOnly(), canaryPercent: 12.5, canaryBakeTime: Duration.minutes(15) });
    expect(configuration().CanaryConfiguration).toEqual({ CanaryPercent: 12.5, CanaryBakeTimeInMinutes: 15 });
  });

  test('can shift equal shares', () => {
    service({ deploymentStrategy: LINEAR, ingress: Ingress.internalOnly(), linearStepPercent: 20, linearStepBakeTime: Duration.minutes(0) });
    expect(configuration().LinearConfiguration).toEqual({ StepPercent: 20, StepBakeTimeInMinutes: 0 });
  });

  test('uses the shares and times of ECS by default', () => {
    service({ deploymentStrategy: CANARY, ingress: Ingress.internalOnly() });
    expect(configuration()).not.toHaveProperty('CanaryConfiguration');
  });

  test('accepts tokens', () => {
    const canaryPercent = new CfnParameter(stack, 'Percent', { type: 'Number' }).valueAsNumber;
    service({ deploymentStrategy: CANARY, ingress: Ingress.internalOnly(), canaryPercent });
    expect(configuration().CanaryConfiguration).toEqual({ CanaryPercent: { Ref: 'Percent' } });
  });
});

test('target groups with stickiness make the rule sticky too, because ELB otherwise refuses the weights', () => {
  service({ deploymentStrategy: BLUE_GREEN, ingress: Ingress.internalOnly({ stickinessCookieDuration: Duration.hours(1) }) });
  template().hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
    Actions: [{ ForwardConfig: Match.objectLike({ TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 3600 } }) }],
  });
});

test('a service exposes both target groups', () => {
  const { targetGroup, alternateTargetGroup } = service({ deploymentStrategy: BLUE_GREEN, ingress: Ingress.internalOnly() });
  template().hasResourceProperties(SERVICE, {
    LoadBalancers: [Match.objectLike({
      TargetGroupArn: stack.resolve(targetGroup!.targetGroupArn),
      AdvancedConfiguration: Match.objectLike({ AlternateTargetGroupArn: stack.resolve(alternateTargetGroup!.targetGroupArn) }),
    })],
  });
});

describe('the grace period of health checks', () => {
  const attachNetworkLoadBalancer = ({ ecsService }: GuardedFargateService) => {
    const loadBalancer = new elbv2.NetworkLoadBalancer(stack, 'Nlb', { vpc });
    const targetGroup = new elbv2.NetworkTargetGroup(stack, 'Targets', { vpc, port: 8080, targetType: elbv2.TargetType.IP });
    loadBalancer.addListener('Listener', { port: 80, defaultTargetGroups: [targetGroup] });
    ecsService.attachToNetworkTargetGroup(targetGroup);
  };

  test('is accepted if a load balancer is attached later', () => {
    attachNetworkLoadBalancer(service({ healthCheckGracePeriod: Duration.minutes(2), containerPort: 8080 }));
    template().hasResourceProperties(SERVICE, { HealthCheckGracePeriodSeconds: 120, LoadBalancers: [Match.anyValue()] });
  });

  test('is accepted if the container has a health check', () => {
    service({ healthCheckGracePeriod: Duration.minutes(2), healthCheck: { command: ['CMD', '/healthy'] } });
    template().hasResourceProperties(SERVICE, { HealthCheckGracePeriodSeconds: 120 });
  });

  test('is accepted if an escape hatch adds the load balancer', () => {
    const { ecsService } = service({ healthCheckGracePeriod: Duration.minutes(2) });
    (ecsService.node.findChild('Service') as ecs.CfnService).addPropertyOverride('LoadBalancers', [
      { ContainerName: 'app', ContainerPort: 80, TargetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef' },
    ]);
    expect(() => app.synth()).not.toThrow();
  });

  test('is refused at synthesis if there is no health check', () => {
    service({ healthCheckGracePeriod: Duration.minutes(2) });
    expect(() => app.synth()).toThrow('[Web/Api] healthCheckGracePeriod is set, but the service has no health checks: ' +
      'pass an ingress other than Ingress.none(), attach a load balancer to ecsService, or pass a healthCheck');
  });
});

describe('Cloud Map', () => {
  const namespace = () => servicediscovery.PrivateDnsNamespace.fromPrivateDnsNamespaceAttributes(stack, 'Namespace', {
    namespaceName: 'internal', namespaceId: 'ns-1', namespaceArn: 'arn:aws:servicediscovery:eu-west-1:111111111111:namespace/ns-1',
  });
  const message = 'cloudMapOptions conflicts with deploymentStrategy BLUE_GREEN, because ECS cannot shift traffic in Cloud Map: ' +
    'use Service Connect, or pass ROLLING';

  test('is refused if deployments shift traffic', () => {
    const cloudMapOptions = { name: 'api', cloudMapNamespace: namespace() };
    expect(() => service({ deploymentStrategy: BLUE_GREEN, cloudMapOptions })).toThrow(new Error(`${message} (at Web/Api)`));
  });

  test('is refused at synthesis if it is enabled later', () => {
    service({ deploymentStrategy: BLUE_GREEN }).ecsService.enableCloudMap({ name: 'api', cloudMapNamespace: namespace() });
    expect(() => app.synth()).toThrow(`[Web/Api] ${message}`);
  });

  test('is accepted with rolling deployments', () => {
    service({ cloudMapOptions: { name: 'api', cloudMapNamespace: namespace() } });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('capacity', () => {
  const SPOT = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }];

  test('that a cluster of this app does not offer is refused at synthesis', () => {
    service({ cluster: new ecs.Cluster(stack, 'Cluster', { vpc }), capacityProviderStrategies: SPOT });
    expect(() => app.synth()).toThrow('[Web/Api] capacityProviderStrategies needs FARGATE_SPOT, which cluster Web/Cluster does not offer: ' +
      'pass enableFargateCapacityProviders: true to the cluster');
  });

  test('that a cluster of this app offers is accepted, even if it is enabled later', () => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
    service({ cluster, capacityProviderStrategies: SPOT });
    cluster.enableFargateCapacityProviders();
    expect(() => app.synth()).not.toThrow();
  });

  test('that an L1 resource in the app offers is accepted', () => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
    service({ cluster, capacityProviderStrategies: SPOT });
    new ecs.CfnClusterCapacityProviderAssociations(stack, 'Offers', {
      cluster: cluster.clusterName, capacityProviders: ['FARGATE_SPOT'], defaultCapacityProviderStrategy: [],
    });
    expect(() => app.synth()).not.toThrow();
  });

  test.each<[string, (resource: ecs.CfnCluster) => void]>([
    ['a list', (resource) => resource.addPropertyOverride('CapacityProviders', ['FARGATE_SPOT'])],
    ['an intrinsic function', (resource) => resource.addPropertyOverride('CapacityProviders', conditional(stack, ['FARGATE_SPOT']))],
    ['a list token', (resource) => { resource.capacityProviders = Fn.split(',', Fn.importValue('Providers')); }],
  ])('that an escape hatch sets as %s is accepted', (_, set) => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
    set(cluster.node.defaultChild as ecs.CfnCluster);
    service({ cluster, capacityProviderStrategies: SPOT });
    expect(() => app.synth()).not.toThrow();
  });

  test('of an imported cluster is accepted', () => {
    service({ cluster: ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp', vpc }), capacityProviderStrategies: SPOT });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('task placement', () => {
  test('is balanced across zones if requested', () => {
    service({ availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED });
    template().hasResourceProperties(SERVICE, { AvailabilityZoneRebalancing: 'ENABLED' });
  });

  test('can be restricted to a platform version', () => {
    service({ platformVersion: ecs.FargatePlatformVersion.VERSION1_4 });
    template().hasResourceProperties(SERVICE, { PlatformVersion: '1.4.0' });
  });

  test('is left to ECS by default', () => {
    service();
    template().hasResourceProperties(SERVICE, { PlatformVersion: Match.absent(), AvailabilityZoneRebalancing: Match.absent() });
  });
});

describe('ECS Exec', () => {
  const warnings = () => Annotated.fromStack(stack).findWarning('*', Match.stringLikeRegexp('shellInReadOnlyContainer'));

  test('with a read-only file system causes a warning, because the agent cannot write', () => {
    service({ enableExecuteCommand: true, readonlyRootFilesystem: true });
    expect(warnings()).toHaveLength(1);
  });

  test.each([{ enableExecuteCommand: true }, { readonlyRootFilesystem: true }])('causes no warning with %j', (props) => {
    service(props);
    expect(warnings()).toEqual([]);
  });
});
