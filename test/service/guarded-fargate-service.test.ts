import { App, Aws, CfnElement, CfnOutput, CfnParameter, CfnResource, Duration, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { GuardedFargateService, GuardedFargateServiceOptions, ImageGuard, Ingress, PhasedFargateService, WhenMissing } from '../../src';
import { anyGuard } from '../util/guard';
import { existingVpc, PRIVATE_SUBNETS, PUBLIC_SUBNETS } from '../util/network';
import { ReferenceGraph } from '../util/reference-graph';
import { FlagSet, testApp } from '../util/synth';

const SERVICE = 'AWS::ECS::Service';
const TASK = 'AWS::ECS::TaskDefinition';
const LOG_GROUP = 'AWS::Logs::LogGroup';

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  vpc = existingVpc(stack);
});

function service(props: GuardedFargateServiceOptions & { guard?: ImageGuard } = {}, scope: Construct = stack): GuardedFargateService {
  return new GuardedFargateService(scope, 'Api', { guard: props.guard ?? anyGuard(scope), ...(props.cluster ? {} : { vpc }), ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

function container(): any {
  const [{ Properties }] = Object.values(template().findResources(TASK));
  return Properties.ContainerDefinitions[0];
}

/** For each resource of a type, the types of the resources that are created before it. */
const before = (type: string): string[][] => {
  const graph = new ReferenceGraph(app.synth());
  return graph.resources(type).map((resource) => [...graph.before(resource)].map((earlier) => earlier.type));
};

describe('by default', () => {
  test('the task is small and runs on x86 Linux', () => {
    service();
    template().hasResourceProperties(TASK, {
      Cpu: '256',
      Memory: '512',
      RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' },
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      EphemeralStorage: Match.absent(),
    });
  });

  test('the task has one container named app, without ports, variables, or health check', () => {
    service();
    expect(container()).toEqual({
      Name: 'app',
      Essential: true,
      Image: expect.anything(),
      LogConfiguration: expect.anything(),
    });
  });

  test('the circuit breaker is on and rolls back', () => {
    service();
    template().hasResourceProperties(SERVICE, {
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
    });
  });

  test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('the template specifies no deployment controller, because removing it later would replace the service, with %s', (flags) => {
    stack = new Stack(testApp({}, flags), 'Web');
    vpc = existingVpc(stack);
    service();
    template().hasResourceProperties(SERVICE, { DeploymentController: Match.absent() });
  });

  test('tasks are in private subnets, without a public IP address', () => {
    service();
    template().hasResourceProperties(SERVICE, {
      LaunchType: 'FARGATE',
      ServiceName: Match.absent(),
      EnableExecuteCommand: Match.absent(),
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED', Subnets: PRIVATE_SUBNETS } },
    });
  });

  test('logs are kept for a month, even if the first deployment fails', () => {
    const { logGroup } = service();
    const [[id]] = Object.entries(template().findResources(LOG_GROUP, { DeletionPolicy: 'Retain', Properties: { RetentionInDays: 30 } }))
      .filter(([logicalId]) => logicalId.startsWith('Api'));
    expect(stack.resolve(logGroup!.logGroupName)).toEqual({ Ref: id });
    expect(container().LogConfiguration).toEqual({
      LogDriver: 'awslogs',
      Options: { 'awslogs-group': { Ref: id }, 'awslogs-stream-prefix': 'app', 'awslogs-region': { Ref: 'AWS::Region' } },
    });
  });

  test('the task role has no permissions', () => {
    service();
    const roles = Object.keys(template().findResources('AWS::IAM::Role')).filter((id) => id.includes('TaskRole'));
    expect(roles).toHaveLength(1);
    const policies = Object.values(template().findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => Properties.Roles);
    expect(policies).not.toContainEqual({ Ref: roles[0] });
  });
});

describe('the task', () => {
  test('can have other CPU, memory, storage, and family', () => {
    service({ cpu: 1024, memoryLimitMiB: 4096, ephemeralStorageGiB: 50, family: 'api' });
    template().hasResourceProperties(TASK, { Cpu: '1024', Memory: '4096', EphemeralStorage: { SizeInGiB: 50 }, Family: 'api' });
  });

  test('can have another architecture, which the guard then checks', () => {
    service({ cpuArchitecture: ecs.CpuArchitecture.ARM64 });
    template().hasResourceProperties(TASK, { RuntimePlatform: { CpuArchitecture: 'ARM64' } });
    template().hasResourceProperties('Custom::ImageGuard', { Platforms: ['LINUX/ARM64'] });
  });

  test('can have existing roles', () => {
    const taskRole = iam.Role.fromRoleArn(stack, 'TaskRole', 'arn:aws:iam::111111111111:role/task');
    const executionRole = iam.Role.fromRoleArn(stack, 'ExecutionRole', 'arn:aws:iam::111111111111:role/execution');
    const { grantPrincipal } = service({ taskRole, executionRole });
    template().hasResourceProperties(TASK, { TaskRoleArn: taskRole.roleArn, ExecutionRoleArn: executionRole.roleArn });
    expect(grantPrincipal).toBe(taskRole.grantPrincipal);
  });

  test('gives its execution role permission to pull, even if the role is passed', () => {
    const executionRole = new iam.Role(stack, 'ExecutionRole', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    service({ executionRole });
    template().hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve(executionRole.roleName)],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['ecr:BatchGetImage']) })]) },
    });
  });

  test.each([21, 200])('can have %d GiB of storage', (ephemeralStorageGiB) => {
    service({ ephemeralStorageGiB });
    template().hasResourceProperties(TASK, { EphemeralStorage: { SizeInGiB: ephemeralStorageGiB } });
  });
});

