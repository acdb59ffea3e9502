import { Annotations, App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations as Annotated, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, Scaling } from '../../src';
import { conditional } from '../util/conditional';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

const { PUBLIC, PRIVATE_ISOLATED } = ec2.SubnetType;
const { ECR, ECR_DOCKER, CLOUDWATCH_LOGS, SECRETS_MANAGER, SSM } = ec2.InterfaceVpcEndpointAwsService;

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function vpcOf(...types: ec2.SubnetType[]): ec2.Vpc {
  return new ec2.Vpc(stack, 'Vpc', { natGateways: 0, subnetConfiguration: types.map((subnetType) => ({ name: subnetType, subnetType })) });
}

function addEndpoints(vpc: ec2.Vpc, services: Record<string, ec2.InterfaceVpcEndpointAwsService>): void {
  vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  for (const [id, service] of Object.entries(services)) vpc.addInterfaceEndpoint(id, { service });
}

function warningsOf(props: GuardedFargateServiceOptions): string[] {
  new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), ...props });
  return warnings();
}

function warnings(): string[] {
  return Annotated.fromStack(stack).findWarning('*', Match.stringLikeRegexp('@org/phased-fargate')).map(({ id, entry }) => `${id}: ${entry.data}`);
}

const isolated = (missing: string) =>
  `/Web/Api: tasks in isolated subnets of Web/Vpc need VPC endpoints for ${missing}: ` +
  'add them to the VPC, or pass taskSubnets with outbound internet access [ack: @org/phased-fargate:isolatedSubnetsWithoutEndpoints]';

const publicOnly =
  '/Web/Api: tasks in public subnets of Web/Vpc cannot pull their image without a public IP address: ' +
  'pass assignPublicIp: true, or private taskSubnets [ack: @org/phased-fargate:publicSubnetsWithoutPublicIp]';

describe('isolated subnets', () => {
  test('without endpoints cause a warning that lists the missing endpoints', () => {
    expect(warningsOf({ vpc: vpcOf(PRIVATE_ISOLATED) })).toEqual([isolated('ecr.api, ecr.dkr, s3, logs')]);
  });

  test('with all endpoints cause no warning', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    expect(warningsOf({ vpc })).toEqual([]);
  });

  test('with endpoints that are added after the service cause no warning', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc });
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    expect(warnings()).toEqual([]);
  });

  test('with endpoints in another stack cause no warning', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    const other = new Stack(app, 'Endpoints');
    new ec2.GatewayVpcEndpoint(other, 'S3', { vpc, service: ec2.GatewayVpcEndpointAwsService.S3 });
    for (const [id, service] of Object.entries({ ECR, ECR_DOCKER, CLOUDWATCH_LOGS })) new ec2.InterfaceVpcEndpoint(other, id, { vpc, service });
    expect(warningsOf({ vpc })).toEqual([]);
  });

  test('with endpoints in a stage that is created after the synthesis of another one cause no warning', () => {
    const synthesized = ['Beta', 'Prod'].map((id) => {
      const stage = new Stage(app, id);
      stack = new Stack(stage, 'Web');
      const vpc = vpcOf(PRIVATE_ISOLATED);
      (vpc.node.defaultChild as ec2.CfnVPC).overrideLogicalId(`VpcOf${id}`);
      new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc });
      addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
      return stage.synth().getStackArtifact(stack.artifactId).messages.map(({ entry }) => entry.data);
    });
    expect(synthesized).toEqual([[], []]);
  });

  test('without endpoints cause a warning even if another VPC has the same logical ID, and endpoints', () => {
    const own = stack;
    stack = new Stack(app, 'Other');
    addEndpoints(vpcOf(PRIVATE_ISOLATED), { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    stack = own;
    expect(warningsOf({ vpc: vpcOf(PRIVATE_ISOLATED) })).toEqual([isolated('ecr.api, ecr.dkr, s3, logs')]);
  });

  test('of another VPC than that of the endpoints cause a warning', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    const other = new ec2.Vpc(stack, 'Other', { natGateways: 0 });
    addEndpoints(other, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    expect(warningsOf({ vpc })).toEqual([isolated('ecr.api, ecr.dkr, s3, logs')]);
  });

  test('need no endpoint for logs outside CloudWatch', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    expect(warningsOf({ vpc, logDriver: new ecs.GenericLogDriver({ logDriver: 'splunk' }) })).toEqual([isolated('ecr.api, ecr.dkr, s3')]);
  });

  test.each([
    ecs.LogDrivers.awsLogs({ streamPrefix: 'app' }),
    new ecs.GenericLogDriver({ logDriver: 'awslogs', options: { 'awslogs-group': 'mp-logs' } }),
  ])('need an endpoint for logs that a custom log driver sends to CloudWatch', (logDriver) => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    expect(warningsOf({ vpc, logDriver })).toEqual([isolated('ecr.api, ecr.dkr, s3, logs')]);
  });

  test('need endpoints for the sources of secrets', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    const secret = ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'db'));
    const parameter = ecs.Secret.fromSsmParameter(
      ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/key' }));
    expect(warningsOf({ vpc, secrets: { A: secret, B: parameter } })).toEqual([isolated('secretsmanager, ssm')]);
  });

  test('with endpoints for the sources of secrets cause no warning', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS, Secrets: SECRETS_MANAGER, Ssm: SSM });
    const secret = ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'db'), 'password');
    expect(warningsOf({ vpc, secrets: { A: secret } })).toEqual([]);
  });
});

