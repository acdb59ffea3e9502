import { App, CfnElement, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { GuardedFargateService, ImageGuard, ImageRegistry, ImageVersion, Ingress, PhasedFargateService, PhasedFargateServiceProps } from '../src';
import { deployedBefore, waysAroundTheGuard } from './util/guarded';
import { allPolicyStatements } from './util/policies';
import { ReferenceGraph } from './util/reference-graph';
import { FlagSet, templateFiles, testApp } from './util/synth';

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'FargateStack');
});

describe('a service without options', () => {
  let api: PhasedFargateService;

  beforeEach(() => {
    api = new PhasedFargateService(stack, 'Api');
  });

  test('consists of a registry, a guard, and a service', () => {
    expect(ImageRegistry.isImageRegistry(api.registry)).toBe(true);
    expect(api.guard).toBeInstanceOf(ImageGuard);
    expect(api.service).toBeInstanceOf(GuardedFargateService);
  });

  test('has two stacks, and the registry stack is deployed first', () => {
    const assembly = app.synth();
    expect(assembly.stacks.map(({ hierarchicalId }) => hierarchicalId)).toEqual(['FargateStack/Registry', 'FargateStack']);
    expect(deployedBefore(assembly, 'FargateStack')).toEqual(['FargateStack/Registry']);
    expect(deployedBefore(assembly, 'FargateStack/Registry')).toEqual([]);
  });

  test('has only these resources and permissions, even if the library gets more options', () => {
    const graph = new ReferenceGraph(app.synth());
    const repository = expect.stringMatching(/:repository\/fargatestack-api$/);
    const text = (resource: any) => resource === '*' ? resource : graph.text(resource, graph.resources('AWS::ECS::Service')[0].template);
    expect(graph.resources()).toHaveLength(44);
    expect(allPolicyStatements(graph).map(({ Action, Resource }) => ({ Action, Resource: text(Resource) }))).toEqual([
      { Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'], Resource: repository },
      { Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '«FargateStack/ApiServiceLogGroup04B8602E.Arn»' },
      { Action: 'cloudformation:DescribeStacks', Resource: '«AWS::StackId»' },
      { Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '«FargateStack/PhasedFargateImageGuardLogGroup8974AA35.Arn»' },
      { Action: ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:PutImage'], Resource: repository },
    ]);
  });

  test('names its repository after the stack and the service', () => {
    Template.fromStack(api.registry.stack).hasResourceProperties('AWS::ECR::Repository', { RepositoryName: 'fargatestack-api' });
    Template.fromStack(stack).hasResourceProperties('Custom::ImageGuard', { RepositoryName: 'fargatestack-api' });
  });

  test('requests its image by the parameter ApiImageTag', () => {
    Template.fromStack(stack).hasParameter('ApiImageTag', { Type: 'String', Default: '' });
    Template.fromStack(stack).hasResourceProperties('Custom::ImageGuard', {
      VersionKind: 'parameter',
      VersionValue: { Ref: 'ApiImageTag' },
      ParameterName: 'FargateStack:ApiImageTag',
      WhenMissing: 'fail',
      ServiceStack: 'FargateStack',
      RegistryStack: 'FargateStack/Registry',
    });
  });

  test('has an internet-facing load balancer', () => {
    Template.fromStack(stack).hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internet-facing' });
    expect(api.url).toBe(api.service.url);
    expect(api.loadBalancer).toBe(api.service.loadBalancer);
  });

  test('outputs the values for the next phase, and the command that stops a failing service', () => {
    const descriptions = (scope: Stack) => Object.values(Template.fromStack(scope).findOutputs('*')).map(({ Description }) => Description);
    expect(descriptions(api.registry.stack)).toEqual(['URI of the repository to push the image to', 'Commands that log in, build, and push the image. Set TAG first']);
    expect(descriptions(stack)).toEqual(expect.arrayContaining([
      'Tag of the deployed image',
      'Digest of the deployed image',
      'Command that stops a service whose tasks keep failing, so that its deployment can end',
      'URL of the service',
    ]));
  });
});

describe('an explicit registry', () => {
  test('is used, and no registry stack is created', () => {
    const registry = new ImageRegistry(new Stack(app, 'AppStack'), 'Registry', { repositoryName: 'app-mp' });
    const api = new PhasedFargateService(stack, 'Api', { registry });
    expect(api.registry).toBe(registry);
    const assembly = app.synth();
    expect(assembly.stacks.map(({ hierarchicalId }) => hierarchicalId)).toEqual(['AppStack', 'FargateStack']);
    expect(deployedBefore(assembly, 'FargateStack')).toEqual(['AppStack']);
  });

  test('can be shared by services of one stack', () => {
    const { registry } = new PhasedFargateService(stack, 'Api');
    new PhasedFargateService(stack, 'Worker', { registry, ingress: Ingress.none() });
    Template.fromStack(registry.stack).resourceCountIs('AWS::ECR::Repository', 1);
    expect(waysAroundTheGuard(new ReferenceGraph(app.synth()))).toEqual([]);
  });

  test('can be shared by services of several stacks', () => {
    const registry = new ImageRegistry(new Stack(app, 'AppStack'), 'Registry');
    const services = ['One', 'Two'].map((id) => new PhasedFargateService(new Stack(app, id), 'Api', { registry }));
    const assembly = app.synth();
    for (const { node } of services) expect(deployedBefore(assembly, node.scope!.node.path)).toEqual(['AppStack']);
  });
});

describe('the guard provides its image', () => {
  test('to a second service of this library, such as a worker', () => {
    const api = new PhasedFargateService(stack, 'Api');
    const worker = new GuardedFargateService(stack, 'Worker', { guard: api.guard, command: ['work'] });
    expect(worker.cluster).toBe(api.service.cluster);
    const graph = new ReferenceGraph(app.synth());
    expect(graph.resources('Custom::ImageGuard')).toHaveLength(1);
    expect(graph.resources('AWS::ECS::Service')).toHaveLength(2);
    expect(waysAroundTheGuard(graph)).toEqual([]);
  });

  test('to a service that consists of L2 constructs', () => {
    const api = new PhasedFargateService(stack, 'Api');
    const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Cron');
    taskDefinition.addContainer('cron', { image: api.guard.image });
    new ecs.FargateService(stack, 'CronService', { cluster: api.service.cluster, taskDefinition });
    expect(waysAroundTheGuard(new ReferenceGraph(app.synth()))).toEqual([]);
  });
});

describe('several services', () => {
  test('in one stack share the function, the cluster, and the registry stack', () => {
    const services = ['Api', 'Admin'].map((id) => new PhasedFargateService(stack, id));
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
    Template.fromStack(stack).resourceCountIs('AWS::ECS::Cluster', 1);
    Template.fromStack(stack).resourceCountIs('AWS::ECS::Service', 2);
    Template.fromStack(services[0].registry.stack).resourceCountIs('AWS::ECR::Repository', 2);
    expect(services[1].registry.stack).toBe(services[0].registry.stack);
  });

  test('with the same ID below different constructs have different repository names and parameters', () => {
    const registries = ['Blue', 'Green'].map((id) => new PhasedFargateService(new Construct(stack, id), 'Api').registry);
    expect(registries.map(({ repositoryName }) => repositoryName)).toEqual(['fargatestack-blue-api', 'fargatestack-green-api']);
    expect(Object.keys(Template.fromStack(stack).toJSON().Parameters)).toEqual(expect.arrayContaining(['BlueApiImageTag', 'GreenApiImageTag']));
  });

  test('can use the same parameter, and then always run the same release', () => {
    const imageVersion = ImageVersion.parameter('Release');
    for (const id of ['Api', 'Worker']) new PhasedFargateService(stack, id, { imageVersion });
    Template.fromStack(stack).allResourcesProperties('Custom::ImageGuard', { VersionValue: { Ref: 'Release' } });
  });
});

describe('a service among other constructs', () => {
  test('passes permissions that it is granted to its tasks', () => {
    const api = new PhasedFargateService(stack, 'Api');
    new dynamodb.Table(stack, 'Table', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } }).grantReadData(api);
    expect(api.grantPrincipal).toBe(api.service.taskDefinition.taskRole);
    const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const [[, { Properties }]] = policies.filter(([id]) => id.includes('TaskRole'));
    expect(JSON.stringify(Properties.PolicyDocument)).toContain('dynamodb:GetItem');
  });

  test('is connected through the security group of its tasks', () => {
    const api = new PhasedFargateService(stack, 'Api');
    const database = new ec2.SecurityGroup(stack, 'Database', { vpc: api.service.cluster.vpc });
    database.connections.allowFrom(api, ec2.Port.tcp(5432));
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 5432,
      SourceSecurityGroupId: stack.resolve(api.connections.securityGroups[0].securityGroupId),
    });
  });

  test.each<[string, PhasedFargateServiceProps]>([
    ['a rolling deployment', {}],
    ['deployments that shift traffic', { deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN, ingress: Ingress.internetFacing({ testListenerPort: 8080 }) }],
    ['no ingress', { ingress: Ingress.none() }],
  ])('exposes the members of its service that belong to cluster, task definition, and ingress with %s', (_, props) => {
    const api = new PhasedFargateService(stack, 'Api', props);
    const members = [
      'cluster', 'taskDefinition', 'loadBalancer', 'listener', 'testListener', 'targetGroup', 'alternateTargetGroup', 'url', 'connections', 'grantPrincipal',
    ] as const;
    for (const member of members) expect(api[member]).toBe(api.service[member]);
    const isDefined = (member: typeof members[number]) => api[member] !== undefined;
    expect(members.filter((member) => !isDefined(member))).toEqual(
      props.ingress === undefined ? ['testListener', 'alternateTargetGroup']
        : props.deploymentStrategy ? [] : ['loadBalancer', 'listener', 'testListener', 'targetGroup', 'alternateTargetGroup', 'url'],
    );
  });

  test('has neither URL nor load balancer without an ingress', () => {
    const { url, loadBalancer } = new PhasedFargateService(stack, 'Api', { ingress: Ingress.none() });
    expect([url, loadBalancer]).toEqual([undefined, undefined]);
  });

  test('outside a stack is refused, and the error names the service', () => {
    expect(() => new PhasedFargateService(app, 'Api'))
      .toThrow("PhasedFargateService at 'Api' should be created in the scope of a Stack, but no Stack found");
  });

  test('with the ID of another construct is refused by CDK', () => {
    new PhasedFargateService(stack, 'Api');
    expect(() => new PhasedFargateService(stack, 'Api')).toThrow("There is already a Construct with name 'Api' in Stack");
  });
});

