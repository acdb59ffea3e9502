import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { GuardedFargateService, Ingress, PhasedFargateService, RollbackAlarm, Scaling } from '../../src';
import { SERVICE_OPTION_KINDS } from '../../src/service/service-option-kinds';
import { anyGuard } from '../util/guard';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';
import { unclearErrors } from '../util/wrong-values';

/** Invalid values that only JavaScript programs can pass: jsii checks the types of values from other languages. */

let app: App;
let stack: Stack;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
});

function service(props: any): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc: existingVpc(stack), ...props });
}

const OPTIONS = Object.keys(SERVICE_OPTION_KINDS) as (keyof typeof SERVICE_OPTION_KINDS)[];

describe('any value is accepted, or refused with an error that names the option:', () => {
  test.each(OPTIONS.filter((name) => name !== 'taskSubnets' && name !== 'cloudMapOptions'))('%s', (name) => {
    expect(unclearErrors(name, (value) => {
      app = testApp();
      stack = new Stack(app, 'Web');
      service({ [name]: value, ...(name === 'cluster' ? { vpc: undefined } : {}), ingress: name === 'ingress' ? value : Ingress.internetFacing() });
      app.synth();
    })).toEqual([]);
  });

  test.each([
    'healthCheck', 'deregistrationDelay', 'slowStart', 'stickinessCookieDuration', 'conditions', 'certificate', 'additionalCertificates', 'sslPolicy',
    'listenerPort', 'redirectHTTP', 'openListener', 'testListenerPort', 'ipAddressType', 'idleTimeout', 'domainName', 'domainZone',
  ])('%s of a load balancer', (name) => {
    expect(unclearErrors(name, (value) => Ingress.internetFacing({ [name]: value }))).toEqual([]);
  });

  test.each(['priority', 'hostPatterns', 'pathPatterns', 'testListener', 'healthCheck', 'conditions'])('%s of a shared listener', (name) => {
    const listener = new elbv2.ApplicationLoadBalancer(stack, 'Shared', { vpc: existingVpc(stack) })
      .addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) });
    expect(unclearErrors(name, (value) => Ingress.onListener(listener, { priority: 1, pathPatterns: ['/'], [name]: value } as any))).toEqual([]);
  });

  test.each(['cpuTargetUtilizationPercent', 'memoryTargetUtilizationPercent', 'requestsPerTarget', 'queue', 'messagesPerTask', 'scaleInCooldown', 'scaleOutCooldown', 'customMetrics', 'metricSteps', 'schedules'])(
    '%s of scaling', (name) => {
      expect(unclearErrors(name, (value) => Scaling.between(1, 4, { [name]: value }))).toEqual([]);
    });

  test.each(['percent', 'evaluationPeriods'])('%s of server errors', (name) => {
    expect(unclearErrors(name, (value) => RollbackAlarm.serverErrors({ percent: 1, [name]: value }))).toEqual([]);
  });
});

describe('the options', () => {
  test.each([undefined, null])('can be %p for a phased service, because all options have defaults', (props) => {
    new PhasedFargateService(stack, 'Api', props as any);
    expect(() => app.synth()).not.toThrow();
  });

  test.each([[undefined, 'options undefined is not an object'], [null, 'options null is not an object'], ['x', 'options "x" is not an object'],
    [{}, "guard undefined is not an ImageGuard: pass new ImageGuard(this, 'Guard', { registry })"],
    [{ guard: {} }, "guard {} is not an ImageGuard: pass new ImageGuard(this, 'Guard', { registry })"]])(
    'cannot be %p for a guarded service, which needs a guard', (props, message) => {
      expect(() => new GuardedFargateService(stack, 'Api', props as any)).toThrow(new Error(`${message} (at Web/Api)`));
    });

  test.each([undefined, null])('can be %p for a load balancer and for scaling', (options) => {
    expect(() => Ingress.internetFacing(options as any)).not.toThrow();
    expect(() => Ingress.internalOnly(options as any)).not.toThrow();
    expect(() => Scaling.between(1, 2, options as any)).not.toThrow();
  });

  test.each(['x', 1, [], true])('cannot be %p for a load balancer and for scaling', (options) => {
    expect(() => Ingress.internetFacing(options as any)).toThrow(/^Ingress.internetFacing: options .* is not an object$/);
    expect(() => Scaling.between(1, 2, options as any)).toThrow(/^Scaling.between: options .* is not an object$/);
  });

  test.each([undefined, null, {}])('cannot be %p for alarms, which have required options', (options) => {
    expect(() => RollbackAlarm.serverErrors(options as any)).toThrow(/^RollbackAlarm.serverErrors: /);
    expect(() => RollbackAlarm.latency(options as any)).toThrow(/^RollbackAlarm.latency: /);
  });
});

test('null counts as undefined, as in jsii', () => {
  service(Object.fromEntries(OPTIONS.filter((name) => !['guard', 'vpc'].includes(name)).map((name) => [name, null])));
  const withNull = Template.fromStack(stack).toJSON();
  app = testApp();
  stack = new Stack(app, 'Web');
  service({});
  expect(withNull).toEqual(Template.fromStack(stack).toJSON());
});

