import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Duration, Fn, Lazy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, PhasedFargateService } from '../../src';
import { conditional } from '../util/conditional';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function service(props: GuardedFargateServiceOptions = {}): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc: existingVpc(stack), ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

function container(): any {
  const [{ Properties }] = Object.values(template().findResources('AWS::ECS::TaskDefinition'));
  return Properties.ContainerDefinitions[0];
}

test('the container has the specified user, working directory, limits, and stop timeout', () => {
  service({
    user: '1000:1000',
    workingDirectory: '/app',
    ulimits: [{ name: ecs.UlimitName.NOFILE, softLimit: 65536, hardLimit: 65536 }],
    stopTimeout: Duration.seconds(120),
  });
  expect(container()).toMatchObject({
    User: '1000:1000', WorkingDirectory: '/app', Ulimits: [{ Name: 'nofile', SoftLimit: 65536, HardLimit: 65536 }], StopTimeout: 120,
  });
});

describe('Linux parameters', () => {
  test('such as an init process are passed on', () => {
    service({ linuxParameters: new ecs.LinuxParameters(stack, 'Linux', { initProcessEnabled: true }) });
    expect(container().LinuxParameters).toMatchObject({ InitProcessEnabled: true });
  });

  test.each<[string, ecs.LinuxParametersProps]>([
    ['sharedMemorySize', { sharedMemorySize: 64 }], ['maxSwap', { maxSwap: Size.mebibytes(64) }],
  ])('%s is refused, because Fargate does not support it', (name, props) => {
    service({ linuxParameters: new ecs.LinuxParameters(stack, 'Linux', props) });
    expect(() => app.synth()).toThrow(`[Web/Api] linuxParameters.${name} of container "app" is not supported by Fargate: leave it out`);
  });

  test('devices are refused, even if they are added later', () => {
    const linuxParameters = new ecs.LinuxParameters(stack, 'Linux');
    service({ linuxParameters });
    linuxParameters.addDevices({ hostPath: '/dev/fuse' });
    expect(() => app.synth()).toThrow('[Web/Api] linuxParameters.devices of container "app" is not supported by Fargate: leave it out');
  });

  test.each<[string, (containers: object[]) => unknown]>([
    ['a list', (containers) => containers],
    ['a token', (containers) => Lazy.any({ produce: () => containers })],
  ])('are also checked in container definitions that an escape hatch replaces by %s', (_, given) => {
    const { taskDefinition } = service().ecsService;
    const resource = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
    resource.containerDefinitions = given([{ name: 'own', image: 'x', linuxParameters: { maxSwap: 1 } }]) as any;
    expect(() => app.synth()).toThrow('[Web/Api] linuxParameters.maxSwap of container "own" is not supported by Fargate: leave it out');
  });
});

describe('container definitions that an escape hatch replaces', () => {
  const replace = (definitions: unknown) => {
    const { taskDefinition } = service().ecsService;
    (taskDefinition.node.defaultChild as ecs.CfnTaskDefinition).containerDefinitions = definitions as any;
  };
  const either = (value: unknown) => conditional(stack, value);
  const variable = { name: 'A', value: 'x' };

  test.each<[string, () => unknown]>([
    ['the whole list', () => either([{ name: 'own', image: 'x' }])],
    ['a container', () => [either({ name: 'own', image: 'x' })]],
    ['the environment', () => [{ name: 'own', image: 'x', environment: either([variable]) }]],
    ['the secrets', () => [{ name: 'own', image: 'x', secrets: either([{ name: 'A', valueFrom: 'x' }]) }]],
    ['a variable', () => [{ name: 'own', image: 'x', environment: [either(variable)] }]],
    ['the capabilities', () => [{ name: 'own', image: 'x', linuxParameters: { capabilities: { add: either(['SYS_PTRACE']) } } }]],
    ['the log configuration', () => [{ name: 'own', image: 'x', logConfiguration: either({ logDriver: 'awslogs' }) }]],
  ])('can contain an intrinsic function in place of %s', (_, definitions) => {
    replace(definitions());
    expect(() => app.synth()).not.toThrow();
  });

  test('are also checked in nested tokens', () => {
    const lazy = (value: unknown) => Lazy.any({ produce: () => value });
    replace(lazy(lazy([lazy({ name: 'own', image: 'x', environment: lazy([lazy(variable)]), secrets: lazy([{ name: 'A', valueFrom: 'x' }]) })])));
    expect(() => app.synth()).toThrow('[Web/Api] environment and secrets of container "own" both set A: set it in only one of them');
  });
});