describe('the container', () => {
  test('can have a name, command, entry point, variables, labels, and a read-only file system', () => {
    service({
      containerName: 'web',
      command: ['serve'],
      entryPoint: ['/bin/app'],
      environment: { LOG_LEVEL: 'info' },
      dockerLabels: { team: 'web' },
      readonlyRootFilesystem: true,
    });
    expect(container()).toMatchObject({
      Name: 'web',
      Command: ['serve'],
      EntryPoint: ['/bin/app'],
      Environment: [{ Name: 'LOG_LEVEL', Value: 'info' }],
      DockerLabels: { team: 'web' },
      ReadonlyRootFilesystem: true,
      LogConfiguration: { Options: { 'awslogs-stream-prefix': 'web' } },
    });
  });

  test.each(['Resource', 'TaskRole', 'ExecutionRole', Aws.STACK_NAME])('can have any name: %s', (containerName) => {
    service({ containerName });
    expect(container().Name).toEqual(stack.resolve(containerName));
  });

  test('can have a port without a load balancer', () => {
    service({ containerPort: 8080 });
    expect(container().PortMappings).toEqual([{ ContainerPort: 8080, Name: 'app', Protocol: 'tcp' }]);
  });

  test('has port 80 by default if there is an ingress', () => {
    service({ ingress: Ingress.internalOnly() });
    expect(container().PortMappings).toEqual([{ ContainerPort: 80, Name: 'app', Protocol: 'tcp' }]);
  });

  test('can have a port that is a token', () => {
    service({ containerPort: new CfnParameter(stack, 'Port', { type: 'Number' }).valueAsNumber, ingress: Ingress.internalOnly() });
    expect(container().PortMappings).toEqual([{ ContainerPort: { Ref: 'Port' }, Name: 'app', Protocol: 'tcp' }]);
    template().hasResourceProperties(SERVICE, { LoadBalancers: [Match.objectLike({ ContainerPort: { Ref: 'Port' } })] });
  });

  test('can have secrets, which the execution role can read', () => {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf');
    const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/api/key' });
    service({ secrets: { DB: ecs.Secret.fromSecretsManager(secret, 'password'), KEY: ecs.Secret.fromSsmParameter(parameter) } });
    expect(container().Secrets).toEqual([
      { Name: 'DB', ValueFrom: `${secret.secretArn}:password::` },
      { Name: 'KEY', ValueFrom: expect.anything() },
    ]);
    template().hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Resource: secret.secretArn })]) },
    });
  });

  test('can have variables with names that every JavaScript object has', () => {
    service({ environment: { constructor: 'x', toString: 'y' }, secrets: {} });
    expect(container().Environment).toEqual([{ Name: 'constructor', Value: 'x' }, { Name: 'toString', Value: 'y' }]);
  });

  test('can have a health check', () => {
    service({ healthCheck: { command: ['CMD', '/healthy'], interval: Duration.seconds(10) } });
    expect(container().HealthCheck).toMatchObject({ Command: ['CMD', '/healthy'], Interval: 10 });
  });

  describe('gets its own image in its environment', () => {
    const answer = (attribute: string) => ({ 'Fn::GetAtt': [expect.stringMatching(/^Guard/), attribute] });

    test('if requested', () => {
      service({ imageInEnvironment: true, environment: { LOG_LEVEL: 'info' } });
      expect(container().Environment).toEqual([
        { Name: 'IMAGE_TAG', Value: answer('ImageTag') },
        { Name: 'IMAGE_DIGEST', Value: answer('ImageDigest') },
        { Name: 'LOG_LEVEL', Value: 'info' },
      ]);
    });

    test('except for variables that are already set', () => {
      service({ imageInEnvironment: true, environment: { IMAGE_TAG: 'mine' } });
      expect(container().Environment).toEqual([{ Name: 'IMAGE_TAG', Value: 'mine' }, { Name: 'IMAGE_DIGEST', Value: answer('ImageDigest') }]);
    });
  });

  test('can have another log retention', () => {
    service({ logRetention: logs.RetentionDays.ONE_WEEK });
    template().hasResourceProperties(LOG_GROUP, { RetentionInDays: 7 });
  });

  test('can have another log driver, and then has no log group', () => {
    const { logGroup } = service({
      logDriver: ecs.LogDrivers.splunk({
        url: 'https://splunk',
        secretToken: ecs.Secret.fromSsmParameter(
          ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/token' })),
      }),
    });
    expect(logGroup).toBeUndefined();
    expect(container().LogConfiguration.LogDriver).toBe('splunk');
    expect(Object.keys(template().findResources(LOG_GROUP)).filter((id) => id.startsWith('Api'))).toEqual([]);
  });
});

