import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Ingress, PhasedFargateService, PhasedFargateServiceProps, RollbackAlarm, Scaling } from '../../src';
import { existingVpc, sharedVpc } from '../util/network';
import { testApp } from '../util/synth';

/** Checks of nested values: members of structs, units of durations, and values that only AWS would refuse. */

const { httpHeader, hostHeaders, httpRequestMethods, pathPatterns, queryStrings, sourceIps } = elbv2.ListenerCondition;

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function service(props: object): PhasedFargateService {
  return new PhasedFargateService(stack, 'Api', { vpc: sharedVpc(stack), ...props } as PhasedFargateServiceProps);
}

function aNumber(): number {
  return new CfnParameter(stack, 'Number', { type: 'Number', default: 5 }).valueAsNumber;
}

const metric = new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Orders', statistic: 'Sum' });
const schedule = appscaling.Schedule.cron({ hour: '22', minute: '0' });
const steps = [{ upper: 0, change: -1 }, { lower: 10, change: 1 }];

describe('a property name within an option', () => {
  test.each<[string, object]>([
    ['healthCheck.intervall is not an option: did you mean interval?', { healthCheck: { command: ['x'], intervall: Duration.seconds(5) } }],
    ['ulimits[0].softlimit is not an option: did you mean softLimit?', { ulimits: [{ name: 'nofile', softlimit: 1, hardLimit: 2 }] }],
    ['circuitBreaker.rolback is not an option: did you mean rollback?', { circuitBreaker: { rolback: true } }],
    ['taskSubnets.onePerAZ is not an option: did you mean onePerAz?', { taskSubnets: { onePerAZ: true } }],
    ['capacityProviderStrategies[0].wieght is not an option: did you mean weight?', { capacityProviderStrategies: [{ capacityProvider: 'FARGATE', wieght: 1 }] }],
  ])('that is misspelled is refused: %s', (message, props) => {
    expect(() => service(props)).toThrow(new Error(`${message} (at Web/Api/Service)`));
  });

  test.each<[string, () => unknown]>([
    ['Ingress.internetFacing: healthCheck.intervall is not an option: did you mean interval?', () => Ingress.internetFacing({ healthCheck: { intervall: Duration.seconds(9) } as any })],
    ['Scaling.between: schedules.night.minCapcity is not an option: did you mean minCapacity?',
      () => Scaling.between(1, 2, { schedules: { night: { schedule, minCapcity: 1, maxCapacity: 2 } as any } })],
  ])('that is misspelled in the options of a factory is refused: %s', (message, make) => {
    expect(make).toThrow(new Error(message));
  });
});

describe('an unknown option of a factory', () => {
  test.each<[string, () => unknown]>([
    ['Ingress.internetFacing: vpcSubnets is not an option: the options are healthCheck, deregistrationDelay, ', () => Ingress.internetFacing({ vpcSubnets: {} } as any)],
    ['Scaling.between: targetUtilizationPercent is not an option: the options are cpuTargetUtilizationPercent, ', () => Scaling.between(1, 2, { targetUtilizationPercent: 50 } as any)],
    ['RollbackAlarm.serverErrors: precent is not an option: did you mean percent?', () => RollbackAlarm.serverErrors({ precent: 1 } as any)],
  ])('is refused, even if it resembles no other option: %s', (message, make) => {
    expect(make).toThrow(message);
  });

  test('is accepted if it is undefined', () => {
    expect(() => Ingress.internetFacing({ vpcSubnets: undefined } as any)).not.toThrow();
  });
});

