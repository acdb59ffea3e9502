import { App, Aws, Duration, Fn, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, RollbackAlarm } from '../../src';
import { anyGuard } from '../util/guard';
import { valueOf } from '../util/metric-math';
import { existingVpc } from '../util/network';
import { ReferenceGraph } from '../util/reference-graph';
import { testApp } from '../util/synth';

const ALARM = 'AWS::CloudWatch::Alarm';

let app: App;
let stack: Stack;
let vpc: ec2.IVpc;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  vpc = existingVpc(stack);
});

function service(props: GuardedFargateServiceOptions): GuardedFargateService {
  return new GuardedFargateService(stack, 'Api', { guard: anyGuard(stack), vpc, ingress: Ingress.internetFacing(), ...props });
}

function template(): Template {
  return Template.fromStack(stack);
}

function alarm(): any {
  const [{ Properties }, ...more] = Object.values(template().findResources(ALARM));
  expect(more).toEqual([]);
  return Properties;
}

/** The metrics of an alarm: their names and dimensions. */
function operands(): string[] {
  return alarm().Metrics.flatMap(({ MetricStat: stat }: any) => stat ? [`${stat.Metric.MetricName} of ${stat.Metric.Dimensions.map(({ Name }: any) => Name).join('+')}`] : []).sort();
}

const mine = (id = 'Mine') => new cloudwatch.Alarm(stack, id, {
  metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Refunds' }), threshold: 1, evaluationPeriods: 1,
});

const alarmsOfService = () => {
  const [{ Properties }] = Object.values(template().findResources('AWS::ECS::Service'));
  return Properties.DeploymentConfiguration.Alarms;
};

test('without alarms, a deployment watches no alarms', () => {
  service({});
  template().resourceCountIs(ALARM, 0);
  expect(alarmsOfService()).toEqual({ AlarmNames: [], Enable: false, Rollback: false });
});

test('alarms of the service and of the user roll back a deployment', () => {
  service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 }), mine()] });
  expect(alarmsOfService()).toEqual({
    Enable: true, Rollback: true, AlarmNames: [{ Ref: expect.stringMatching(/^ApiRollbackAlarmsServerErrors/) }, { Ref: expect.stringMatching(/^Mine/) }],
  });
});

test('a rule that combines alarms becomes a composite alarm', () => {
  service({ rollbackOn: [cloudwatch.AlarmRule.anyOf(mine('One'), mine('Other'))] });
  expect(alarmsOfService().AlarmNames).toEqual([{ Ref: expect.stringMatching(/^ApiRollbackAlarmsRule1/) }]);
  template().hasResourceProperties('AWS::CloudWatch::CompositeAlarm', { AlarmRule: Match.anyValue() });
});

test('composite alarms of two stacks with the same path have different names', () => {
  const [one, other] = ['shop-test', 'shop-prod'].map((stackName) => {
    stack = new Stack(testApp(), 'Web', { stackName });
    vpc = existingVpc(stack);
    service({ rollbackOn: [cloudwatch.AlarmRule.not(mine('One')), cloudwatch.AlarmRule.not(mine('Other'))] });
    return Object.values(template().findResources('AWS::CloudWatch::CompositeAlarm')).map(({ Properties }) => Properties.AlarmName);
  });
  expect(one).toEqual([expect.stringMatching(/^shop-test-ApiRollbackAlarmsRule1/), expect.stringMatching(/^shop-test-ApiRollbackAlarmsRule2/)]);
  expect(other).toEqual(one.map((name) => name.replace('test', 'prod')));
});

