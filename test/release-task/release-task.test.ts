import { App, Aws, CfnParameter, Duration, NestedStack, Stack, Stage, Token } from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { GuardedFargateService, ImageGuard, ImageVersion, PhasedFargateService, ReleaseTask, ReleaseTaskProps, Scaling, WhenMissing } from '../../src';
import { conditional } from '../util/conditional';
import { ReferenceGraph } from '../util/reference-graph';
import { FlagSet, testApp } from '../util/synth';

let app: App;
let stack: Stack;
let guard: ImageGuard;
let vpc: ec2.Vpc;
let cluster: ecs.Cluster;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Shop', { env: { account: '111122223333', region: 'eu-west-1' } });
  guard = guardIn(stack, 'Guard');
  vpc = new ec2.Vpc(stack, 'Vpc');
  cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
});

function guardIn(scope: Stack, id: string): ImageGuard {
  return new ImageGuard(scope, id, { registry: ecr.Repository.fromRepositoryName(scope, `${id}Images`, 'app'), imageVersion: ImageVersion.tag('v1') });
}

function task(props: Partial<ReleaseTaskProps> = {}, id = 'Migration'): ReleaseTask {
  return new ReleaseTask(stack, id, { guard, cluster, command: ['node', 'migrate.js'], ...props });
}

function template(of = stack): Template {
  return Template.fromStack(of);
}

function resources(type: string, of = stack): any[] {
  return Object.values<any>(template(of).findResources(type));
}

function wire(of = stack): any {
  const [{ Properties }] = resources('Custom::ReleaseTask', of);
  return Properties;
}

/** The references in the whole assembly, which determine the order of creation. */
function graph(): ReferenceGraph {
  return new ReferenceGraph(app.synth());
}

function before(type: string, of = graph()): string[] {
  const [resource] = of.resources(type);
  return [...of.before(resource)].map((each) => each.type);
}

describe('the custom resource', () => {
  test('contains the release, and the settings of the task', () => {
    const migration = task({
      entryPoint: ['/bin/sh', '-c'], timeout: Duration.minutes(5), platformVersion: ecs.FargatePlatformVersion.VERSION1_4, containerName: 'migrate',
    });
    const [guardId] = Object.keys(template().findResources('Custom::ImageGuard'));

    expect(wire()).toMatchObject({
      ContractVersion: '1',
      ImageDigest: { 'Fn::GetAtt': [guardId, 'ImageDigest'] },
      Command: ['node', 'migrate.js'],
      EntryPoint: ['/bin/sh', '-c'],
      Cluster: stack.resolve(cluster.clusterArn),
      TaskDefinition: stack.resolve(migration.taskDefinition.taskDefinitionArn),
      ContainerName: 'migrate',
      Subnets: stack.resolve(vpc.privateSubnets.map(({ subnetId }) => subnetId)),
      SecurityGroups: [stack.resolve(migration.connections.securityGroups[0].securityGroupId)],
      AssignPublicIp: 'DISABLED',
      PlatformVersion: '1.4.0',
      TimeoutSeconds: '300',
      LogGroup: stack.resolve(migration.logGroup!.logGroupName),
      LogRegion: 'eu-west-1',
      LogStreamPrefix: 'migrate',
      FailureLogLines: '20',
      SecretNames: [],
      ServiceStack: 'Shop',
    });
    expect(wire()).not.toHaveProperty('RerunForEarlierReleases');
  });

  test('has a CloudFormation timeout that is longer than the timeout of the task', () => {
    task({ timeout: Duration.minutes(14) });

    expect(wire()).toMatchObject({ TimeoutSeconds: '840', ServiceTimeout: '1140' });
  });

  test('waits ten minutes by default', () => {
    task();

    expect(wire()).toMatchObject({ TimeoutSeconds: '600', ServiceTimeout: '900' });
  });

  test('is the same at each synthesis', () => {
    task();
    const [one] = [template().toJSON()];
    const again = testApp();
    stack = new Stack(again, 'Shop', { env: { account: '111122223333', region: 'eu-west-1' } });
    guard = guardIn(stack, 'Guard');
    vpc = new ec2.Vpc(stack, 'Vpc');
    cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
    task();

    expect(template().toJSON()).toEqual(one);
  });

  test('contains the names of secret variables, including those that are added later', () => {
    const secret = ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret'));
    const migration = task({ secrets: { DATABASE_URL: secret } });
    migration.container.addSecret('API_KEY', secret);

    expect(wire().SecretNames).toEqual(['API_KEY', 'DATABASE_URL']);
  });

  test('contains security groups that are added later', () => {
    const other = new ec2.SecurityGroup(stack, 'Other', { vpc });
    task().connections.addSecurityGroup(other);

    expect(wire().SecurityGroups).toHaveLength(2);
  });

  test('contains rerunForEarlierReleases if it is set', () => {
    task({ rerunForEarlierReleases: true });

    expect(wire()).toMatchObject({ RerunForEarlierReleases: 'true' });
  });

  test.each<[string, () => Partial<ReleaseTaskProps>]>([
    ['no lines are requested', () => ({ failureLogLines: 0 })],
    ['the container logs elsewhere', () => ({ logDriver: new ecs.GenericLogDriver({ logDriver: 'splunk' }) })],
  ])('contains no log group if %s', (_, props) => {
    task(props());

    for (const name of ['LogGroup', 'LogRegion', 'LogStreamPrefix']) expect(wire()).not.toHaveProperty(name);
    expect(JSON.stringify(template())).not.toContain('logs:GetLogEvents');
  });

  test('contains the log group and region of a custom log driver', () => {
    const logGroup = logs.LogGroup.fromLogGroupName(stack, 'Logs', 'central');
    task({ logDriver: ecs.LogDriver.awsLogs({ logGroup, streamPrefix: 'shop' }) });

    expect(wire()).toMatchObject({ LogGroup: 'central', LogRegion: 'eu-west-1', LogStreamPrefix: 'shop' });
    expect(policyStatements().at(-1).Resource).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':logs:eu-west-1:111122223333:log-group:central:log-stream:shop/app/*']],
    });
  });
});