describe('a duration whose length is a token', () => {
  test.each<[string, (length: Duration) => object]>([
    ['stopTimeout', (stopTimeout) => ({ stopTimeout })],
    ['healthCheckGracePeriod', (healthCheckGracePeriod) => ({ healthCheckGracePeriod })],
  ])('is refused for %s in minutes, and accepted in seconds', (name, props) => {
    expect(() => service(props(Duration.minutes(aNumber())))).toThrow(new Error(
      `${name} is a token in minutes, which cannot be converted: pass Duration.seconds(…) (at Web/Api/Service)`));
    stack = new Stack(testApp(), 'Again');
    service(props(Duration.seconds(aNumber())));
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test.each(['interval', 'timeout', 'startPeriod'])('is refused for healthCheck.%s in any unit, because aws-cdk-lib checks its length', (name) => {
    expect(() => service({ healthCheck: { command: ['x'], [name]: Duration.seconds(aNumber()) } })).toThrow(
      `healthCheck.${name} must be known at synthesis (at Web/Api/Service)`);
  });

  test.each<[string, (length: Duration) => object]>([
    ['bakeTime', (bakeTime) => ({ bakeTime })],
    ['canaryBakeTime', (canaryBakeTime) => ({ canaryBakeTime })],
  ])('is refused for %s in seconds', (name, props) => {
    expect(() => service({ deploymentStrategy: 'CANARY', ...props(Duration.seconds(aNumber())) })).toThrow(
      `${name} is a token in seconds, which cannot be converted: pass Duration.minutes(…)`);
  });

  test.each(['idleTimeout', 'deregistrationDelay', 'slowStart', 'stickinessCookieDuration'])('is refused for %s of an ingress in minutes', (name) => {
    expect(() => Ingress.internetFacing({ [name]: Duration.minutes(aNumber()) })).toThrow(
      `Ingress.internetFacing: ${name} is a token in minutes, which cannot be converted: pass Duration.seconds(…)`);
  });
});

describe('a setting of a container', () => {
  test.each<[string, object]>([
    ['ulimits[0].name "nofiles" is not one of core, cpu, ', { ulimits: [{ name: 'nofiles', softLimit: 1, hardLimit: 2 }] }],
    ['ulimits nofile: softLimit 1.5 is not a limit: pass a whole number, or -1 for no limit', { ulimits: [{ name: 'nofile', softLimit: 1.5, hardLimit: 2 }] }],
    ['ulimits nofile: softLimit -2 is not a limit', { ulimits: [{ name: 'nofile', softLimit: -2, hardLimit: 2 }] }],
    ['ulimits nofile: softLimit NaN is not a limit', { ulimits: [{ name: 'nofile', softLimit: NaN, hardLimit: 2 }] }],
    ['ulimits nofile: softLimit unlimited exceeds hardLimit 2', { ulimits: [{ name: 'nofile', softLimit: -1, hardLimit: 2 }] }],
    ['ulimits lists nofile twice', { ulimits: [1, 2].map((softLimit) => ({ name: 'nofile', softLimit, hardLimit: 2 })) }],
    ...['', ' ', ':', 'app:', 'a:b:c', 'two words'].map((user): [string, object] => [`user "${user}" is not a user: pass a name or a number`, { user }]),
  ])('is refused if ECS would refuse it: %s', (message, props) => {
    expect(() => service(props)).toThrow(message);
  });

  test.each(['app', '1000', '1000:1000', 'app:1000'])('can be the user %s, and a limit can be infinite', (user) => {
    service({ user, ulimits: [{ name: ecs.UlimitName.NOFILE, softLimit: 1024, hardLimit: -1 }] });
    Template.fromStack(stack).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ User: user, Ulimits: [{ Name: 'nofile', SoftLimit: 1024, HardLimit: -1 }] })],
    });
  });

  test('cannot add a capability that Fargate does not support', () => {
    const linuxParameters = new ecs.LinuxParameters(stack, 'Linux');
    linuxParameters.addCapabilities(ecs.Capability.SYS_PTRACE, ecs.Capability.NET_ADMIN);
    service({ linuxParameters });
    expect(() => app.synth()).toThrow('linuxParameters.capabilities.add NET_ADMIN of container "app" is not supported by Fargate: pass only SYS_PTRACE');
  });
});

describe('a condition of a listener rule', () => {
  test.each<[string, () => elbv2.ListenerCondition]>([
    ['conditions: httpHeader "" is not the name of a header', () => httpHeader('', ['x'])],
    ['conditions: httpHeader "X Secret" is not the name of a header', () => httpHeader('X Secret', ['x'])],
    ['is not the name of a header: pass 1 to 40 letters, digits, and hyphens', () => httpHeader('X'.repeat(41), ['x'])],
    ['conditions: httpHeader "Host" cannot match the host: pass a hostHeaders condition', () => httpHeader('Host', ['x'])],
    ['conditions: httpHeader has no values: pass at least one', () => httpHeader('X-Secret', [])],
    ['conditions: queryStrings has no values: pass at least one', () => queryStrings([])],
    ['conditions have the value "": pass 1 to 128 characters', () => queryStrings([{ key: 'a', value: '' }])],
    ['conditions have the value "Zürich", which matches no request: pass only printable ASCII characters', () => httpHeader('X-City', ['Zürich'])],
    ['conditions have the value "/a\nb", which matches no request', () => pathPatterns(['/a\nb'])],
    ['conditions: hostHeaders "https://example.com" is not a host name', () => hostHeaders(['https://example.com'])],
    ['conditions: hostHeaders "localhost" is not a host name', () => hostHeaders(['localhost'])],
    ['conditions: pathPatterns "orders/*" matches no path: begin it with a slash or a wildcard, such as /orders/*', () => pathPatterns(['orders/*'])],
    ['conditions: sourceIps lists "10.0.0.0/8" twice', () => sourceIps(['10.0.0.0/8', '10.0.0.0/8'])],
    ['conditions: httpRequestMethods "get" is not a method', () => httpRequestMethods(['get'])],
  ])('is refused if ELB would refuse it, or if it could match no request: %s', (message, condition) => {
    expect(() => Ingress.internetFacing({ conditions: [condition()] })).toThrow(message);
  });

  test('has the same rules as a pattern of a shared listener', () => {
    const { listener } = sharedListeners();
    expect(() => Ingress.onListener(listener, { priority: 1, hostPatterns: ['a b'] })).toThrow('hostPatterns "a b" is not a host name');
    expect(() => Ingress.onListener(listener, { priority: 1, pathPatterns: ['api'] })).toThrow('pathPatterns "api" matches no path');
    expect(() => Ingress.onListener(listener, { priority: 1, hostPatterns: ['*.example.com', '*'], pathPatterns: ['/api/*', '*.php'] })).not.toThrow();
  });
});

