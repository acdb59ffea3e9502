import { App, CfnParameter, Duration, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import {
  FindingSeverity, ImageRegistry, ImageRegistryProps, ImageRequirement, ImageVersion, Ingress, IngressTargetOptions, LatencyOptions,
  ListenerIngressOptions, LoadBalancerIngressOptions, PhasedFargateService, PhasedFargateServiceProps, RollbackAlarm, Scaling, ScalingOptions,
  ServerErrorsOptions, UnhealthyHostsOptions, WhenMissing,
} from '../../src';
import { existingVpc, sharedVpc } from '../util/network';
import { allPairs, Combination, Impossible } from '../util/pairs';
import { FlagSet, testApp } from '../util/synth';

const ENV = { account: '111122223333', region: 'eu-west-1' };
const ROLE = 'arn:aws:iam::111122223333:role';

/** Values of an option by name. Each creates the resources that it needs in the stack of the service. */
export type Choices<T> = Record<string, (stack: Construct) => T>;

/** A dimension for each option, so that a new option does not compile without one. */
export type ChoicesOf<T, Prefix extends string = ''> = { [K in keyof T & string as `${Prefix}${K}`]-?: Choices<T[K]> };

export const unset = () => undefined;

export const PLACE = {
  'a stack': (app: App) => new Stack(app, 'Service'),
  'a stack with an environment': (app: App) => new Stack(app, 'Service', { env: ENV }),
  'a nested stack': (app: App) => new NestedStack(new Stack(app, 'Service'), 'Nested'),
};

export const FLAGS = { 'no feature flags': true, 'all recommended feature flags': true } satisfies Record<FlagSet, boolean>;

export const SERVICE = {
  imageVersion: {
    'by default': unset,
    'a tag': () => ImageVersion.tag('4f2a9c1'),
    'a digest': () => ImageVersion.digest(`sha256:${'0123456789abcdef'.repeat(4)}`),
    'a moving tag': () => ImageVersion.movingTag('main'),
    'a shared parameter': () => ImageVersion.parameter('Release'),
  },
  whenMissing: {
    'by default': unset,
    'waits': () => WhenMissing.waitFor(Duration.minutes(10)),
    'starts without tasks': () => WhenMissing.startWithoutTasks(),
  },
  requirements: {
    'by default': unset,
    'scanned and signed': () => [
      ImageRequirement.scanned({ failOn: FindingSeverity.HIGH, accept: [{ id: 'CVE-2026-1', reason: 'not reachable' }], waitFor: Duration.minutes(1) }),
      ImageRequirement.signedBy('arn:aws:signer:eu-west-1:111111111111:/signing-profiles/Release'),
    ],
  },
  retainReleasedImages: { 'by default': unset, 'yes': () => true, 'no': () => false },
  cluster: {
    'by default': unset,
    'a given one': (stack) => ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'mp-cluster', vpc: sharedVpc(stack) }),
    'one of another stack': (stack) => {
      const network = new Stack(stack.node.root, 'Network', { env: { account: Stack.of(stack).account, region: Stack.of(stack).region } });
      return new ecs.Cluster(network, 'Cluster', { vpc: existingVpc(network), enableFargateCapacityProviders: true });
    },
  },
  vpc: { 'by default': unset, 'a given one': sharedVpc },
  natGateways: { 'by default': unset, 'none': () => 0, 'one': () => 1 },
  cpu: { 'by default': unset, 'more': () => 1024 },
  memoryLimitMiB: { 'by default': unset, 'more': () => 2048 },
  cpuArchitecture: { 'by default': unset, 'ARM64': () => ecs.CpuArchitecture.ARM64 },
  ephemeralStorageGiB: { 'by default': unset, 'more': () => 100 },
  platformVersion: { 'by default': unset, 'given': () => ecs.FargatePlatformVersion.VERSION1_4 },
  containerName: { 'by default': unset, 'given': () => 'web' },
  containerPort: { 'by default': unset, 'given': () => 8080 },
  command: { 'by default': unset, 'given': () => ['node', 'server.js'] },
  entryPoint: { 'by default': unset, 'given': () => ['/sbin/tini', '--'] },
  workingDirectory: { 'by default': unset, 'given': () => '/app' },
  user: { 'by default': unset, 'given': () => '1000:1000' },
  environment: { 'by default': unset, 'given': () => ({ LOG_LEVEL: 'info' }) },
  environmentFiles: {
    'by default': unset,
    'given': (stack) => [ecs.EnvironmentFile.fromBucket(s3.Bucket.fromBucketName(stack, 'Settings', 'shop-settings'), 'shop.env')],
  },
  secrets: {
    'by default': unset,
    'of Secrets Manager': (stack) => ({ PASSWORD: ecs.Secret.fromSecretsManager(aSecret(stack), 'password') }),
    'of the SSM Parameter Store': (stack) => ({ TOKEN: ecs.Secret.fromSsmParameter(aParameter(stack)) }),
    'of both': (stack) => ({ PASSWORD: ecs.Secret.fromSecretsManager(aSecret(stack)), TOKEN: ecs.Secret.fromSsmParameter(aParameter(stack)) }),
  },
  imageInEnvironment: { 'by default': unset, 'yes': () => true },
  dockerLabels: { 'by default': unset, 'given': () => ({ team: 'shop' }) },
  readonlyRootFilesystem: { 'by default': unset, 'yes': () => true },
  linuxParameters: { 'by default': unset, 'given': (stack) => new ecs.LinuxParameters(stack, 'Linux', { initProcessEnabled: true }) },
  ulimits: { 'by default': unset, 'given': () => [{ name: ecs.UlimitName.NOFILE, softLimit: 65536, hardLimit: 65536 }] },
  stopTimeout: { 'by default': unset, 'given': () => Duration.seconds(90) },
  family: { 'by default': unset, 'given': () => 'shop' },
  healthCheck: { 'by default': unset, 'given': () => ({ command: ['CMD-SHELL', 'curl -f http://localhost/ || exit 1'], interval: Duration.seconds(10) }) },
  logRetention: { 'by default': unset, 'given': () => logs.RetentionDays.ONE_YEAR },
  logDriver: {
    'by default': unset,
    'elsewhere': (stack) => new ecs.SplunkLogDriver({ url: 'https://logs.example.com', secretToken: ecs.Secret.fromSsmParameter(aParameter(stack)) }),
    'a given group': (stack) => ecs.LogDriver.awsLogs({ streamPrefix: 'shop', logGroup: logs.LogGroup.fromLogGroupName(stack, 'Logs', 'shop') }),
  },
  taskRole: { 'by default': unset, 'a given one': (stack) => iam.Role.fromRoleArn(stack, 'TaskRole', `${ROLE}/task`) },
  executionRole: { 'by default': unset, 'a given one': (stack) => iam.Role.fromRoleArn(stack, 'ExecutionRole', `${ROLE}/execution`) },
  serviceName: { 'by default': unset, 'given': () => 'shop' },
  deploymentStrategy: {
    'by default': unset,
    // The lowest aws-cdk-lib has only the first two.
    ...Object.fromEntries((['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'] as const).map((strategy) => [strategy, () => strategy as ecs.DeploymentStrategy])) as
      Record<'ROLLING' | 'BLUE_GREEN' | 'LINEAR' | 'CANARY', () => ecs.DeploymentStrategy>,
  },
  canaryPercent: { 'by default': unset, 'given': () => 12.5 },
  canaryBakeTime: { 'by default': unset, 'given': () => Duration.minutes(15) },
  linearStepPercent: { 'by default': unset, 'given': () => 20 },
  linearStepBakeTime: { 'by default': unset, 'given': () => Duration.minutes(2) },
  bakeTime: { 'by default': unset, 'given': () => Duration.minutes(5) },
  lifecycleHooks: {
    'by default': unset,
    'given': (stack) => [new ecs.DeploymentLifecycleLambdaTarget(
      lambda.Function.fromFunctionAttributes(stack, 'Hook', {
        functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:hook', sameEnvironment: true,
      }), 'BeforeTraffic',
      { lifecycleStages: [ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT] },
    )],
  },
  circuitBreaker: { 'by default': unset, 'without rollback': () => ({ rollback: false }), 'off': () => ({ enable: false }) },
  circuitBreakerFailureCount: { 'by default': unset, 'given': () => 5 },
  circuitBreakerResetOnHealthyTask: { 'by default': unset, 'yes': () => true },
  failureTopic: {
    'by default': unset,
    'a plain one': (stack) => new sns.Topic(stack, 'Topic'),
    'an encrypted one': (stack) => new sns.Topic(stack, 'Topic', { masterKey: new kms.Key(stack, 'Key') }),
  },
  minHealthyPercent: { 'by default': unset, 'less': () => 50 },
  maxHealthyPercent: { 'by default': unset, 'less': () => 150 },
  healthCheckGracePeriod: { 'by default': unset, 'given': () => Duration.minutes(2) },
  capacityProviderStrategies: {
    'by default': unset,
    'Spot': () => [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    'a mix': () => [{ capacityProvider: 'FARGATE', base: 1, weight: 1 }, { capacityProvider: 'FARGATE_SPOT', weight: 3 }],
  },
  availabilityZoneRebalancing: {
    'by default': unset, 'enabled': () => ecs.AvailabilityZoneRebalancing.ENABLED, 'disabled': () => ecs.AvailabilityZoneRebalancing.DISABLED,
  },
  propagateTags: { 'by default': unset, 'of the service': () => ecs.PropagatedTagSource.SERVICE },
  enableECSManagedTags: { 'by default': unset, 'yes': () => true },
  cloudMapOptions: {
    'by default': unset,
    'given': (stack) => ({
      name: 'shop',
      cloudMapNamespace: servicediscovery.PrivateDnsNamespace.fromPrivateDnsNamespaceAttributes(stack, 'Namespace', {
        namespaceName: 'internal', namespaceId: 'ns-abcdefgh1234', namespaceArn: 'arn:aws:servicediscovery:eu-west-1:111122223333:namespace/ns-abcdefgh1234',
      }),
    }),
  },
  enableExecuteCommand: { 'by default': unset, 'yes': () => true },
  taskSubnets: { 'by default': unset, 'public': () => ({ subnetType: ec2.SubnetType.PUBLIC }), 'one per zone': () => ({ onePerAz: true }) },
  assignPublicIp: { 'by default': unset, 'yes': () => true },
  securityGroups: {
    'by default': unset,
    'given': (stack) => [ec2.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-01234567')],
  },
} satisfies ChoicesOf<Omit<PhasedFargateServiceProps, 'registry' | 'ingress' | 'rollbackOn' | 'scaling'>>;

const INGRESS = {
  'none': () => Ingress.none(),
  'by default': () => undefined,
  'internetFacing': (_: Construct, options: LoadBalancerIngressOptions) => Ingress.internetFacing(options),
  'internalOnly': (_: Construct, options: LoadBalancerIngressOptions) => Ingress.internalOnly(options),
  'onListener, by host': (stack: Construct, options: LoadBalancerIngressOptions) =>
    Ingress.onListener(aListener(stack), { priority: 1, hostPatterns: ['shop.example.com'], ...options }),
  'onListener, by path': (stack: Construct, options: LoadBalancerIngressOptions) =>
    Ingress.onListener(aListener(stack), { priority: 50_000, pathPatterns: ['/shop/*'], ...options }),
};

const TARGETS = {
  'ingress.healthCheck': { 'by default': unset, 'given': () => ({ path: '/health', interval: Duration.seconds(10) }) },
  'ingress.deregistrationDelay': { 'by default': unset, 'given': () => Duration.seconds(10) },
  'ingress.slowStart': { 'by default': unset, 'given': () => Duration.minutes(1) },
  'ingress.stickinessCookieDuration': { 'by default': unset, 'given': () => Duration.hours(1) },
  'ingress.conditions': {
    'by default': unset,
    'given': () => [elbv2.ListenerCondition.httpHeader('X-Origin-Secret', ['s3cr3t']), elbv2.ListenerCondition.sourceIps(['10.0.0.0/8'])],
  },
};

const LOAD_BALANCER = {
  'ingress.certificate': {
    'by default': unset,
    'given': (stack: Construct) => acm.Certificate.fromCertificateArn(stack, 'Certificate',
      'arn:aws:acm:eu-west-1:111122223333:certificate/4f9d2c1e-8b7a-6d5c-4b3a-29180f7e6d5c'),
  },
  'ingress.additionalCertificates': {
    'by default': unset,
    'given': (stack: Construct) => [acm.Certificate.fromCertificateArn(stack, 'Another',
      'arn:aws:acm:eu-west-1:111122223333:certificate/5f9d2c1e-8b7a-6d5c-4b3a-29180f7e6d5c')],
  },
  'ingress.sslPolicy': { 'by default': unset, 'given': () => elbv2.SslPolicy.TLS13_13 },
  'ingress.testListenerPort': { 'by default': unset, 'given': () => 9443 },
  'ingress.subnets': { 'by default': unset, 'given': () => ({ subnetType: ec2.SubnetType.PUBLIC, onePerAz: true }) },
  'ingress.ipAddressType': { 'by default': unset, 'dual stack': () => elbv2.IpAddressType.DUAL_STACK },
  'ingress.listenerPort': { 'by default': unset, 'given': () => 8443 },
  'ingress.redirectHTTP': { 'by default': unset, 'yes': () => true, 'no': () => false },
  'ingress.openListener': { 'by default': unset, 'no': () => false },
  'ingress.idleTimeout': { 'by default': unset, 'given': () => Duration.minutes(5) },
  'ingress.domainName': { 'by default': unset, 'given': () => 'shop.example.com' },
  'ingress.domainZone': {
    'by default': unset,
    'given': (stack: Construct) => route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' }),
  },
};

/** Optional options of a shared listener. Its other options are part of the choice of the ingress. */
const SHARED_LISTENER = {
  'ingress.testListener': { 'by default': unset, 'given': (stack: Construct) => aListener(stack, 'TestListener') },
};

const ROLLBACK_ON = {
  'by default': unset,
  'alarms of the service': (_: Construct, { count, percentile, evaluationPeriods }: AlarmOptions) => [
    RollbackAlarm.serverErrors({ percent: 1, evaluationPeriods }),
    RollbackAlarm.unhealthyHosts({ count, evaluationPeriods }),
    RollbackAlarm.latency({ threshold: Duration.seconds(1), percentile, evaluationPeriods }),
  ],
  'an alarm of the user': (stack: Construct) => [cloudwatch.Alarm.fromAlarmName(stack, 'Alarm', 'refunds')],
};

const ALARM_OPTIONS = {
  'rollbackOn.count': { 'by default': unset, 'given': () => 2 },
  'rollbackOn.percentile': { 'by default': unset, 'given': () => 95 },
  'rollbackOn.evaluationPeriods': { 'by default': unset, 'given': () => 5 },
};

const SCALING = {
  'by default': unset,
  'exactly': () => Scaling.exactly(3),
  'exactly what a parameter says': (stack: Construct) => Scaling.exactly(new CfnParameter(stack, 'Count', { type: 'Number', default: 2 }).valueAsNumber),
  'between': (_: Construct, options: ScalingOptions) => Scaling.between(2, 20, options),
};

const SCALING_OPTIONS = {
  'scaling.cpuTargetUtilizationPercent': { 'by default': unset, 'given': () => 50 },
  'scaling.memoryTargetUtilizationPercent': { 'by default': unset, 'given': () => 60 },
  'scaling.requestsPerTarget': { 'by default': unset, 'given': () => 1000 },
  'scaling.customMetrics': { 'by default': unset, 'given': () => ({ sessions: { metric: aMetric(), targetValue: 100 } }) },
  'scaling.metricSteps': {
    'by default': unset,
    'given': () => ({ orders: { metric: aMetric(), scalingSteps: [{ upper: 0, change: -1 }, { lower: 100, change: 1 }] } }),
  },
  'scaling.queue': { 'by default': unset, 'given': (stack: Construct) => new sqs.Queue(stack, 'Queue') },
  'scaling.messagesPerTask': { 'by default': unset, 'given': () => 50 },
  'scaling.scaleInCooldown': { 'by default': unset, 'given': () => Duration.minutes(10) },
  'scaling.scaleOutCooldown': { 'by default': unset, 'given': () => Duration.seconds(30) },
  'scaling.schedules': {
    'by default': unset,
    'given': () => ({ night: { schedule: appscaling.Schedule.cron({ hour: '22', minute: '0' }), maxCapacity: 10 } }),
  },
};

const REGISTRY = {
  'by default': () => undefined,
  'an ImageRegistry': (stack: Construct, options: ImageRegistryProps) => new ImageRegistry(beside(stack), 'Images', options),
  'an ImageRegistry of another account': (stack: Construct, options: ImageRegistryProps) =>
    new ImageRegistry(beside(stack, { account: '222222222222', region: 'eu-west-1' }), 'Images', options),
  'a repository': (stack: Construct) => new ecr.Repository(beside(stack), 'Images', { repositoryName: 'shop' }),
  'an imported repository': (stack: Construct) => ecr.Repository.fromRepositoryName(stack, 'Images', 'shop'),
};

const REGISTRY_OPTIONS = {
  'registry.repositoryName': { 'by default': unset, 'given': () => 'team/shop' },
  'registry.removalPolicy': { 'by default': unset, 'DESTROY': () => RemovalPolicy.DESTROY },
  'registry.imageScanOnPush': { 'by default': unset, 'no': () => false },
  'registry.maxImageCount': { 'by default': unset, 'given': () => 20 },
  'registry.maxUntaggedImageAge': { 'by default': unset, 'given': () => Duration.days(3) },
  'registry.signingProfile': {
    'by default': unset,
    'given': () => 'arn:aws:signer:eu-west-1:111111111111:/signing-profiles/Release',
  },
  'registry.encryptionKey': { 'by default': unset, 'given': (stack: Construct) => kms.Key.fromKeyArn(stack, 'ImagesKey', 'arn:aws:kms:eu-west-1:111122223333:key/images') },
};

type AlarmOptions = Omit<ServerErrorsOptions & UnhealthyHostsOptions & LatencyOptions, 'percent' | 'threshold'>;
type SharedListenerOptions = Omit<ListenerIngressOptions, keyof IngressTargetOptions | 'priority' | 'hostPatterns' | 'pathPatterns'>;

const OF_INGRESS = { ...TARGETS, ...LOAD_BALANCER, ...SHARED_LISTENER } satisfies ChoicesOf<LoadBalancerIngressOptions & SharedListenerOptions, 'ingress.'>;
const OF_ALARMS = ALARM_OPTIONS satisfies ChoicesOf<AlarmOptions, 'rollbackOn.'>;
const OF_SCALING = SCALING_OPTIONS satisfies ChoicesOf<ScalingOptions, 'scaling.'>;
const OF_REGISTRY = REGISTRY_OPTIONS satisfies ChoicesOf<ImageRegistryProps, 'registry.'>;

export const DIMENSIONS = {
  place: PLACE,
  flags: FLAGS,
  registry: REGISTRY,
  ...OF_REGISTRY,
  ingress: INGRESS,
  ...OF_INGRESS,
  scaling: SCALING,
  ...OF_SCALING,
  rollbackOn: ROLLBACK_ON,
  ...OF_ALARMS,
  ...SERVICE,
};

type Matrix = typeof DIMENSIONS;
export type Options = Combination<Matrix>;

/** Combinations that the library refuses, and the errors. `among` contains further choices without which a combination is impossible. */
export const REFUSED: (Impossible<Matrix> & { readonly error: RegExp; readonly among?: Partial<Options> })[] = [
  {
    because: 'a cluster has its own VPC',
    choices: { cluster: given('cluster'), vpc: given('vpc') },
    error: /cluster and vpc conflict/,
  },
  ...(['cluster', 'vpc'] as const).map((option) => ({
    because: 'only the default VPC gets NAT gateways',
    choices: { natGateways: given('natGateways'), [option]: given(option) },
    error: new RegExp(`natGateways and ${option} conflict`),
  })),
  {
    because: 'your own log driver determines the log retention',
    choices: { logDriver: given('logDriver'), logRetention: given('logRetention') },
    error: /logRetention \d+ has no effect with logDriver/,
  },
  {
    because: 'autoscaling would start tasks',
    choices: { whenMissing: ['starts without tasks'], scaling: ['between'] },
    error: /Scaling\.between starts tasks on its own/,
  },
  {
    because: 'the guard needs a known number of tasks',
    choices: { whenMissing: ['starts without tasks'], scaling: ['exactly what a parameter says'] },
    error: /count must be known at synthesis/,
  },
  {
    because: 'there are no requests to count',
    choices: { 'ingress': ['none'], 'scaling.requestsPerTarget': ['given'] },
    error: /requestsPerTarget 1000 needs a load balancer/,
  },
  {
    because: 'nothing checks the health of the service',
    choices: { ingress: ['none'], healthCheckGracePeriod: given('healthCheckGracePeriod') },
    error: /healthCheckGracePeriod is set, but the service has no health checks/,
  },
  {
    because: 'there is nothing to measure',
    choices: { ingress: ['none'], rollbackOn: ['alarms of the service'] },
    error: /rollbackOn with a RollbackAlarm needs a load balancer/,
  },
  ...Object.entries({ canaryPercent: 'CANARY', canaryBakeTime: 'CANARY', linearStepPercent: 'LINEAR', linearStepBakeTime: 'LINEAR' }).map(([option, strategy]) => ({
    because: 'each strategy has its own settings',
    choices: {
      deploymentStrategy: (['by default', 'ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'] as const).filter((each) => each !== strategy),
      [option]: ['given'],
    },
    error: new RegExp(`${option} needs the deploymentStrategy ${strategy}`),
  })),
  {
    because: 'there is no traffic to shift in steps',
    choices: { ingress: ['none'], deploymentStrategy: ['LINEAR', 'CANARY'] },
    error: /deploymentStrategy (LINEAR|CANARY) has no traffic to shift/,
  },
  {
    because: 'ECS cannot shift traffic in Cloud Map',
    choices: { deploymentStrategy: ['BLUE_GREEN', 'LINEAR', 'CANARY'], cloudMapOptions: given('cloudMapOptions') },
    error: /cloudMapOptions conflicts with deploymentStrategy/,
  },
  {
    because: 'a rolling deployment tests nothing before traffic shifts',
    choices: { 'deploymentStrategy': ['by default', 'ROLLING'], 'ingress.testListenerPort': given('ingress.testListenerPort') },
    error: /testListenerPort 9443 needs a deploymentStrategy that shifts traffic/,
  },
  {
    because: 'a rolling deployment tests nothing before traffic shifts',
    choices: { 'deploymentStrategy': ['by default', 'ROLLING'], 'ingress.testListener': given('ingress.testListener') },
    among: { ingress: 'onListener, by host' },
    error: /testListener \S+ needs a deploymentStrategy that shifts traffic/,
  },
  ...(['ingress.sslPolicy', 'ingress.additionalCertificates'] as const).map((option) => ({
    because: 'there is no HTTPS without a certificate',
    choices: { 'ingress.certificate': ['by default' as const], [option]: ['given' as const] },
    error: /needs a certificate: without one, the load balancer speaks plain HTTP/,
  })),
  ...([['scaling.queue', 'scaling.messagesPerTask'], ['scaling.messagesPerTask', 'scaling.queue']] as const).map(([one, other]) => ({
    because: 'a backlog needs a queue and a target',
    choices: { [one]: ['given' as const], [other]: ['by default' as const] },
    error: /needs messagesPerTask|needs a queue/,
  })),
  {
    because: 'a rolling deployment has no moment at which traffic shifts',
    choices: { deploymentStrategy: ['by default', 'ROLLING'], bakeTime: given('bakeTime') },
    error: /bakeTime needs a deploymentStrategy that shifts traffic/,
  },
  {
    because: 'a rolling deployment has no moment at which traffic shifts',
    choices: { deploymentStrategy: ['by default', 'ROLLING'], lifecycleHooks: given('lifecycleHooks') },
    error: /lifecycleHooks needs a deploymentStrategy that shifts traffic/,
  },
  {
    because: 'a circuit breaker that is off counts nothing',
    choices: { circuitBreaker: ['off'], circuitBreakerFailureCount: given('circuitBreakerFailureCount') },
    error: /circuitBreakerFailureCount 5 has no effect, because circuitBreaker\.enable is false/,
  },
  {
    because: 'a circuit breaker that is off counts nothing',
    choices: { circuitBreaker: ['off'], circuitBreakerResetOnHealthyTask: given('circuitBreakerResetOnHealthyTask') },
    error: /circuitBreakerResetOnHealthyTask true has no effect, because circuitBreaker\.enable is false/,
  },
  {
    because: 'there is no HTTPS to redirect to',
    choices: { 'ingress.certificate': ['by default'], 'ingress.redirectHTTP': ['yes'] },
    error: /redirectHTTP true needs a certificate/,
  },
  {
    because: 'a record needs a name and a zone',
    choices: { 'ingress.domainName': given('ingress.domainName'), 'ingress.domainZone': ['by default'] },
    error: /domainName shop\.example\.com needs a domainZone/,
  },
  {
    because: 'a record needs a name and a zone',
    choices: { 'ingress.domainName': ['by default'], 'ingress.domainZone': given('ingress.domainZone') },
    error: /domainZone \S+ needs a domainName/,
  },
];

/** Combinations that cannot be expressed or that AWS does not support. */
export const NOT_THERE: Impossible<Matrix>[] = [
  ...without(TARGETS, { ingress: ['none', 'by default'] }),
  ...without(LOAD_BALANCER, { ingress: ['none', 'by default', 'onListener, by host', 'onListener, by path'] }),
  ...without(SHARED_LISTENER, { ingress: ['none', 'by default', 'internetFacing', 'internalOnly'] }),
  ...without(ALARM_OPTIONS, { rollbackOn: ['by default', 'an alarm of the user'] }),
  ...without(SCALING_OPTIONS, { scaling: ['by default', 'exactly', 'exactly what a parameter says'] }),
  // The default VPC has no IPv6 addresses. A separate test covers that case.
  { because: 'only an existing VPC can have IPv6 addresses', choices: { 'ingress.ipAddressType': ['dual stack'], 'vpc': ['by default'] } },
  { because: 'an existing VPC contradicts a cluster', choices: { 'ingress.ipAddressType': ['dual stack'], 'cluster': given('cluster') } },
  { because: 'an existing VPC contradicts NAT gateways', choices: { 'ingress.ipAddressType': ['dual stack'], 'natGateways': given('natGateways') } },
  ...without(REGISTRY_OPTIONS, { registry: ['by default', 'a repository', 'an imported repository'] }),
];

export const COMBINATIONS = allPairs(DIMENSIONS, [...REFUSED, ...NOT_THERE]);

export function build(options: Options): App {
  const app = testApp({}, options.flags);
  const scope = PLACE[options.place](app);
  const chosen = (dimensions: Record<string, Choices<unknown>>, prefix = '') => Object.fromEntries(
    Object.entries(dimensions).map(([name, choices]) => [name.slice(prefix.length), choices[options[name as keyof Options]](scope)])
      .filter(([, value]) => value !== undefined));

  new PhasedFargateService(scope, 'Api', {
    ...chosen(SERVICE),
    registry: REGISTRY[options.registry](scope, chosen(OF_REGISTRY, 'registry.')),
    ingress: INGRESS[options.ingress](scope, chosen(OF_INGRESS, 'ingress.')),
    scaling: SCALING[options.scaling](scope, chosen(OF_SCALING, 'scaling.')),
    rollbackOn: ROLLBACK_ON[options.rollbackOn](scope, chosen(OF_ALARMS, 'rollbackOn.')),
  });
  return app;
}

function given<K extends keyof Matrix>(option: K): (keyof Matrix[K] & string)[] {
  return (Object.keys(DIMENSIONS[option]) as (keyof Matrix[K] & string)[]).filter((choice) => choice !== 'by default');
}

/** These options apply to a resource that does not exist with this choice. */
function without(options: object, choice: Impossible<Matrix>['choices']): Impossible<Matrix>[] {
  return (Object.keys(options) as (keyof Matrix)[]).map((option) => ({
    because: 'no resource takes the option', choices: { ...choice, [option]: given(option) },
  }));
}

function aMetric(): cloudwatch.Metric {
  return new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Sessions', statistic: 'Average' });
}

function beside(stack: Construct, env = { account: Stack.of(stack).account, region: Stack.of(stack).region }): Stack {
  return stack.node.root.node.tryFindChild('Images') as Stack | undefined ?? new Stack(stack.node.root, 'Images', { env });
}

function aSecret(stack: Construct): secretsmanager.ISecret {
  return secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'shop');
}

function aParameter(stack: Construct): ssm.IParameter {
  return stack.node.tryFindChild('Parameter') as ssm.IParameter | undefined
    ?? ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Parameter', { parameterName: '/shop/token' });
}

/** A listener of one load balancer. The number at the end of its ARN depends on the ID. */
function aListener(stack: Construct, id: 'Listener' | 'TestListener' = 'Listener'): elbv2.IApplicationListener {
  const number = { Listener: 'f2f7dc8efc522ab2', TestListener: 'a1b2c3d4e5f60718' }[id];
  return elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, id, {
    listenerArn: `arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/${number}`,
    securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, `${id}SecurityGroup`, 'sg-89abcdef'),
  });
}