describe('isolated subnets with the endpoints that tasks need to start', () => {
  const withEndpoints = (more: Record<string, ec2.InterfaceVpcEndpointAwsService> = {}) => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    addEndpoints(vpc, { ECR, ECR_DOCKER, CLOUDWATCH_LOGS, ...more });
    return vpc;
  };
  const following = () => ({ scaling: Scaling.between(0, 3, { queue: new sqs.Queue(stack, 'Queue'), messagesPerTask: 10 }) });

  test('also need one for SQS if a queue drives scaling, because the tasks process the queue', () => {
    expect(warningsOf({ vpc: withEndpoints(), ...following() })).toEqual([isolated('sqs')]);
  });

  test('also need one for SSM messages if the service allows a shell in the container', () => {
    expect(warningsOf({ vpc: withEndpoints(), enableExecuteCommand: true })).toEqual([isolated('ssmmessages')]);
  });

  test('need no other endpoints', () => {
    const { SQS, SSM_MESSAGES } = ec2.InterfaceVpcEndpointAwsService;
    expect(warningsOf({ vpc: withEndpoints({ SQS, SSM_MESSAGES }), enableExecuteCommand: true, ...following() })).toEqual([]);
  });
});

describe('public subnets', () => {
  test('without a public IP address cause a warning', () => {
    expect(warningsOf({ vpc: vpcOf(PUBLIC), taskSubnets: { subnetType: PUBLIC } })).toEqual([publicOnly]);
  });

  test('with a public IP address cause no warning', () => {
    expect(warningsOf({ vpc: vpcOf(PUBLIC), assignPublicIp: true })).toEqual([]);
  });

  test.each([false, true])('with all endpoints cause no warning (enableExecuteCommand: %p)', (enableExecuteCommand) => {
    const vpc = vpcOf(PUBLIC);
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER, Logs: CLOUDWATCH_LOGS });
    expect(warningsOf({ vpc, taskSubnets: { subnetType: PUBLIC }, enableExecuteCommand })).toEqual([]);
  });

  test('cause a warning if there are no other subnets', () => {
    expect(warningsOf({ vpc: vpcOf(PUBLIC) })).toEqual([publicOnly]);
  });
});

describe('an imported VPC', () => {
  const imported = (attributes: Partial<ec2.VpcAttributes> = {}) => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-00000001', vpcCidrBlock: '10.0.0.0/16', availabilityZones: ['a', 'b'], publicSubnetIds: ['subnet-1', 'subnet-2'], ...attributes,
  });

  test('with only public subnets, such as the default VPC of an account, causes a warning without public IP addresses', () => {
    expect(warningsOf({ vpc: imported() })).toEqual([publicOnly]);
  });

  test('with public IP addresses causes no warning', () => {
    expect(warningsOf({ vpc: imported(), assignPublicIp: true })).toEqual([]);
  });

  test('with tasks in private subnets causes no warning', () => {
    expect(warningsOf({ vpc: imported({ privateSubnetIds: ['subnet-3', 'subnet-4'] }) })).toEqual([]);
  });

  test('with tasks in public subnets causes a warning even if there are private subnets', () => {
    const vpc = imported({ privateSubnetIds: ['subnet-3', 'subnet-4'] });
    expect(warningsOf({ vpc, taskSubnets: { subnetType: PUBLIC } })).toEqual([publicOnly]);
  });

  test('with endpoints in this app causes no warning', () => {
    const vpc = imported();
    for (const [id, service] of Object.entries({ ECR, ECR_DOCKER, CLOUDWATCH_LOGS })) new ec2.InterfaceVpcEndpoint(stack, id, { vpc, service });
    new ec2.CfnVPCEndpoint(stack, 'S3', { vpcId: vpc.vpcId, serviceName: 'com.amazonaws.eu-west-1.s3', routeTableIds: ['rtb-1'] });
    expect(warningsOf({ vpc })).toEqual([]);
  });
});