describe('log drivers that Fargate does not support', () => {
  test('are refused', () => {
    service({ logDriver: ecs.LogDrivers.fluentd() });
    expect(() => app.synth()).toThrow('[Web/Api] logDriver "fluentd" of container "app" is not supported by Fargate: pass one of awslogs, awsfirelens, splunk');
  });

  test('are exactly these', () => {
    service({ logDriver: ecs.LogDrivers.firelens({}) });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('environment files', () => {
  const bucket = () => s3.Bucket.fromBucketName(stack, 'Bucket', 'settings');
  const local = (content: string, name = 'app.env') => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-env-')), name);
    fs.writeFileSync(file, content);
    return ecs.EnvironmentFile.fromAsset(file);
  };

  test('can be read by the execution role, which has no access to other files in the bucket', () => {
    service({ environmentFiles: [ecs.EnvironmentFile.fromBucket(bucket(), 'api/prod.env')] });
    const arn = (suffix = '') => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::settings${suffix}`]] });
    expect(container().EnvironmentFiles).toEqual([{ Type: 's3', Value: arn('/api/prod.env') }]);
    template().hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('ExecutionRole') }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          { Effect: 'Allow', Action: 's3:GetBucketLocation', Resource: arn() },
          { Effect: 'Allow', Action: 's3:GetObject', Resource: arn('/api/prod.env') },
        ]),
      },
    });
  });

  test('can be several local files, although aws-cdk-lib alone supports only one', () => {
    service({ environmentFiles: [local('A=1'), local('B=2')] });
    expect(container().EnvironmentFiles).toHaveLength(2);
  });

  test('must end with .env, as ECS requires', () => {
    expect(() => service({ environmentFiles: [ecs.EnvironmentFile.fromBucket(bucket(), 'api/settings.txt')] })).toThrow(new Error(
      'environmentFiles[0] api/settings.txt does not end with .env: ECS accepts no other files (at Web/Api)'));
  });

  test.each([
    ['settings.txt', 'does not end with .env: ECS accepts no other files'],
    ['.env', 'loses its extension when aws-cdk-lib uploads it: give the file a name before .env, such as app.env'],
  ])('that are local cannot be named %s, and the error shows their path', (name, message) => {
    const file = local('A=1', name);
    expect(() => service({ environmentFiles: [file] })).toThrow(new Error(`environmentFiles[0] ${file.path} ${message} (at Web/Api)`));
  });

  test('are 10 at most', () => {
    const environmentFiles = Array.from({ length: 11 }, (_, index) => ecs.EnvironmentFile.fromBucket(s3.Bucket.fromBucketName(stack, `B${index}`, 'settings'), 'a.env'));
    expect(() => service({ environmentFiles })).toThrow(new Error('environmentFiles has 11 files: ECS allows 10 (at Web/Api)'));
  });
});

test('a variable that is added later from another source is refused at synthesis', () => {
  const { container: web } = service({ environment: { PASSWORD: 'x' } });
  web.addSecret('PASSWORD', ecs.Secret.fromSsmParameter(
    ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/password' })));
  expect(() => app.synth()).toThrow(
    '[Web/Api] environment and secrets of container "app" both set PASSWORD: set it in only one of them');
});

test.each(['', ' '])('a variable with a blank name is refused at synthesis: "%s"', (name) => {
  service({ environment: { STAGE: 'prod', [name]: 'x' } });
  expect(() => app.synth()).toThrow(
    `[Web/Api] environment of container "app" has a variable with the blank name "${name}": pass a name`);
});

test('a secret without a name is refused at synthesis', () => {
  const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/password' });
  service({ secrets: { '': ecs.Secret.fromSsmParameter(parameter) } });
  expect(() => app.synth()).toThrow('[Web/Api] secrets of container "app" has a variable with the blank name "": pass a name');
});

test('a variable without a name is refused in a sidecar too', () => {
  const { taskDefinition } = service();
  taskDefinition.addContainer('Proxy', { image: ecs.ContainerImage.fromRegistry('proxy') }).addEnvironment('', 'x');
  expect(() => app.synth()).toThrow('[Web/Api] environment of container "Proxy" has a variable with the blank name "": pass a name');
});

test('a variable can have an empty value, or a token as its name', () => {
  service({ environment: { EMPTY: '', [Fn.importValue('name')]: 'x' } });
  expect(() => app.synth()).not.toThrow();
});

test('connections have the port of the container as their default', () => {
  const api = service({ containerPort: 8080 });
  api.connections.allowDefaultPortFrom(ec2.Peer.ipv4('10.1.0.0/16'));
  template().hasResourceProperties('AWS::EC2::SecurityGroup', {
    SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 8080, ToPort: 8080 })],
  });
});

test('connections of a container without a port have no default port', () => {
  expect(service().connections.defaultPort).toBeUndefined();
});

test('a phased service exposes the same constructs as the service of aws-ecs-patterns', () => {
  const api = new PhasedFargateService(stack, 'Api', { vpc: existingVpc(stack), ingress: Ingress.internalOnly() });
  for (const name of ['cluster', 'taskDefinition', 'loadBalancer', 'listener', 'targetGroup'] as const) {
    expect(api[name]).toBe(api.service[name]);
    expect(api[name]).toBeDefined();
  }
});