describe('a test listener', () => {
  const onListener = (listener: elbv2.IApplicationListener, testListener: elbv2.IApplicationListener) =>
    service({ deploymentStrategy: 'BLUE_GREEN', ingress: Ingress.onListener(listener, { priority: 1, pathPatterns: ['/'], testListener }) });

  test('that is the production listener is refused', () => {
    const { listener } = sharedListeners();
    expect(() => onListener(listener, listener)).toThrow(
      'ingress testListener Web/Shared/Listener is the production listener: pass another listener of the load balancer (at Web/Api/Service)');
  });

  test('of another load balancer is refused, because a target group can belong to only one', () => {
    const { listener } = sharedListeners();
    expect(() => onListener(listener, sharedListeners('Other').test)).toThrow(
      'ingress testListener Web/Other/Test and listener Web/Shared/Listener belong to different load balancers: pass a listener of the same load balancer');
  });

  test('that is imported must belong to the load balancer in the ARN of the listener', () => {
    stack = new Stack(app, 'Placed', { env: { account: '111122223333', region: 'eu-west-1' } });
    const listener = imported('Listener', 'eu-west-1', 'shop/1111111111111111', '1');
    expect(() => onListener(listener, imported('Other', 'eu-west-1', 'shop/2222222222222222', '2'))).toThrow(/belong to different load balancers/);
  });

  test('that the CDK CLI looks up later is accepted', () => {
    stack = new Stack(app, 'Placed', { env: { account: '111122223333', region: 'eu-west-1' } });
    const [listener, testListener] = [80, 8080].map((listenerPort) => elbv2.ApplicationListener.fromLookup(stack, `Listener${listenerPort}`, {
      loadBalancerTags: { team: 'shop' }, listenerPort,
    }));
    expect(() => onListener(listener, testListener)).not.toThrow();
  });

  test('that is imported must be in the region of the service', () => {
    stack = new Stack(app, 'Placed', { env: { account: '111122223333', region: 'eu-west-1' } });
    const listener = imported('Listener', 'eu-west-1', 'shop/1111111111111111', '1');
    expect(() => onListener(listener, imported('Far', 'us-east-1', 'shop/1111111111111111', '2'))).toThrow(/ingress testListener .* is in us-east-1/);
  });

  test('must be in the account of the service, like the production listener', () => {
    stack = new Stack(app, 'Placed', { env: { account: '111111111111', region: 'eu-west-1' } });
    expect(() => onListener(imported('Theirs', 'eu-west-1', 'shop/1', '1'), imported('Test', 'eu-west-1', 'shop/1', '2')))
      .toThrow(/ingress listener .* is in 111122223333, but the service is in 111111111111: pass one in the same account/);
  });

  function imported(id: string, region: string, loadBalancer: string, listener: string): elbv2.IApplicationListener {
    return elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, id, {
      listenerArn: `arn:aws:elasticloadbalancing:${region}:111122223333:listener/app/${loadBalancer}/${listener}`,
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, `${id}Group`, 'sg-89abcdef'),
    });
  }
});

describe('the deployment strategy', () => {
  test.each(['LINEAR', 'CANARY'])('%s is refused without traffic, and accepted with Service Connect', (deploymentStrategy) => {
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: existingVpc(stack), defaultCloudMapNamespace: { name: 'shop.internal' } });
    const api = new PhasedFargateService(stack, 'Api', { cluster, containerPort: 80, ingress: Ingress.none(), deploymentStrategy: deploymentStrategy as any });
    expect(() => app.synth()).toThrow(`deploymentStrategy ${deploymentStrategy} has no traffic to shift: pass an ingress other than Ingress.none()`);
    api.service.ecsService.enableServiceConnect({ services: [{ portMappingName: 'app' }] });
    expect(() => app.synth({ force: true })).not.toThrow();
  });

  test('BLUE_GREEN is accepted without traffic, as ECS documents', () => {
    service({ deploymentStrategy: 'BLUE_GREEN', ingress: Ingress.none() });
    expect(() => app.synth()).not.toThrow();
  });
});