describe('Ingress.onListener', () => {
  test('refuses an undefined listener, and the error says which services have none', () => {
    const { listener } = service({});
    expect(() => Ingress.onListener(listener!, { priority: 1, pathPatterns: ['/'] })).toThrow(new Error(
      'Ingress.onListener: listener undefined is not an elbv2.IApplicationListener: pass a listener (a service without an ingress has none)'));
  });

  test.each([null, 'arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/shared/1/2', {}])('refuses the listener %p', (listener) => {
    expect(() => Ingress.onListener(listener as any, { priority: 1, pathPatterns: ['/'] })).toThrow(/^Ingress.onListener: listener .* is not an elbv2.IApplicationListener/);
  });

  test.each([undefined, null])('refuses the options %p', (options) => {
    const listener = new elbv2.ApplicationLoadBalancer(stack, 'Shared', { vpc: existingVpc(stack) })
      .addListener('Listener', { port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404) });
    expect(() => Ingress.onListener(listener, options as any)).toThrow(new Error(
      `Ingress.onListener: options is ${options}: pass a priority, and conditions or patterns`));
  });
});

describe('the error says what is wrong with', () => {
  test.each<[string, any, string | RegExp]>([
    ['a string in place of a number', { containerPort: '8080' }, 'containerPort "8080" is not a number'],
    ['a string in place of a list', { command: 'node server.js' }, 'command "node server.js" is not a list'],
    ['an item of a list', { command: ['node', 1] }, 'command[1] 1 is not a string'],
    ['a value of a map', { environment: { PORT: 8080 } }, 'environment.PORT 8080 is not a string'],
    ['a string in place of a secret', { secrets: { PASSWORD: 'x' } }, 'secrets.PASSWORD "x" is not an ecs.Secret'],
    ['a number in place of a Duration', { bakeTime: 5 }, 'bakeTime 5 is not a Duration'],
    ['a string in place of an instance', { cpuArchitecture: 'ARM64' }, 'cpuArchitecture "ARM64" is not an ecs.CpuArchitecture'],
    ['a string in place of an ingress', { ingress: 'public' }, 'ingress "public" is not an Ingress, such as Ingress.internetFacing()'],
    ['a number in place of a Scaling', { scaling: 3 }, 'scaling 3 is not a Scaling, such as Scaling.exactly(1)'],
    ['an unknown deployment strategy', { deploymentStrategy: 'BLUEGREEN' }, 'deploymentStrategy "BLUEGREEN" is not one of ROLLING, BLUE_GREEN, LINEAR, CANARY'],
    ['a boolean in place of an object', { circuitBreaker: true }, 'circuitBreaker true is not an object'],
    ['a property of a struct', { healthCheck: { command: ['x'], interval: 5 } }, 'healthCheck.interval 5 is not a Duration'],
    ['a retention that CloudWatch does not support', { logRetention: 8 }, /^logRetention 8 is not one of 1, 3, 5, 7, 14, /],
    ['an instance of another class', { vpc: Duration.minutes(1) }, 'vpc Duration is not an ec2.IVpc'],
  ])('%s', (_, props, message) => {
    expect(() => service(props)).toThrow(message);
  });
});

describe('a misspelled option', () => {
  const warnings = () => Annotated.fromStack(stack).findWarning('*', Match.stringLikeRegexp('unknownOption')).map(({ entry }) => String(entry.data).split(' [')[0]);

  test.each([
    ['containerport', 'containerPort'], ['containerPorts', 'containerPort'], ['enviroment', 'environment'], ['serivceName', 'serviceName'], ['healthcheck', 'healthCheck'],
    ['cirucitBreaker', 'circuitBreaker'], ['circutBreaker', 'circuitBreaker'],
  ])('such as %s causes a warning that names %s', (name, meant) => {
    service({ [name]: 'x' });
    expect(warnings()).toEqual(meant ? [`${name} is not an option, so it has no effect: did you mean ${meant}?`] : []);
  });

  test('of the guard causes a warning too', () => {
    new PhasedFargateService(stack, 'Api', { vpc: existingVpc(stack), imageversion: 'x' } as any);
    expect(warnings()).toEqual(['imageversion is not an option, so it has no effect: did you mean imageVersion?']);
  });

  test('is distinguished from the properties that a subclass adds', () => {
    class Ours extends PhasedFargateService {
      constructor(scope: Stack, props: any) {
        super(scope, 'Api', props);
      }
    }
    new Ours(stack, { vpc: existingVpc(stack), team: 'shop', stage: 'prod', alarmTopic: 'x', cluster: undefined });
    expect(warnings()).toEqual([]);
  });
});

test('an enum value of a newer aws-cdk-lib is accepted', () => {
  service({ deploymentStrategy: 'CANARY', ingress: Ingress.internetFacing() });
  Template.fromStack(stack).hasResourceProperties('AWS::ECS::Service', { DeploymentConfiguration: Match.objectLike({ Strategy: 'CANARY' }) });
});

test('an instance of a custom class is accepted if it has the members of the expected interface', () => {
  const image = { ...ecs.Secret.prototype, arn: 'arn:aws:ssm:eu-west-1:111111111111:parameter/x', grantRead: () => undefined };
  service({ secrets: { TOKEN: image } });
  expect(() => app.synth()).not.toThrow();
});