test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('two syntheses of an app result in identical templates, with %s', (flags) => {
  const synth = () => {
    const own = testApp({}, flags);
    const service = new Stack(own, 'FargateStack');
    new PhasedFargateService(service, 'Api');
    new PhasedFargateService(new NestedStack(service, 'Nested'), 'Worker', { ingress: Ingress.none() });
    return templateFiles(own.synth());
  };
  expect(synth()).toEqual(synth());
});

test('the task definition contains the image URI of the guard, even for an imported repository', () => {
  const registry = ecr.Repository.fromRepositoryArn(stack, 'Images', 'arn:aws:ecr:eu-west-1:222222222222:repository/app');
  const { guard } = new PhasedFargateService(stack, 'Api', { registry });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'));
  expect(Properties.ContainerDefinitions[0].Image).toEqual(stack.resolve(guard.imageUri));
});

test('the logical IDs of stateful resources and of parameters never change', () => {
  const api = new PhasedFargateService(stack, 'Api');
  const { service: { ecsService, logGroup, cluster, loadBalancer, targetGroup, taskDefinition }, guard, registry } = api;
  const id = (construct: unknown): string => CfnElement.isCfnElement(construct)
    ? construct.stack.getLogicalId(construct)
    : id((construct as Construct).node.defaultChild);
  expect({
    repository: id(registry),
    guard: id(guard.node.findChild('Resource')),
    service: id(ecsService.node.findChild('Service')),
    taskDefinition: id(taskDefinition),
    logGroup: id(logGroup),
    cluster: id(cluster),
    vpc: id(cluster.vpc),
    loadBalancer: id(loadBalancer),
    targetGroup: id(targetGroup),
    parameter: id(stack.node.findChild('ApiImageTag')),
    function: id(stack.node.findChild('PhasedFargateImageGuard')),
  }).toEqual({
    repository: 'Api9AF3637B',
    guard: 'ApiGuardB1F4F828',
    service: 'ApiServiceService2E43D15B',
    taskDefinition: 'ApiServiceTaskDefinition0A1BACF5',
    logGroup: 'ApiServiceLogGroup04B8602E',
    cluster: 'PhasedFargateClusterFB5D05EE',
    vpc: 'PhasedFargateClusterVpc1412FDDA',
    loadBalancer: 'ApiServiceLoadBalancer1CDA461A',
    targetGroup: 'ApiServiceTargetGroup6D99F62D',
    parameter: 'ApiImageTag',
    function: 'PhasedFargateImageGuard4C6B7D50',
  });
});