/** The statements of the policy that allows the function to run the task. */
function policyStatements(): any[] {
  const [{ Properties }] = resources('AWS::IAM::Policy').filter(({ Properties: { PolicyDocument } }) => JSON.stringify(PolicyDocument).includes('ecs:RunTask'));
  return Properties.PolicyDocument.Statement;
}

describe('the function', () => {
  test('has permission to run this task family in this cluster with these two roles, to watch and stop tasks of the cluster, and to read the log of the container', () => {
    const { taskDefinition, logGroup } = task();
    const arn = (service: string, resource: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:${service}:eu-west-1:111122223333:${resource}`]] });
    const arnOf = (service: string, start: string, value: string, end: string) =>
      ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:${service}:eu-west-1:111122223333:${start}`, stack.resolve(value), end]] });

    expect(policyStatements()).toEqual([
      {
        Effect: 'Allow',
        Action: 'ecs:RunTask',
        Resource: arn('ecs', `task-definition/${taskDefinition.family}:*`),
        Condition: { ArnEquals: { 'ecs:cluster': stack.resolve(cluster.clusterArn) } },
      },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: [stack.resolve(taskDefinition.taskRole.roleArn), stack.resolve(taskDefinition.executionRole!.roleArn)],
        Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
      { Effect: 'Allow', Action: ['ecs:DescribeTasks', 'ecs:StopTask'], Resource: arnOf('ecs', 'task/', cluster.clusterName, '/*') },
      { Effect: 'Allow', Action: 'logs:GetLogEvents', Resource: arnOf('logs', 'log-group:', logGroup!.logGroupName, ':log-stream:app/app/*') },
    ]);
  });

  test('also has permission to query the status of its stack and to write its own log, and no others', () => {
    task();
    const [{ Properties }] = resources('AWS::IAM::Role').filter(({ Properties: { Description } }) => Description === 'Runs the release tasks of this stack');

    expect(Properties.Policies[0].PolicyDocument.Statement.map(({ Action }: any) => Action)).toEqual([
      'cloudformation:DescribeStacks', ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ]);
    expect(Properties.ManagedPolicyArns).toBeUndefined();
  });

  test.each<FlagSet>(['no feature flags', 'all recommended feature flags'])('is shared by all release tasks of a stack, each of which adds a policy, with %s', (flags) => {
    app = testApp({}, flags);
    stack = new Stack(app, 'Shop');
    guard = guardIn(stack, 'Guard');
    cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false }) });
    task();
    task({ command: ['node', 'seed.js'] }, 'Seed');

    expect(resources('AWS::Lambda::Function')).toHaveLength(2);
    expect(resources('AWS::Lambda::Function').map(({ Properties }) => Properties.Description)).toContain('Runs a task once per release and waits until it ends');
    expect(resources('AWS::IAM::Policy').filter((policy) => JSON.stringify(policy).includes('ecs:RunTask'))).toHaveLength(2);
  });

  test('does not wait for resources of a task, so a second task can run after the services of the first one', () => {
    const api = new GuardedFargateService(stack, 'Api', { guard, cluster });
    task().runBefore(api);
    const second = guardIn(stack, 'SecondGuard');
    second.node.addDependency(api);
    task({ guard: second }, 'Later');

    const all = graph();
    expect(all.resources('Custom::ReleaseTask')).toHaveLength(2);
    for (const each of all.resources('Custom::ReleaseTask')) expect(all.before(each).has(each)).toBe(false);
  });

  test('exists once for each nested stack', () => {
    const nested = new NestedStack(stack, 'Nested');
    new ReleaseTask(nested, 'Migration', { guard, cluster, command: ['migrate'] });
    task();

    expect(resources('AWS::Lambda::Function', nested)).toHaveLength(1);
  });
});