describe('the service', () => {
  test('can have a name, percentages, and ECS Exec', () => {
    service({ serviceName: 'mp-api-service', minHealthyPercent: 50, maxHealthyPercent: 150, enableExecuteCommand: true });
    template().hasResourceProperties(SERVICE, {
      ServiceName: 'mp-api-service',
      EnableExecuteCommand: true,
      DeploymentConfiguration: { MinimumHealthyPercent: 50, MaximumPercent: 150 },
    });
  });

  test('can have a circuit breaker that does not roll back', () => {
    service({ circuitBreaker: { rollback: false } });
    template().hasResourceProperties(SERVICE, { DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: false } } });
  });

  test('can set the threshold of the circuit breaker, and whether a healthy task resets its count', () => {
    service({ circuitBreakerFailureCount: 2, circuitBreakerResetOnHealthyTask: false });
    template().hasResourceProperties(SERVICE, {
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true, ThresholdConfiguration: { Type: 'COUNT', Value: 2 }, ResetOnHealthyTask: false },
      },
    });
  });

  test('can have another grace period for load balancer health checks', () => {
    service({ ingress: Ingress.internalOnly(), healthCheckGracePeriod: Duration.minutes(2) });
    template().hasResourceProperties(SERVICE, { HealthCheckGracePeriodSeconds: 120 });
  });

  test('has a grace period of one minute by default', () => {
    service({ ingress: Ingress.internalOnly() });
    template().hasResourceProperties(SERVICE, { HealthCheckGracePeriodSeconds: 60 });
  });

  test('uses public subnets if tasks have a public IP address', () => {
    service({ assignPublicIp: true });
    template().hasResourceProperties(SERVICE, {
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED', Subnets: PUBLIC_SUBNETS } },
    });
  });

  test('can have explicit subnets and security groups', () => {
    const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-00000001');
    const { connections } = service({ taskSubnets: { subnets: [ec2.Subnet.fromSubnetId(stack, 'Subnet', 'subnet-00000009')] }, securityGroups: [group] });
    template().hasResourceProperties(SERVICE, {
      NetworkConfiguration: { AwsvpcConfiguration: { SecurityGroups: ['sg-00000001'], Subnets: ['subnet-00000009'] } },
    });
    expect(connections.securityGroups).toEqual([group]);
  });

  test('can use capacity such as Fargate Spot, which the default cluster then offers', () => {
    service({ capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] });
    template().hasResourceProperties(SERVICE, {
      CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
      LaunchType: Match.absent(),
    });
    template().hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', { CapacityProviders: ['FARGATE', 'FARGATE_SPOT'] });
  });

  test('can propagate tags', () => {
    service({ propagateTags: ecs.PropagatedTagSource.SERVICE, enableECSManagedTags: true });
    template().hasResourceProperties(SERVICE, { PropagateTags: 'SERVICE', EnableECSManagedTags: true });
  });

  test('can have a name in Cloud Map', () => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, defaultCloudMapNamespace: { name: 'internal' } });
    service({ cluster, containerPort: 80, cloudMapOptions: { name: 'api' } });
    template().hasResourceProperties('AWS::ServiceDiscovery::Service', { Name: 'api' });
    template().hasResourceProperties(SERVICE, { ServiceRegistries: [Match.anyValue()] });
  });
});