describe('rollbackOn', () => {
  const env = { account: '111111111111', region: 'eu-west-1' };
  const elsewhere = (place: object) => {
    const other = new Stack(app, 'Other', { env: { ...env, ...place } });
    return new cloudwatch.Alarm(other, 'Theirs', {
      alarmName: 'theirs', metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Refunds' }), threshold: 1, evaluationPeriods: 1,
    });
  };
  const imported = (region: string, account: string) =>
    cloudwatch.Alarm.fromAlarmArn(stack, 'Imported', `arn:aws:cloudwatch:${region}:${account}:alarm:theirs`);

  beforeEach(() => {
    stack = new Stack(app, 'Shop', { env });
    vpc = existingVpc(stack);
  });

  test.each<[string, () => cloudwatch.IAlarmRule[], string]>([
    ['an alarm of a stack in another region', () => [mine(), elsewhere({ region: 'us-east-1' })],
      'rollbackOn[1] Other/Theirs is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
    ['an alarm of a stack in another account', () => [elsewhere({ account: '222222222222' })],
      'rollbackOn[0] Other/Theirs is in 222222222222, but the service is in 111111111111: pass one in the same account'],
    ['an alarm imported from another region', () => [imported('us-east-1', env.account)],
      'rollbackOn[0] arn:aws:cloudwatch:us-east-1:111111111111:alarm:theirs is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
    ['an alarm imported from another account', () => [imported(env.region, '222222222222')],
      'rollbackOn[0] arn:aws:cloudwatch:eu-west-1:222222222222:alarm:theirs is in 222222222222, but the service is in 111111111111: pass one in the same account'],
    ['a rule with one alarm of a stack in another region', () => [cloudwatch.AlarmRule.anyOf(mine(), cloudwatch.AlarmRule.not(elsewhere({ region: 'us-east-1' })))],
      'rollbackOn[0] Other/Theirs is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
  ])('refuses %s', (_, rules, message) => {
    expect(() => service({ rollbackOn: rules() })).toThrow(new Error(`${message} (at Shop/Api)`));
  });

  test.each<[string, () => cloudwatch.IAlarmRule]>([
    ['an alarm of the same account and region', () => imported(env.region, env.account)],
    ['an alarm imported by name', () => cloudwatch.Alarm.fromAlarmName(stack, 'Imported', 'theirs')],
    ['an alarm of another stack in the same account and region', () => elsewhere({})],
    ['an alarm whose account and region are tokens', () => cloudwatch.Alarm.fromAlarmArn(stack, 'Imported', `arn:aws:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm:theirs`)],
    ['an alarm whose ARN is a token', () => cloudwatch.Alarm.fromAlarmArn(stack, 'Imported', Fn.importValue('alarm'))],
    ['an alarm whose ARN the CDK CLI looks up later', () =>
      cloudwatch.AlarmRule.not({ renderAlarmRule: () => 'ALARM("dummy-value-for-/shop/alarm")' })],
  ])('accepts %s', (_, rule) => {
    service({ rollbackOn: [rule()] });
    expect(() => app.synth()).not.toThrow();
  });
});

test('an alarm in a known environment is accepted by a stack whose environment is unknown', () => {
  const rollbackOn = [cloudwatch.Alarm.fromAlarmArn(stack, 'Imported', 'arn:aws:cloudwatch:us-east-1:111111111111:alarm:theirs')];
  expect(() => service({ rollbackOn })).not.toThrow();
});

describe('server errors', () => {
  test('include those of the tasks and of the load balancer of the service, in percent of the requests', () => {
    service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 2.5 })] });
    expect(operands()).toEqual([
      'HTTPCode_ELB_503_Count of LoadBalancer', 'HTTPCode_ELB_5XX_Count of LoadBalancer', 'HTTPCode_Target_5XX_Count of LoadBalancer+TargetGroup',
      'RequestCount of LoadBalancer+TargetGroup',
    ]);
    expect(alarm()).toMatchObject({ Threshold: 2.5, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 2 });
  });

  test('include those of both target groups if traffic shifts', () => {
    service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 })], deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN });
    expect(operands().filter((each) => each.startsWith('HTTPCode_Target'))).toHaveLength(2);
    expect(operands().filter((each) => each.startsWith('RequestCount'))).toHaveLength(2);
  });

  test.each<[string, Record<string, number>, number | undefined]>([
    ['no requests', {}, undefined],
    ['requests without errors', { requests0: 100 }, 0],
    ['errors of tasks', { requests0: 100, errors0: 5 }, 5],
    ['errors because a task closes the connection, which are also requests', { requests0: 100, refused: 100 }, 100],
    ['errors because there is no task, which are not requests', { refused: 10, unrouted: 10 }, 100],
    ['some of each', { requests0: 95, errors0: 5, refused: 10, unrouted: 5 }, 15],
  ])('are a percentage of the requests: %s', (_, values, expected) => {
    service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 })] });
    expect(valueOf(alarm().Metrics, values)).toEqual(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['no requests', {}, 0],
    ['one idle target group', { requests1: 200, errors1: 20 }, 10],
    ['a canary that gets 5% of the requests', { requests0: 950, requests1: 50, errors1: 10 }, 20],
    ['errors of the load balancer', { requests0: 80, requests1: 20, refused: 40 }, 40],
  ])('are those of the worse target group if traffic shifts: %s', (_, values, expected) => {
    service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 })], deploymentStrategy: 'CANARY' as ecs.DeploymentStrategy });
    expect(valueOf(alarm().Metrics, values)).toEqual(expected);
  });

  test('at a shared listener include only those of the tasks, because other services share the load balancer', () => {
    const listener = new elbv2.ApplicationLoadBalancer(stack, 'Shared', { vpc }).addListener('Listener', {
      port: 80, defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 })], ingress: Ingress.onListener(listener, { priority: 1, pathPatterns: ['/'] }) });
    expect(operands()).toEqual(['HTTPCode_Target_5XX_Count of LoadBalancer+TargetGroup', 'RequestCount of LoadBalancer+TargetGroup']);
  });
});

test('the unhealthy hosts alarm goes off at the given number', () => {
  service({ rollbackOn: [RollbackAlarm.unhealthyHosts({ count: 2, evaluationPeriods: 5 })] });
  expect(alarm()).toMatchObject({
    MetricName: 'UnHealthyHostCount', Statistic: 'Maximum', Threshold: 2, ComparisonOperator: 'GreaterThanOrEqualToThreshold', EvaluationPeriods: 5,
  });
});