describe('the task', () => {
  test('runs the guarded image with the command, on the platform in the guard', () => {
    task({ cpuArchitecture: ecs.CpuArchitecture.ARM64, cpu: 512, environment: { STAGE: 'prod' } });
    const [{ Properties }] = resources('AWS::ECS::TaskDefinition');

    expect(Properties).toMatchObject({ Cpu: '512', Memory: '1024', RuntimePlatform: { CpuArchitecture: 'ARM64' } });
    expect(Properties.ContainerDefinitions).toMatchObject([{ Name: 'app', Command: ['node', 'migrate.js'], Environment: [{ Name: 'STAGE', Value: 'prod' }] }]);
    expect(JSON.stringify(Properties.ContainerDefinitions[0].Image)).toContain('ImageDigest');
    expect(resources('Custom::ImageGuard')[0].Properties.Platforms).toEqual(['LINUX/ARM64']);
  });

  test('starts after its roles, its internet route, and its cluster exist', () => {
    const queue = new sqs.Queue(stack, 'Queue');
    const migration = task();
    queue.grantSendMessages(migration);
    const dependencies: string[] = resources('Custom::ReleaseTask')[0].DependsOn;
    const policies = Object.keys(template().findResources('AWS::IAM::Policy'));

    expect(policies).toHaveLength(2);
    expect(dependencies).toEqual(expect.arrayContaining(policies));
    expect(before('Custom::ReleaseTask')).toEqual(expect.arrayContaining([
      'AWS::ECS::Cluster', 'Custom::ImageGuard', 'AWS::EC2::NatGateway', 'AWS::EC2::Route', 'AWS::IAM::Role',
    ]));
  });

  test('can reach a database, and starts after it has access', () => {
    const database = new rds.DatabaseInstance(stack, 'Database', { vpc, engine: rds.DatabaseInstanceEngine.MYSQL });
    const migration = task();
    database.connections.allowDefaultPortFrom(migration);

    template().hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      SourceSecurityGroupId: stack.resolve(migration.connections.securityGroups[0].securityGroupId),
    });
    expect(before('Custom::ReleaseTask')).toEqual(expect.arrayContaining(['AWS::EC2::SecurityGroupIngress', 'AWS::RDS::DBInstance']));
  });

  test('starts after it can use the endpoints of its VPC, including those that are added later', () => {
    const isolated = new ec2.Vpc(stack, 'Isolated', { natGateways: 0, subnetConfiguration: [{ name: 'i', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }] });
    task({ cluster: new ecs.Cluster(stack, 'Inner', { vpc: isolated }) });
    isolated.addInterfaceEndpoint('Ecr', { service: ec2.InterfaceVpcEndpointAwsService.ECR });
    vpc.addInterfaceEndpoint('Ecr', { service: ec2.InterfaceVpcEndpointAwsService.ECR });
    const [own] = Object.keys(template().findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcId: stack.resolve(isolated.vpcId) } }));
    const [other] = Object.keys(template().findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcId: stack.resolve(vpc.vpcId) } }));

    expect(resources('Custom::ReleaseTask')[0].DependsOn).toContain(own);
    expect(resources('Custom::ReleaseTask')[0].DependsOn).not.toContain(other);
  });

  test('starts after the dependencies of runAfter, which affect only the task', () => {
    const database = new rds.DatabaseCluster(stack, 'Database', {
      vpc, engine: rds.DatabaseClusterEngine.AURORA_MYSQL, writer: rds.ClusterInstance.serverlessV2('Writer'),
    });
    const migration = task();
    database.connections.allowDefaultPortFrom(migration);
    migration.runAfter(database);

    expect(before('Custom::ReleaseTask')).toContain('AWS::RDS::DBInstance');
  });

  test('refuses runAfter without a dependency', () => {
    expect(() => task().runAfter(undefined!)).toThrow('runAfter: undefined is not a construct: pass the construct to wait for (at Shop/Migration)');
  });

  test('is in public subnets with a public IP address, if requested', () => {
    task({ assignPublicIp: true });

    expect(wire()).toMatchObject({ AssignPublicIp: 'ENABLED', Subnets: stack.resolve(vpc.publicSubnets.map(({ subnetId }) => subnetId)) });
  });

  test('is in the given subnets and security groups', () => {
    const securityGroup = new ec2.SecurityGroup(stack, 'Group', { vpc });
    task({ taskSubnets: { subnets: [vpc.privateSubnets[0]] }, securityGroups: [securityGroup] });

    expect(wire()).toMatchObject({
      Subnets: [stack.resolve(vpc.privateSubnets[0].subnetId)],
      SecurityGroups: [stack.resolve(securityGroup.securityGroupId)],
    });
    expect(resources('AWS::EC2::SecurityGroup')).toHaveLength(1);
  });

  test('shares the default cluster of the stack with its services', () => {
    const api = new PhasedFargateService(stack, 'Api');
    new ReleaseTask(stack, 'Migration', { guard: api.guard, command: ['migrate'] }).runBefore(api);

    expect(resources('AWS::ECS::Cluster')).toHaveLength(2);
    expect(wire().Cluster).toEqual(stack.resolve(api.service.cluster.clusterArn));
  });

  test('causes a warning if it cannot reach the registry', () => {
    const publicOnly = new ec2.Vpc(stack, 'Public', { subnetConfiguration: [{ name: 'p', subnetType: ec2.SubnetType.PUBLIC }] });
    task({ cluster: new ecs.Cluster(stack, 'Outer', { vpc: publicOnly }) });

    Annotated.fromStack(stack).hasWarning('/Shop/Migration', Match.stringLikeRegexp('cannot pull their image without a public IP address'));
  });
});