describe('scaling', () => {
  test.each<[string, object]>([
    ['customMetrics.a.scaleInCooldown 60 is not a Duration', { customMetrics: { a: { metric, targetValue: 1, scaleInCooldown: 60 } } }],
    ['customMetrics.a.targetValue NaN is not a finite number', { customMetrics: { a: { metric, targetValue: NaN } } }],
    ['customMetrics has the blank name "": pass a name', { customMetrics: { '': { metric, targetValue: 1 } } }],
    ['metricSteps.a.cooldown 60 is not a Duration', { metricSteps: { a: { metric, scalingSteps: steps, cooldown: 60 } } }],
    ['metricSteps.a.adjustmentType "X" is not one of ', { metricSteps: { a: { metric, scalingSteps: steps, adjustmentType: 'X' } } }],
    ['schedules.night.startTime "2026" is not a Date', { schedules: { night: { schedule, minCapacity: 1, startTime: '2026' } } }],
    ['schedules.night.timeZone "Europe/Berlin" is not a TimeZone', { schedules: { night: { schedule, minCapacity: 1, timeZone: 'Europe/Berlin' } } }],
    ['schedules."a:b" is not the name of a scheduled action', { schedules: { 'a:b': { schedule, minCapacity: 1 } } }],
    ['schedules.noon.minCapacity 5 is more than the maximum 4: pass a maxCapacity too', { schedules: { noon: { schedule, minCapacity: 5 } } }],
    ['schedules.night.maxCapacity 1 is less than the minimum 2: pass a minCapacity too', { schedules: { night: { schedule, maxCapacity: 1 } } }],
  ])('refuses an invalid option, with an error that names it: %s', (message, options) => {
    expect(() => Scaling.between(2, 4, options)).toThrow(`Scaling.between: ${message}`);
  });

  test('accepts a limit that only another schedule makes valid', () => {
    const schedules = { night: { schedule, minCapacity: 0 }, later: { schedule, maxCapacity: 1 } };
    expect(() => Scaling.between(2, 4, { schedules })).not.toThrow();
  });

  test('adds the option and the path to the error if aws-cdk-lib refuses a metric', () => {
    const customMetrics = { slow: { metric: metric.with({ statistic: 'p99' }), targetValue: 1 } };
    expect(() => service({ scaling: Scaling.between(1, 2, { customMetrics }) }))
      .toThrow(/^scaling customMetrics\.slow: .*p99.* \(at Web\/Api\/Service\)$/s);
  });
});

describe('alarms of rollbackOn', () => {
  test('that are passed twice are watched once, because CloudFormation refuses duplicates', () => {
    const alarm = new cloudwatch.Alarm(stack, 'Alarm', { metric, threshold: 1, evaluationPeriods: 1 });
    service({ rollbackOn: [alarm, alarm] });
    Template.fromStack(stack).hasResourceProperties('AWS::ECS::Service', {
      DeploymentConfiguration: Match.objectLike({ Alarms: Match.objectLike({ AlarmNames: [stack.resolve(alarm.alarmName)] }) }),
    });
  });

  test.each<[string, object]>([
    ['threshold undefined is not a Duration', {}],
    ['threshold 0 seconds is out of range: pass a time above 0 that is known at synthesis', { threshold: Duration.seconds(0) }],
    ['is out of range: pass a time above 0 that is known at synthesis', { threshold: Duration.seconds(Infinity) }],
  ])('refuse an invalid threshold: %s', (message, options) => {
    expect(() => RollbackAlarm.latency(options as any)).toThrow(message);
  });
});

test('a subnet that is passed twice to a load balancer is refused', () => {
  const subnets = ['One', 'Two'].map((id) => ec2.Subnet.fromSubnetId(stack, id, 'subnet-1'));
  expect(() => service({ ingress: Ingress.internetFacing({ subnets: { subnets } }) })).toThrow('ingress subnets lists Web/Two twice (at Web/Api/Service)');
});

function sharedListeners(id = 'Shared'): { listener: elbv2.ApplicationListener; test: elbv2.ApplicationListener } {
  const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, id, { vpc: sharedVpc(stack) });
  const listen = (name: string, port: number) => loadBalancer.addListener(name, {
    port, protocol: elbv2.ApplicationProtocol.HTTP, defaultAction: elbv2.ListenerAction.fixedResponse(404),
  });
  return { listener: listen('Listener', 80), test: listen('Test', 8080) };
}