describe('later additions to the task', () => {
  test('such as secrets and sidecars with logs also need endpoints', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    addEndpoints(vpc, { Ecr: ECR, Docker: ECR_DOCKER });
    const { container, taskDefinition } = new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc, logDriver: new ecs.GenericLogDriver({ logDriver: 'splunk' }) });
    container.addSecret('DB', ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret')));
    taskDefinition.addContainer('sidecar', { image: ecs.ContainerImage.fromRegistry('busybox'), logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'x' }) });
    expect(warnings()).toEqual([isolated('logs, secretsmanager')]);
  });

  test('are unknown if an intrinsic function contains the containers', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    const { taskDefinition } = new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc });
    (taskDefinition.node.defaultChild as ecs.CfnTaskDefinition).containerDefinitions = conditional(stack, []);
    expect(warnings()).toEqual([isolated('ecr.api, ecr.dkr, s3')]);
  });
});

describe('no warning', () => {
  test('for the default VPC, which has a route to the internet', () => {
    expect(warningsOf({})).toEqual([]);
  });

  test('for an imported VPC, whose routes are unknown', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-00000001', availabilityZones: ['a'], isolatedSubnetIds: ['subnet-aaaa0001'] });
    expect(warningsOf({ vpc })).toEqual([]);
  });

  test('is repeated: two services cause one warning each', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    new GuardedFargateService(stack, 'Worker', { guard: anyGuard(stack, {}, 'WorkerGuard'), vpc });
    expect(warningsOf({ vpc }).map((warning) => warning.split(':')[0])).toEqual(['/Web/Worker', '/Web/Api']);
  });

  test('appears after it is acknowledged', () => {
    const vpc = vpcOf(PRIVATE_ISOLATED);
    new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc });
    Annotations.of(stack).acknowledgeWarning('@org/phased-fargate:isolatedSubnetsWithoutEndpoints', 'peered');
    expect(warnings()).toEqual([]);
  });
});

describe('parts of another VPC', () => {
  const service = (props: GuardedFargateServiceOptions, id = 'Api') => new GuardedFargateService(stack, id, { guard: anyGuard(stack, {}, `${id}Guard`), ...props });
  const kinds: [string, string, (vpc: ec2.IVpc) => GuardedFargateServiceOptions][] = [
    ['taskSubnets', 'PrivateSubnet1', ({ privateSubnets: subnets }) => ({ taskSubnets: { subnets } })],
    ['ingress subnets', 'PublicSubnet1', ({ publicSubnets: subnets }) => ({ ingress: Ingress.internetFacing({ subnets: { subnets } }) })],
    ['securityGroups', 'Group', (vpc) => ({ securityGroups: [new ec2.SecurityGroup(vpc, 'Group', { vpc })] })],
  ];

  test.each(kinds)('%s are refused, because the service would use the default VPC', (name, part, options) => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    expect(() => service(options(vpc))).toThrow(new Error(
      `${name} Web/Vpc/${part} is in VPC Web/Vpc, but the cluster is in Web/PhasedFargateCluster/Vpc: pass a vpc or a cluster that matches ${name} (at Web/Api)`));
  });

  test.each(kinds)('%s are accepted with their VPC', (_, __, options) => {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    expect(() => service({ vpc, ...options(vpc) })).not.toThrow();
  });

  test.each(kinds.slice(0, 2))('%s of an imported VPC are refused', (name, part, options) => {
    const [vpc, other] = [existingVpc(stack), existingVpc(stack, 'Other', 'vpc-00000002')];
    expect(() => service({ vpc, ...options(other) })).toThrow(`${name} Web/Other/${part} is in VPC vpc-00000002, but the cluster is in Web/Vpc`);
    expect(() => service({ vpc, ...options(existingVpc(stack, 'Again')) }, 'Same')).not.toThrow();
  });

  test.each(kinds)('%s of a VPC that the app looks up in another stack are accepted', (_, __, options) => {
    const made = new ec2.Vpc(new Stack(app, 'Network'), 'Vpc');
    expect(() => service({ vpc: existingVpc(stack), ...options(made) })).not.toThrow();
  });

  test('that the app knows only by their IDs are accepted', () => {
    service({
      vpc: existingVpc(stack),
      taskSubnets: { subnets: [ec2.Subnet.fromSubnetId(stack, 'Subnet', 'subnet-0123456789')] },
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789')],
    });
    expect(() => app.synth()).not.toThrow();
  });
});