describe('runBefore', () => {
  test('makes services of every kind and their autoscaling wait', () => {
    const api = new PhasedFargateService(stack, 'Api', { scaling: Scaling.between(1, 3) });
    const worker = new GuardedFargateService(stack, 'Worker', { guard, cluster });
    const own = new ecs.FargateService(stack, 'Own', { cluster, taskDefinition: worker.taskDefinition });
    const pattern = new patterns.QueueProcessingFargateService(stack, 'Pattern', { cluster, image: guard.image });
    task().runBefore(api, worker, own, pattern);
    const all = graph();

    expect(all.resources('AWS::ECS::Service')).toHaveLength(4);
    for (const each of all.resources('AWS::ECS::Service', 'AWS::ApplicationAutoScaling::ScalableTarget', 'AWS::ApplicationAutoScaling::ScalingPolicy')) {
      expect([...all.before(each)].map(({ type }) => type)).toContain('Custom::ReleaseTask');
    }
  });

  test('changes nothing else', () => {
    const api = new PhasedFargateService(stack, 'Api');
    task().runBefore(api);
    const all = graph();

    for (const each of all.resources('AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ECS::TaskDefinition')) {
      expect([...all.before(each)].map(({ type }) => type)).not.toContain('Custom::ReleaseTask');
    }
  });

  test('reaches a service in another stack', () => {
    const other = new Stack(app, 'Other', { env: { account: '111122223333', region: 'eu-west-1' } });
    const api = new PhasedFargateService(other, 'Api');
    task().runBefore(api);
    app.synth();

    expect(other.dependencies).toContain(stack);
  });

  test.each<[string, () => any, string]>([
    ['a construct without a service', () => new sqs.Queue(stack, 'Queue'), 'runBefore: Shop/Queue contains no ECS service: pass a service, or call node.addDependency(task) on the construct (at Shop/Migration)'],
    ['undefined', () => undefined, 'runBefore: undefined is not a construct: pass a service (at Shop/Migration)'],
    ['the name of a service', () => 'api', 'runBefore: "api" is not a construct'],
    ['an imported service', () => ecs.FargateService.fromFargateServiceArn(stack, 'Imported', 'arn:aws:ecs:eu-west-1:111122223333:service/a/b'), 'runBefore: Shop/Imported contains no ECS service'],
    ['a construct that contains the task itself', () => {
      new GuardedFargateService(stack, 'Api', { guard, cluster });
      return stack;
    }, 'runBefore: Shop contains this task, which cannot run before itself: pass the services in it (at Shop/Migration)'],
    ['a service in another stage', () => new PhasedFargateService(new Stack(new Stage(app, 'Prod'), 'Shop'), 'Api'), 'runBefore: Prod/Shop/Api is in another stage, which cannot wait for this one'],
  ])('refuses %s', (_, make, message) => {
    const migration = task();
    const given = make();

    expect(() => migration.runBefore(given)).toThrow(message);
  });
});