describe('Service Connect', () => {
  test.each<[string, GuardedFargateServiceOptions]>([
    ['with a load balancer', { ingress: Ingress.internalOnly(), containerPort: 8080 }],
    ['without ingress', { containerPort: 8080 }],
  ])('finds the port of the service by its name, %s', (_, options) => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc, defaultCloudMapNamespace: { name: 'internal' } });
    const api = service({ cluster, ...options });
    api.ecsService.enableServiceConnect({ services: [{ portMappingName: 'app' }] });
    expect(container().PortMappings).toEqual([{ ContainerPort: 8080, Name: 'app', Protocol: 'tcp' }]);
    template().hasResourceProperties(SERVICE, {
      ServiceConnectConfiguration: { Namespace: 'internal', Services: [Match.objectLike({ PortName: 'app', ClientAliases: [{ Port: 8080 }] })] },
    });
  });
});

describe('the percentages of healthy tasks', () => {
  test.each<[string, () => GuardedFargateServiceOptions]>([
    ['can leave no room for another task if deployments shift traffic',
      () => ({ maxHealthyPercent: 100, ingress: Ingress.internalOnly(), deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN })],
    ['can be tokens', () => ({ maxHealthyPercent: new CfnParameter(stack, 'Most', { type: 'Number' }).valueAsNumber })],
    ['can make a deployment replace one task after another', () => ({ minHealthyPercent: 0, maxHealthyPercent: 100 })],
  ])('%s', (_, props) => {
    service(props());
    template().resourceCountIs(SERVICE, 1);
  });
});

describe('blue/green deployments', () => {
  test('shift traffic between two target groups of the own load balancer', () => {
    service({ ingress: Ingress.internalOnly(), deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN, bakeTime: Duration.minutes(5) });
    template().resourceCountIs('AWS::ElasticLoadBalancingV2::TargetGroup', 2);
    template().hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Actions: [{
        Type: 'forward',
        ForwardConfig: { TargetGroups: [Match.objectLike({ Weight: 1 }), Match.objectLike({ Weight: 0 })] },
      }],
    });
    template().hasResourceProperties(SERVICE, {
      DeploymentConfiguration: { Strategy: 'BLUE_GREEN', BakeTimeInMinutes: 5 },
      LoadBalancers: [Match.objectLike({
        AdvancedConfiguration: Match.objectLike({ AlternateTargetGroupArn: Match.anyValue(), ProductionListenerRule: Match.anyValue() }),
      })],
    });
  });

  test('need a second target group, unlike rolling deployments', () => {
    service({ ingress: Ingress.internalOnly(), deploymentStrategy: ecs.DeploymentStrategy.ROLLING });
    template().resourceCountIs('AWS::ElasticLoadBalancingV2::TargetGroup', 1);
    template().resourceCountIs('AWS::ElasticLoadBalancingV2::ListenerRule', 0);
  });
});