test('the latency alarm uses a percentile, in seconds', () => {
  service({ rollbackOn: [RollbackAlarm.latency({ threshold: Duration.millis(800), percentile: 95 })] });
  expect(alarm()).toMatchObject({ MetricName: 'TargetResponseTime', ExtendedStatistic: 'p95', Threshold: 0.8 });
});

test.each([
  ['unhealthy hosts', () => RollbackAlarm.unhealthyHosts()],
  ['latency', () => RollbackAlarm.latency({ threshold: Duration.seconds(1) })],
])('%s is the maximum of both target groups if traffic shifts', (_, make) => {
  service({ rollbackOn: [make()], deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN });
  expect(alarm().Metrics.find(({ Expression }: any) => Expression).Expression).toBe('MAX([FILL(group0, 0), FILL(group1, 0)])');
  expect(operands()).toHaveLength(2);
});

test.each([
  ['server errors', () => RollbackAlarm.serverErrors({ percent: 1 })],
  ['unhealthy hosts', () => RollbackAlarm.unhealthyHosts()],
  ['latency', () => RollbackAlarm.latency({ threshold: Duration.seconds(1) })],
])('missing data does not set off the alarm: %s', (_, make) => {
  service({ rollbackOn: [make()] });
  expect(alarm().TreatMissingData).toBe('notBreaching');
});

test('the service waits for its alarms, which do not wait for it', () => {
  const latency = RollbackAlarm.latency({ threshold: Duration.seconds(1) });
  service({ rollbackOn: [RollbackAlarm.serverErrors({ percent: 1 }), RollbackAlarm.unhealthyHosts(), latency] });
  const graph = new ReferenceGraph(app.synth());
  const [ecsService] = graph.resources('AWS::ECS::Service');
  expect([...graph.before(ecsService)].filter(({ type }) => type === ALARM)).toHaveLength(3);
  for (const each of graph.resources(ALARM)) expect(graph.before(each).has(ecsService)).toBe(false);
});

test('a kind of alarm can be used twice, and services can share an alarm', () => {
  const slow = [99, 50].map((percentile) => RollbackAlarm.latency({ threshold: Duration.seconds(1), percentile }));
  service({ rollbackOn: slow });
  new GuardedFargateService(stack, 'Other', { guard: anyGuard(stack, {}, 'OtherGuard'), vpc, ingress: Ingress.internalOnly(), rollbackOn: slow });
  template().resourceCountIs(ALARM, 4);
});

describe('a rollback alarm', () => {
  test('needs a load balancer', () => {
    expect(() => service({ ingress: Ingress.none(), rollbackOn: [RollbackAlarm.latency({ threshold: Duration.seconds(1) })] })).toThrow(new Error(
      'rollbackOn with a RollbackAlarm needs a load balancer: pass an ingress other than Ingress.none(), or an alarm of your own (at Web/Api)'));
  });

  test('that the user creates needs no load balancer', () => {
    expect(() => service({ ingress: Ingress.none(), rollbackOn: [mine()] })).not.toThrow();
  });

  test('cannot be part of an alarm rule', () => {
    expect(() => RollbackAlarm.serverErrors({ percent: 1 }).renderAlarmRule()).toThrow(
      'RollbackAlarm ServerErrors cannot be part of an alarm rule: pass it to rollbackOn of a service');
  });

  test.each([0, 0.5, 99.9, Token.asNumber({ Ref: 'Percent' })])('can have a threshold of %p percent', (percent) => {
    expect(() => RollbackAlarm.serverErrors({ percent })).not.toThrow();
  });

  test.each([-1, 100, 101, NaN])('cannot have a threshold of %p percent', (percent) => {
    expect(() => RollbackAlarm.serverErrors({ percent })).toThrow(new Error(
      `RollbackAlarm.serverErrors: percent ${percent} is out of range: the alarm goes off above percent, so pass 0 or more and less than 100`));
  });

  test.each([0, 61, 1.5])('cannot require %p consecutive minutes', (evaluationPeriods) => {
    expect(() => RollbackAlarm.unhealthyHosts({ evaluationPeriods })).toThrow(new Error(
      `RollbackAlarm: evaluationPeriods ${evaluationPeriods} is not a whole number of minutes from 1 to 60`));
  });

  test.each([0, 0.5, -1])('cannot have a threshold of %p unhealthy hosts', (count) => {
    expect(() => RollbackAlarm.unhealthyHosts({ count })).toThrow(new Error(`RollbackAlarm.unhealthyHosts: count ${count} is not valid: pass a whole number of tasks, 1 or more`));
  });

  test.each([0, 101, NaN])('cannot use the percentile %p', (percentile) => {
    expect(() => RollbackAlarm.latency({ threshold: Duration.seconds(1), percentile })).toThrow(new Error(
      `RollbackAlarm.latency: percentile ${percentile} is not between 1 and 100`));
  });

  test('cannot have a latency threshold of 0', () => {
    expect(() => RollbackAlarm.latency({ threshold: Duration.seconds(0) })).toThrow(new Error(
      'RollbackAlarm.latency: threshold 0 seconds is out of range: pass a time above 0 that is known at synthesis'));
  });
});