describe('a release task', () => {
  test.each<[string, object, string]>([
    ['without a command', { command: undefined }, 'command is empty: pass the command that the task runs, such as ["node", "migrate.js"] (at Shop/Migration)'],
    ['with an empty command', { command: [] }, 'command is empty'],
    ['with a command that is not a list', { command: 'node migrate.js' }, 'command "node migrate.js" is not a list (at Shop/Migration)'],
    ['without a guard', { guard: undefined }, "guard undefined is not an ImageGuard: pass new ImageGuard(this, 'Guard', { registry }) (at Shop/Migration)"],
    ['with a timeout that is longer than a Lambda function can wait', { timeout: Duration.minutes(15) }, 'timeout 15 minutes is out of range: pass 1 second to 14 minutes, because one invocation of a Lambda function waits for the task (at Shop/Migration)'],
    ['with a timeout of NaN seconds', { timeout: Duration.seconds(NaN) }, 'timeout NaN is not a Duration (at Shop/Migration)'],
    ['with subnets that the VPC does not have', { taskSubnets: { subnetGroupName: 'nope' } }, /^taskSubnets: There are no subnet groups with name 'nope' .*\(at Shop\/Migration\)$/ as any],
    ['with a timeout of 0 seconds', { timeout: Duration.seconds(0) }, 'timeout 0 seconds is out of range'],
    ['with a timeout that is a token', { timeout: Duration.seconds(Token.asNumber({ Ref: 'X' })) }, 'timeout must be known at synthesis (at Shop/Migration)'],
    ['with a timeout that is a number', { timeout: 60 }, 'timeout 60 is not a Duration'],
    ['with too many log lines', { failureLogLines: 51 }, 'failureLogLines 51 is not a whole number of lines from 0 to 50 (at Shop/Migration)'],
    ['with a fraction of a log line', { failureLogLines: 1.5 }, 'failureLogLines 1.5 is not a whole number of lines'],
    ['with a task size that Fargate does not support', { cpu: 100 }, 'cpu 100 is not a Fargate task size'],
    ['with memory that Fargate does not support for the CPU', { cpu: 256, memoryLimitMiB: 8192 }, 'memoryLimitMiB 8192 is not supported by Fargate for cpu 256'],
    ['with a family name that contains blanks', { family: 'my family' }, 'family "my family" is not a valid ECS name'],
    ['with six security groups', { securityGroups: Array.from({ length: 6 }, () => ({ securityGroupId: 'sg-1' })) }, 'securityGroups has 6 groups: pass 1 to 5'],
    ['with an empty list of security groups', { securityGroups: [] }, 'securityGroups has 0 groups'],
  ])('%s is refused', (_, props, message) => {
    expect(() => task(props)).toThrow(message);
  });

  test('with a variable from two sources is refused', () => {
    const secret = ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret'));

    expect(() => task({ environment: { URL: '1' }, secrets: { URL: secret } })).toThrow('environment and secrets both set URL');
  });

  test('with both a cluster and a VPC is refused', () => {
    expect(() => task({ vpc })).toThrow('cluster and vpc conflict, because a cluster has its own VPC: pass only one of them (at Shop/Migration)');
  });

  test('with a guard of another stack is refused', () => {
    const other = guardIn(new Stack(app, 'Other'), 'Guard');

    expect(() => task({ guard: other })).toThrow('belongs to another stack');
  });

  test('with a setting that Fargate does not support is refused at synthesis', () => {
    task({ linuxParameters: new ecs.LinuxParameters(stack, 'Linux', { sharedMemorySize: 64 }) });

    expect(() => app.synth()).toThrow(/linuxParameters\.sharedMemorySize of container "\w+" is not supported by Fargate: leave it out/);
  });

  test.each<[string, (migration: ReleaseTask) => void]>([
    ['proxy', ({ taskDefinition }) => taskDefinition.addContainer('proxy', { image: guard.image })],
    ['log-router', ({ taskDefinition }) => taskDefinition.addContainer('other', { essential: false, image: guard.image, logging: ecs.LogDrivers.firelens({}) })],
  ])('with an essential sidecar is refused, even if CDK adds it: %s', (name, addTo) => {
    addTo(task());

    expect(() => app.synth()).toThrow(`container "${name}" is essential: when it exits, ECS also stops the command, and the release task cannot tell whether the command has finished: `
      + 'add the container with essential: false');
  });

  test('with an intrinsic function in place of its containers is accepted, because they are unknown', () => {
    const { taskDefinition } = task();
    (taskDefinition.node.defaultChild as ecs.CfnTaskDefinition).containerDefinitions = conditional(stack, []);

    expect(() => app.synth()).not.toThrow();
  });

  test('with a sidecar that is not essential is accepted', () => {
    const { taskDefinition } = task({ logDriver: ecs.LogDrivers.firelens({}) });
    taskDefinition.addContainer('proxy', { image: guard.image, essential: false, logging: ecs.LogDrivers.firelens({}) });
    taskDefinition.addFirelensLogRouter('log-router', {
      image: ecs.obtainDefaultFluentBitECRImage(taskDefinition), essential: false, firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT },
    });

    expect(() => app.synth()).not.toThrow();
  });

  test('with a timeout of 1.5 seconds waits 2 seconds', () => {
    task({ timeout: Duration.millis(1_500) });

    expect(wire().TimeoutSeconds).toBe('2');
  });

  test('with a misspelled option causes a warning', () => {
    task({ timout: Duration.minutes(1) } as object);

    Annotated.fromStack(stack).hasWarning('/Shop/Migration', Match.stringLikeRegexp('timout is not an option, so it has no effect: did you mean timeout?'));
  });
});

test('a release task can wait for a guard that starts services without tasks', () => {
  const waiting = new ImageGuard(stack, 'Later', {
    registry: ecr.Repository.fromRepositoryName(stack, 'LaterImages', 'later'), imageVersion: ImageVersion.tag('v1'), whenMissing: WhenMissing.startWithoutTasks(),
  });
  const api = new GuardedFargateService(stack, 'Api', { guard: waiting, cluster });
  task({ guard: waiting }).runBefore(api);

  expect(() => app.synth()).not.toThrow();
});

test('the command, the environment, and the names of a release task can contain tokens', () => {
  const parameter = new CfnParameter(stack, 'Schema').valueAsString;
  task({ command: ['migrate', parameter], environment: { STACK: Aws.STACK_NAME }, family: parameter });

  expect(wire().Command).toEqual(['migrate', { Ref: 'Schema' }]);
});