describe('the cluster and VPC', () => {
  const CLUSTER = 'AWS::ECS::Cluster';

  test('are the ones that are passed', () => {
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc });
    expect(service({ cluster }).cluster).toBe(cluster);
    template().hasResourceProperties(SERVICE, { Cluster: 'mp-cluster' });
    for (const type of [CLUSTER, 'AWS::EC2::VPC']) template().resourceCountIs(type, 0);
  });

  test('are a new cluster in the VPC that is passed', () => {
    service();
    template().resourceCountIs(CLUSTER, 1);
    template().resourceCountIs('AWS::EC2::VPC', 0);
  });

  test('are new and shared by all services of the stack if none are passed', () => {
    for (const id of ['One', 'Two']) new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`) });
    template().resourceCountIs(CLUSTER, 1);
    template().resourceCountIs('AWS::EC2::VPC', 1);
  });

  test('include one shared cluster for each VPC', () => {
    const other = existingVpc(stack, 'Other', 'vpc-00000002');
    const clusters = Object.entries({ One: vpc, Two: vpc, Three: other }).map(([id, each]) =>
      new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), vpc: each }).cluster);
    expect(clusters[1]).toBe(clusters[0]);
    expect(clusters[2]).not.toBe(clusters[0]);
    template().resourceCountIs(CLUSTER, 2);
  });

  test('are separate in a nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    for (const scope of [stack, nested]) new GuardedFargateService(scope, 'Service', { guard: anyGuard(scope) });
    for (const each of [stack, nested]) Template.fromStack(each).resourceCountIs(CLUSTER, 1);
  });
});

describe('in the deployment order', () => {
  const GUARD = 'Custom::ImageGuard';

  test('all resources of the library wait for the guard, so a refused image leaves nothing behind', () => {
    new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), ingress: Ingress.internetFacing() });
    const graph = new ReferenceGraph(app.synth());
    const [guard] = graph.resources(GUARD);
    const needed = graph.before(guard);
    const early = graph.resources()
      .filter((resource) => resource !== guard && !needed.has(resource) && !graph.before(resource).has(guard))
      .map(({ logicalId, type }) => `${type} ${logicalId}`);
    // Roles can be created before the guard, because they cost nothing and take a second.
    expect(early.map((each) => each.split(' ')[0]).filter((type) => type !== 'AWS::IAM::Role')).toEqual([]);
  });

  test('a shared cluster waits for all of its guards', () => {
    for (const id of ['One', 'Two']) new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), vpc });
    const [types] = before('AWS::ECS::Cluster');
    expect(types.filter((type) => type === GUARD)).toHaveLength(2);
  });

  describe('one of two services', () => {
    const both: [string, () => ecs.ICluster | undefined][] = [
      ['in the default cluster', () => undefined],
      ['in a given cluster', () => ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc })],
    ];

    test.each(both)('%s can wait for a service that is created earlier', (_, cluster) => {
      const [one, two] = services(cluster());
      two.node.addDependency(one);
      expect(guardsBefore(one)).toEqual(['One']);
      expect(guardsBefore(two)).toEqual(['One', 'Two']);
    });

    test.each(both)('%s can wait for a service that is created later', (_, cluster) => {
      const [one, two] = services(cluster());
      one.node.addDependency(two);
      expect(guardsBefore(one)).toEqual(['One', 'Two']);
      expect(guardsBefore(two)).toEqual(['Two']);
    });

    test.each(both)('%s can wait for another service through a resource in between', (_, cluster) => {
      const [one, two] = services(cluster());
      const between = new CfnResource(stack, 'Between', { type: 'AWS::SNS::Topic' });
      between.node.addDependency(one.service.ecsService);
      two.guard.node.addDependency(between);
      expect(guardsBefore(one)).toEqual(['One']);
      expect(guardsBefore(two)).toEqual(['One', 'Two']);
    });

    test('waits for the images of both if it does not wait for the other', () => {
      const [one, two] = services();
      expect(guardsBefore(one)).toEqual(['One', 'Two']);
      expect(guardsBefore(two)).toEqual(['One', 'Two']);
    });

    test('waits for the images of both even if it waits for another resource', () => {
      const [one, two] = services();
      two.node.addDependency(new CfnResource(stack, 'Else', { type: 'AWS::SNS::Topic' }));
      expect(guardsBefore(one)).toEqual(['One', 'Two']);
    });

    function services(cluster?: ecs.ICluster): PhasedFargateService[] {
      return ['One', 'Two'].map((id) => new PhasedFargateService(stack, id, { cluster }));
    }

    /** The guards that the ECS service waits for. Fails for a template with a cycle. */
    function guardsBefore({ service: { ecsService } }: PhasedFargateService): string[] {
      Template.fromStack(stack);
      const graph = new ReferenceGraph(app.synth());
      const logicalId = stack.getLogicalId(ecsService.node.findChild('Service') as CfnElement);
      const resource = graph.resources(SERVICE).find((each) => each.logicalId === logicalId)!;
      return [...graph.before(resource)].filter(({ type }) => type === GUARD).map((each) => each.logicalId.slice(0, 3)).sort();
    }
  });

  test('the service waits until its tasks have permission to pull the image and to read their secrets', () => {
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc });
    service({ cluster, secrets: { PASSWORD: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret')) } });
    const graph = new ReferenceGraph(app.synth());
    const [ecsService] = graph.resources(SERVICE);
    const earlier = JSON.stringify([...graph.before(ecsService)].map(({ properties }) => properties));
    expect(earlier).toContain('ecr:BatchGetImage');
    expect(earlier).toContain('secretsmanager:GetSecretValue');
  });

  test.each([
    ['in the default VPC', () => ({ vpc: undefined })],
    ['in a VPC that is passed', () => ({ vpc: new ec2.Vpc(stack, 'OwnVpc') })],
  ])('the service waits until its tasks have a route to the internet %s', (_, make) => {
    service(make());
    const graph = new ReferenceGraph(app.synth());
    const [ecsService] = graph.resources(SERVICE);
    const earlier = [...graph.before(ecsService)].map(({ logicalId }) => logicalId);
    const routes = graph.resources('AWS::EC2::Route').map(({ logicalId }) => logicalId).filter((logicalId) => logicalId.includes('PrivateSubnet'));
    expect(routes.length).toBeGreaterThan(0);
    expect(earlier).toEqual(expect.arrayContaining(routes));
  });

  test.each([
    ['the default cluster', () => ({})],
    ['a cluster that is passed', () => ({ cluster: new ecs.Cluster(stack, 'Cluster', { vpc, enableFargateCapacityProviders: true }) })],
  ])('the service waits until %s offers the capacity', (_, make) => {
    service({ ...make(), capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] });
    const [types] = before(SERVICE);
    expect(types).toContain('AWS::ECS::ClusterCapacityProviderAssociations');
  });

  test('a service in a nested stack waits for the internet route and the capacity of the outer stack', () => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'OwnVpc'), enableFargateCapacityProviders: true });
    service({ cluster }, new NestedStack(stack, 'Nested'));
    const [types] = before('AWS::CloudFormation::Stack');
    expect(types).toEqual(expect.arrayContaining(['AWS::EC2::Route', 'AWS::ECS::ClusterCapacityProviderAssociations']));
  });

  test('the service waits for the whole stack of its cluster and VPC', () => {
    const [network, compute] = [new Stack(app, 'Network'), new Stack(app, 'Compute')];
    service({ cluster: new ecs.Cluster(compute, 'Cluster', { vpc: new ec2.Vpc(network, 'OwnVpc') }) });
    const { dependencies } = app.synth().getStackByName(stack.stackName);
    expect(dependencies.map(({ id }) => id)).toEqual(expect.arrayContaining(['Network', 'Compute']));
  });

  test('the service waits for the listener', () => {
    service({ ingress: Ingress.internalOnly() });
    const [types] = before(SERVICE);
    expect(types).toContain('AWS::ElasticLoadBalancingV2::Listener');
  });
});

describe('a service', () => {
  test('passes permissions that it is granted to the task role', () => {
    const api = service();
    dynamodb.Table.fromTableArn(stack, 'Table', 'arn:aws:dynamodb:eu-west-1:111111111111:table/items').grantReadData(api);
    template().hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve((api.taskDefinition.taskRole as iam.Role).roleName)],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['dynamodb:GetItem']) })]) },
    });
  });

  test('has the connections of its tasks', () => {
    service({ containerPort: 8080 }).connections.allowFrom(ec2.Peer.ipv4('10.1.0.0/16'), ec2.Port.tcp(8080));
    template().hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 8080 })],
    });
  });

  test('lets only the load balancer reach the tasks', () => {
    service({ ingress: Ingress.internetFacing() });
    template().resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    template().hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      SourceSecurityGroupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('LoadBalancerSecurityGroup'), 'GroupId'] },
    });
  });

  test('has an output with the command that stops it while it fails', () => {
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc });
    service({ cluster });
    const [ecsService] = Object.keys(template().findResources(SERVICE));
    template().hasOutput('*', {
      Description: 'Command that stops a service whose tasks keep failing, so that its deployment can end',
      Value: {
        'Fn::Join': ['', [
          'aws ecs update-service --region ', { Ref: 'AWS::Region' },
          ' --cluster mp-cluster --service ', { 'Fn::GetAtt': [ecsService, 'Name'] }, ' --desired-count 0',
        ]],
      },
    });
  });
});

describe('invalid options are refused with path, property, and value:', () => {
  test.each<[string, (given: { cluster: ecs.ICluster; secret: ecs.Secret }) => GuardedFargateServiceOptions, string]>([
    ['a cluster and a VPC', ({ cluster }) => ({ cluster, vpc: cluster.vpc }), 'cluster and vpc conflict, because a cluster has its own VPC: pass only one of them'],
    ['a log driver and a log retention', () => ({ logDriver: ecs.LogDrivers.awsLogs({ streamPrefix: 'x' }), logRetention: 7 }),
      'logRetention 7 has no effect with logDriver, because your own log driver decides how long logs are kept: leave out logRetention'],
    ['the port 0', () => ({ containerPort: 0 }), 'containerPort 0 is not a port: pass 1 to 65535'],
    ['the port 65536', () => ({ containerPort: 65536 }), 'containerPort 65536 is not a port: pass 1 to 65535'],
    ['the port 80.5', () => ({ containerPort: 80.5 }), 'containerPort 80.5 is not a port: pass 1 to 65535'],
    ['a failure count of 0', () => ({ circuitBreakerFailureCount: 0 }), 'circuitBreakerFailureCount 0 is not valid: pass a whole number of tasks, 1 or more'],
    ['a failure count without a circuit breaker', () => ({ circuitBreakerFailureCount: 2, circuitBreaker: { enable: false } }),
      'circuitBreakerFailureCount 2 has no effect, because circuitBreaker.enable is false: enable the circuit breaker, or leave out circuitBreakerFailureCount'],
    ['resetting the failure count without a circuit breaker', () => ({ circuitBreakerResetOnHealthyTask: false, circuitBreaker: { enable: false } }),
      'circuitBreakerResetOnHealthyTask false has no effect, because circuitBreaker.enable is false: enable the circuit breaker, or leave out circuitBreakerResetOnHealthyTask'],
    ['a variable from two sources', ({ secret }) => ({ environment: { USER: 'app', PASSWORD: 'x' }, secrets: { PASSWORD: secret } }),
      'environment and secrets both set PASSWORD: set it in only one of them'],
    ['a secret with the name of an image variable', ({ secret }) => ({ imageInEnvironment: true, secrets: { IMAGE_TAG: secret } }),
      'environment and secrets both set IMAGE_TAG: set it in only one of them'],
    ['a bake time for rolling deployments', () => ({ bakeTime: Duration.minutes(5) }),
      'bakeTime needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN'],
    ['hooks for rolling deployments', () => ({ lifecycleHooks: [], deploymentStrategy: ecs.DeploymentStrategy.ROLLING }),
      'lifecycleHooks needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN'],
    ['a maximum that equals the minimum', () => ({ maxHealthyPercent: 100 }),
      'maxHealthyPercent 100 is not more than minHealthyPercent 100: a rolling deployment could neither start nor stop a task'],
    ['a minimum above the maximum', () => ({ minHealthyPercent: 250 }),
      'maxHealthyPercent 200 is not more than minHealthyPercent 250: a rolling deployment could neither start nor stop a task'],
  ])('%s', (_, props, message) => {
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc });
    const secret = ecs.Secret.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Secret', { parameterName: '/secret' }));
    expect(() => service(props({ cluster, secret }))).toThrow(new Error(`${message} (at Web/Api)`));
  });

  test('a guard of another stack', () => {
    const guard = anyGuard(new Stack(app, 'Other'));
    expect(() => service({ guard })).toThrow(new Error(
      'the image of guard Other/Guard belongs to another stack: create an ImageGuard in this stack (at Web/Api/TaskDefinition)'));
  });
});

test.each(['PhasedFargateCluster', 'PhasedFargateEvents', 'PhasedFargateImageGuard'])('the reserved ID %s is refused by CDK', (id) => {
  new Construct(stack, id);
  expect(() => new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack) }))
    .toThrow(`There is already a Construct with name '${id}' in Stack`);
});

test('the guard can be in the parent stack of a nested stack', () => {
  const nested = new NestedStack(stack, 'Nested');
  service({ guard: anyGuard(stack) }, nested);
  Template.fromStack(nested).resourceCountIs(SERVICE, 1);
});

test('the logical IDs of stateful resources and of outputs never change', () => {
  const guard = anyGuard(stack, { whenMissing: WhenMissing.startWithoutTasks() });
  const api = new GuardedFargateService(stack, 'Api', { guard, ingress: Ingress.internetFacing() });
  const id = (construct: Construct, child?: string) =>
    stack.getLogicalId((child ? construct.node.findChild(child) : construct.node.defaultChild) as CfnElement);
  expect({
    service: id(api.ecsService, 'Service'),
    taskDefinition: id(api.taskDefinition),
    logGroup: id(api.logGroup as logs.LogGroup),
    cluster: id(api.cluster as ecs.Cluster),
    vpc: id(api.cluster.vpc),
    loadBalancer: id(api.loadBalancer!),
    listener: id(api.listener!),
    targetGroup: id(api.targetGroup!),
    outputs: api.node.children.filter((child): child is CfnOutput => child instanceof CfnOutput).map((output) => stack.getLogicalId(output)),
  }).toEqual({
    service: 'ApiServiceF26EE56E',
    taskDefinition: 'ApiTaskDefinitionFA71DA57',
    logGroup: 'ApiLogGroup1717FE17',
    cluster: 'PhasedFargateClusterFB5D05EE',
    vpc: 'PhasedFargateClusterVpc1412FDDA',
    loadBalancer: 'ApiLoadBalancer9F78B8A1',
    listener: 'ApiLoadBalancerHttpListenerF0D04A99',
    targetGroup: 'ApiTargetGroup54BFE075',
    outputs: ['ApiStopCommand8402ACCA', 'ApiUrlDDEE0114'],
  });
});
