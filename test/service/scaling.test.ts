import { App, Aws, CfnParameter, Duration, Fn, Stack, Token } from 'aws-cdk-lib';
import { Annotations as Annotated, Match, Template } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { IMetric, MathExpression, Metric, SearchExpression } from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, Scaling, ScalingOptions, WhenMissing } from '../../src';
import { anyGuard } from '../util/guard';
import { valueOf } from '../util/metric-math';
import { existingVpc } from '../util/network';
import { testApp } from '../util/synth';

const SERVICE = 'AWS::ECS::Service';
const POLICY = 'AWS::ApplicationAutoScaling::ScalingPolicy';
const TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget';

function service(props: GuardedFargateServiceOptions, whenMissing?: WhenMissing) {
  const stack = new Stack(testApp(), 'Web');
  const vpc = existingVpc(stack);
  const construct = new GuardedFargateService(stack, 'Service', { guard: anyGuard(stack, { whenMissing }), vpc, ...props });
  return { stack, construct, template: () => Template.fromStack(stack) };
}

describe('by default', () => {
  test('the number of tasks is left to ECS, so no deployment resets it', () => {
    const { template, construct } = service({});
    template().hasResourceProperties(SERVICE, { DesiredCount: Match.absent() });
    expect(construct.scaling).toBeUndefined();
  });

  test('startWithoutTasks holds back the one task that ECS would start', () => {
    const { template } = service({}, WhenMissing.startWithoutTasks());
    template().hasResourceProperties(SERVICE, { DesiredCount: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Guard'), 'TaskCount1'] } });
    template().hasResourceProperties('Custom::ImageGuard', { TaskCounts: ['1'] });
  });
});

describe('Scaling.exactly', () => {
  test.each([0, 1, 42])('runs %d tasks, without autoscaling', (count) => {
    const { template, construct } = service({ scaling: Scaling.exactly(count) });
    template().hasResourceProperties(SERVICE, { DesiredCount: count });
    template().resourceCountIs(TARGET, 0);
    expect(construct.scaling).toBeUndefined();
  });

  test('gets the number from the guard with startWithoutTasks', () => {
    service({ scaling: Scaling.exactly(3) }, WhenMissing.startWithoutTasks()).template()
      .hasResourceProperties(SERVICE, { DesiredCount: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Guard'), 'TaskCount3'] } });
  });

  test('accepts a token', () => {
    const { stack, template } = service({ scaling: Scaling.exactly(Token.asNumber({ Ref: 'Count' })) });
    new CfnParameter(stack, 'Count', { type: 'Number' });
    template().hasResourceProperties(SERVICE, { DesiredCount: { Ref: 'Count' } });
  });

  test('refuses a token with startWithoutTasks, with an error that names the guard', () => {
    expect(() => service({ scaling: Scaling.exactly(Token.asNumber({ Ref: 'Count' })) }, WhenMissing.startWithoutTasks()))
      .toThrow('count must be known at synthesis with WhenMissing.startWithoutTasks() (at Web/Guard)');
  });

  test.each([
    [-1, '-1'], [0.5, '0.5'], [NaN, 'NaN'], [Infinity, 'Infinity'], [undefined as any, 'undefined'], ['1' as any, '"1"'],
  ])('refuses %p with its name and the value', (count, shown) => {
    expect(() => Scaling.exactly(count)).toThrow(new Error(`Scaling.exactly: count ${shown} is not valid: pass a whole number of tasks, 0 or more`));
  });
});

describe('Scaling.between', () => {
  const follows = (options?: ScalingOptions) => Object.fromEntries(
    Object.values(service({ scaling: Scaling.between(1, 4, options), ingress: Ingress.internalOnly() }).template().findResources(POLICY))
      .map(({ Properties: { TargetTrackingScalingPolicyConfiguration: { PredefinedMetricSpecification, TargetValue } } }) =>
        [PredefinedMetricSpecification.PredefinedMetricType, TargetValue]));

  test('leaves the number to autoscaling, so no deployment resets it', () => {
    const { template, construct } = service({ scaling: Scaling.between(2, 10) });
    template().hasResourceProperties(SERVICE, { DesiredCount: Match.absent() });
    template().hasResourceProperties(TARGET, { MinCapacity: 2, MaxCapacity: 10 });
    expect(construct.scaling).toBeDefined();
  });

  test('scales on CPU by default', () => {
    expect(follows()).toEqual({ ECSServiceAverageCPUUtilization: 70 });
  });

  test('scales on the given metric instead', () => {
    expect(follows({ memoryTargetUtilizationPercent: 60 })).toEqual({ ECSServiceAverageMemoryUtilization: 60 });
    expect(follows({ requestsPerTarget: 500 })).toEqual({ ALBRequestCountPerTarget: 500 });
    expect(follows({ cpuTargetUtilizationPercent: 50 })).toEqual({ ECSServiceAverageCPUUtilization: 50 });
  });

  test('scales on all given metrics', () => {
    expect(follows({ cpuTargetUtilizationPercent: 50, memoryTargetUtilizationPercent: 60, requestsPerTarget: 500 })).toEqual({
      ECSServiceAverageCPUUtilization: 50,
      ECSServiceAverageMemoryUtilization: 60,
      ALBRequestCountPerTarget: 500,
    });
  });

  test('changes its limits by schedule, and scales on CPU within them', () => {
    const { template } = service({
      scaling: Scaling.between(2, 10, {
        schedules: {
          night: { schedule: Schedule.cron({ hour: '22', minute: '0' }), minCapacity: 0, maxCapacity: 1 },
          morning: { schedule: Schedule.cron({ hour: '6', minute: '0' }), minCapacity: 2, maxCapacity: 10 },
        },
      }),
    });
    template().hasResourceProperties(TARGET, {
      ScheduledActions: [
        { ScheduledActionName: 'night', Schedule: 'cron(0 22 * * ? *)', ScalableTargetAction: { MinCapacity: 0, MaxCapacity: 1 } },
        { ScheduledActionName: 'morning', Schedule: 'cron(0 6 * * ? *)', ScalableTargetAction: { MinCapacity: 2, MaxCapacity: 10 } },
      ],
    });
    template().resourceCountIs(POLICY, 1);
  });

  test('refuses a schedule that changes nothing', () => {
    expect(() => service({ scaling: Scaling.between(2, 10, { schedules: { night: { schedule: Schedule.cron({ hour: '22' }) } } }) }))
      .toThrow(/minCapacity.*maxCapacity/);
  });

  test('can scale on further metrics', () => {
    const { construct, template } = service({ scaling: Scaling.between(1, 4) });
    construct.scaling!.scaleToTrackCustomMetric('Queue', { metric: new Metric({ namespace: 'Shop', metricName: 'Backlog' }), targetValue: 10 });
    template().hasResourceProperties(POLICY, { TargetTrackingScalingPolicyConfiguration: Match.objectLike({ TargetValue: 10 }) });
  });

  test('registers only after the service, whose name it needs', () => {
    service({ scaling: Scaling.between(1, 4) }).template().hasResourceProperties(TARGET, {
      ResourceId: { 'Fn::Join': ['', Match.arrayWith([{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Service'), 'Name'] }])] },
    });
  });

  test('accepts tokens', () => {
    const [min, max] = ['Min', 'Max'].map((name) => Token.asNumber({ Ref: name }));
    const { stack, template } = service({ scaling: Scaling.between(min, max) });
    for (const name of ['Min', 'Max']) new CfnParameter(stack, name, { type: 'Number' });
    template().hasResourceProperties(TARGET, { MinCapacity: { Ref: 'Min' }, MaxCapacity: { Ref: 'Max' } });
  });

  test.each([0, 1])('can have equal minimum and maximum: %d', (min) => {
    expect(() => service({ scaling: Scaling.between(min, 1) }).template()).not.toThrow();
  });

  test.each([-1, 1.5, NaN, undefined as any])('refuses the minimum %p with its name and the value', (min) => {
    expect(() => Scaling.between(min, 4)).toThrow(new Error(`Scaling.between: min ${min} is not valid: pass a whole number of tasks, 0 or more`));
  });

  test.each([[2, 1], [0, 0], [1, 1.5], [1, NaN], [1, undefined as any], [Token.asNumber({ Ref: 'Min' }), 0]])('refuses the range from %p to %p', (min, max) => {
    expect(() => Scaling.between(min, max)).toThrow(`Scaling.between: max ${max} is out of range: pass a whole number that is at least 1 and at least min (${Token.isUnresolved(min) ? 'a token' : min})`);
  });

  test.each(['cpuTargetUtilizationPercent', 'memoryTargetUtilizationPercent'] as const)('refuses a %s that is not a percentage, with the value', (name) => {
    for (const percent of [0, -1, 101, 50.5, NaN]) {
      expect(() => Scaling.between(1, 4, { [name]: percent })).toThrow(new Error(`Scaling.between: ${name} ${percent} is not a whole number from 1 to 100`));
    }
  });

  test.each([0, -1, 1.5])('refuses requestsPerTarget %p', (requestsPerTarget) => {
    expect(() => Scaling.between(1, 4, { requestsPerTarget }))
      .toThrow(new Error(`Scaling.between: requestsPerTarget ${requestsPerTarget} is not valid: pass a whole number of requests, 1 or more`));
  });

  test('refuses requestsPerTarget without a load balancer, with path and value', () => {
    expect(() => service({ scaling: Scaling.between(1, 4, { requestsPerTarget: 500 }) })).toThrow(new Error(
      'scaling requestsPerTarget 500 needs a load balancer: pass an ingress other than Ingress.none() (at Web/Service)'));
  });

  test('refuses startWithoutTasks, because autoscaling would start tasks', () => {
    expect(() => service({ scaling: Scaling.between(1, 4) }, WhenMissing.startWithoutTasks())).toThrow(new Error(
      'scaling Scaling.between starts tasks on its own, which conflicts with WhenMissing.startWithoutTasks(): ' +
      'pass another whenMissing, or Scaling.exactly until the first image is pushed (at Web/Service)'));
  });

  test('can be combined with waitFor', () => {
    expect(() => service({ scaling: Scaling.between(1, 4) }, WhenMissing.waitFor(Duration.minutes(5))).template()).not.toThrow();
  });

  describe('with cooldowns', () => {
    const metric = new Metric({ namespace: 'Shop', metricName: 'Sessions' });
    const cooldowns = { scaleInCooldown: Duration.minutes(10), scaleOutCooldown: Duration.seconds(30) };
    const tracked = (options: ScalingOptions, props: GuardedFargateServiceOptions = {}) => {
      const { template } = service({ scaling: Scaling.between(0, 10, options), ingress: Ingress.internetFacing(), ...props });
      return Object.values(template().findResources(POLICY)).flatMap(({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration ?? []);
    };

    test.each<[string, ScalingOptions, ...GuardedFargateServiceOptions[]]>([
      ['CPU, by default', {}],
      ['CPU', { cpuTargetUtilizationPercent: 50 }],
      ['memory', { memoryTargetUtilizationPercent: 50 }],
      ['requests', { requestsPerTarget: 100 }],
      ['requests of two target groups', { requestsPerTarget: 100 }, { deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN }],
      ['a queue', { queue: sqs.Queue.fromQueueArn(new Stack(), 'Queue', 'arn:aws:sqs:eu-west-1:111122223333:orders'), messagesPerTask: 10 }],
      ['a custom metric', { customMetrics: { sessions: { metric, targetValue: 1 } } }],
    ])('waits for them after it has scaled on %s', (_, options, ...[props]) => {
      expect(tracked({ ...cooldowns, ...options }, props)).toEqual([expect.objectContaining({ ScaleInCooldown: 600, ScaleOutCooldown: 30 })]);
      expect(tracked(options, props)).toEqual([expect.not.objectContaining({ ScaleInCooldown: expect.anything() })]);
    });

    test('prefers the cooldowns of a custom metric', () => {
      const own = { metric, targetValue: 1, scaleInCooldown: Duration.minutes(1) };
      expect(tracked({ ...cooldowns, customMetrics: { own } })).toEqual([expect.objectContaining({ ScaleInCooldown: 60, ScaleOutCooldown: 30 })]);
    });

    test.each(['scaleInCooldown', 'scaleOutCooldown'] as const)('refuses a %s that AWS would refuse, with the value', (name) => {
      expect(() => Scaling.between(1, 2, { [name]: Duration.seconds(1.5) }))
        .toThrow(`Scaling.between: ${name} 1 second 500 millis is not a whole number of seconds from 0 to 2147483647`);
      expect(() => Scaling.between(1, 2, { [name]: 60 as any })).toThrow(`Scaling.between: ${name} 60 is not a Duration`);
    });

    test('refuses a cooldown that no policy would use', () => {
      const metricSteps = { orders: { metric, scalingSteps: [{ upper: 0, change: -1 }, { lower: 100, change: 1 }] } };
      expect(() => Scaling.between(1, 2, { scaleInCooldown: Duration.minutes(1), metricSteps }))
        .toThrow('Scaling.between: scaleInCooldown 1 minute has no effect on metricSteps: pass a cooldown in each of them');
    });
  });

  test('can be shared by services', () => {
    const scaling = Scaling.between(1, 4);
    const { stack, template } = service({ scaling });
    new GuardedFargateService(stack, 'Other', { guard: anyGuard(stack, {}, 'OtherGuard'), vpc: undefined, scaling });
    template().resourceCountIs(TARGET, 2);
  });
});

describe('requests', () => {
  const policy = (props: GuardedFargateServiceOptions) => {
    const scaling = Scaling.between(2, 20, { requestsPerTarget: 1000 });
    const { template, construct, stack } = service({ scaling, ingress: Ingress.internalOnly(), ...props });
    const [{ Properties: { TargetTrackingScalingPolicyConfiguration: configuration } }, ...more] = Object.values(template().findResources(POLICY));
    expect(more).toEqual([]);
    return { configuration, construct, stack };
  };

  test('are those of the target group for rolling deployments', () => {
    const { configuration } = policy({});
    expect(configuration.PredefinedMetricSpecification.PredefinedMetricType).toBe('ALBRequestCountPerTarget');
  });

  test.each(['BLUE_GREEN', 'LINEAR', 'CANARY'] as ecs.DeploymentStrategy[])(
    'are those of both target groups with %s, of which one is idle after each deployment', (deploymentStrategy) => {
      const { configuration, construct, stack } = policy({ deploymentStrategy });
      const { Metrics } = configuration.CustomizedMetricSpecification;
      const groups = Metrics.filter(({ MetricStat }: any) => MetricStat).map(({ MetricStat: { Metric: metric, Stat } }: any) => ({
        name: metric.MetricName, stat: Stat, group: metric.Dimensions.find(({ Name }: any) => Name === 'TargetGroup').Value,
      }));
      expect(groups).toEqual([construct.targetGroup!, construct.alternateTargetGroup!].map(({ targetGroupFullName }) => ({
        name: 'RequestCountPerTarget', stat: 'Sum', group: stack.resolve(targetGroupFullName),
      })));
      expect(Metrics.at(-1)).toEqual({ Id: 'target', Expression: 'FILL(one, 0) + FILL(other, 0)', ReturnData: true });
      expect(Metrics.slice(0, -1).map(({ ReturnData }: any) => ReturnData)).toEqual([false, false]);
      expect(configuration.TargetValue).toBe(1000);
    });
});

describe('a custom metric', () => {
  const metric = new Metric({ namespace: 'Shop', metricName: 'Sessions', statistic: 'Average' });

  test('replaces CPU', () => {
    const { template } = service({ scaling: Scaling.between(1, 10, { customMetrics: { sessions: { metric, targetValue: 100 } } }) });
    template().resourceCountIs(POLICY, 1);
    template().hasResourceProperties(POLICY, {
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 100, CustomizedMetricSpecification: Match.objectLike({ MetricName: 'Sessions' }) },
    });
  });

  test('can use metric math', () => {
    const expression = new MathExpression({
      expression: 'sessions / 2 + other',
      usingMetrics: {
        sessions: metric, other: new MathExpression({ expression: 'orders * 3', usingMetrics: { orders: metric } }),
      },
    });
    const { template } = service({ scaling: Scaling.between(1, 10, { customMetrics: { sessions: { metric: expression, targetValue: 100 } } }) });
    template().hasResourceProperties(POLICY, {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        CustomizedMetricSpecification: {
          Metrics: [
            Match.objectLike({ Id: 'sessions' }), Match.objectLike({ Id: 'orders' }), { Id: 'other', Expression: 'orders * 3', ReturnData: false },
            { Id: 'target', Expression: 'sessions / 2 + other', ReturnData: true },
          ],
        },
      },
    });
  });

  describe('with metric math', () => {
    const queriesOf = (expression: MathExpression) => {
      const { template } = service({ scaling: Scaling.between(1, 10, { customMetrics: { sessions: { metric: expression, targetValue: 100 } } }) });
      const [{ Properties }] = Object.values(template().findResources(POLICY));
      return Properties.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics.map(({ Id }: any) => Id);
    };

    test('has no ID twice if several expressions use the same metric', () => {
      const half = new MathExpression({ expression: 'sessions / 2', usingMetrics: { sessions: metric } });
      const share = new MathExpression({ expression: 'half / sessions', usingMetrics: { half, sessions: metric } });
      expect(queriesOf(share)).toEqual(['sessions', 'half', 'target']);
    });

    test('has no ID twice if a metric has the ID of the result', () => {
      expect(queriesOf(new MathExpression({ expression: 'target * 2', usingMetrics: { target: metric } }))).toEqual(['target', 'target_']);
    });

    test('refuses a search expression, which scaling policies do not support', () => {
      const search = new SearchExpression({ expression: "SEARCH('{Shop,Host} Sessions', 'Sum', 60)" });
      for (const refused of [search, new MathExpression({ expression: 'SUM(all)', usingMetrics: { all: search } })]) {
        const scaling = Scaling.between(1, 10, { customMetrics: { sessions: { metric: refused, targetValue: 100 } } });
        expect(() => service({ scaling })).toThrow(new Error('scaling customMetrics.sessions uses a search expression, which scaling policies do not support: pass the metrics in usingMetrics of a MathExpression (at Web/Service)'));
      }
    });
  });

  test('can change the number in steps, without CPU', () => {
    const { template } = service({
      scaling: Scaling.between(1, 10, {
        metricSteps: { sessions: { metric, scalingSteps: [{ upper: 0, change: -1 }, { lower: 100, change: 1 }] } },
      }),
    });
    expect(Object.values(template().findResources(POLICY)).map(({ Properties }) => Properties.PolicyType)).toEqual(['StepScaling', 'StepScaling']);
  });

  test.each([
    ['customMetrics.Cpu has a name that is already taken: pass another name', { customMetrics: { Cpu: { metric, targetValue: 1 } } }],
    ['customMetrics.a has a name that is already taken: pass another name',
      { customMetrics: { a: { metric, targetValue: 1 } }, metricSteps: { a: { metric, scalingSteps: [{ change: 1 }, { change: 2 }] } } }],
    ['metricSteps.a.scalingSteps has 1 steps: pass 2 or more', { metricSteps: { a: { metric, scalingSteps: [{ lower: 1, change: 1 }] } } }],
  ])('with invalid options is refused: %s', (message, options) => {
    expect(() => Scaling.between(1, 10, options)).toThrow(new Error(`Scaling.between: ${message}`));
  });
});

describe('a queue', () => {
  const follow = (min: number, schedules?: ScalingOptions['schedules']) => {
    const stack = new Stack(testApp(), 'Web');
    const queue = new sqs.Queue(stack, 'Queue');
    const scaling = Scaling.between(min, 10, { queue, messagesPerTask: 50, schedules });
    new GuardedFargateService(stack, 'Worker', { guard: anyGuard(stack), vpc: existingVpc(stack), scaling });
    return Template.fromStack(stack);
  };
  const tracking = { PolicyType: 'TargetTrackingScaling' };

  test('drives scaling by its backlog per task, without CPU', () => {
    const template = follow(1);
    template.resourceCountIs(POLICY, 1);
    template.hasResourceProperties(POLICY, {
      ...tracking,
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 50,
        CustomizedMetricSpecification: {
          Metrics: [
            Match.objectLike({ Id: 'waiting', MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'ApproximateNumberOfMessagesVisible' }) }) }),
            Match.objectLike({ Id: 'inFlight', MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'ApproximateNumberOfMessagesNotVisible' }) }) }),
            Match.objectLike({ Id: 'tasks', MetricStat: Match.objectLike({ Stat: 'SampleCount', Metric: Match.objectLike({ Namespace: 'AWS/ECS' }) }) }),
            { Id: 'target', Expression: '(waiting + FILL(inFlight, 0)) / tasks', ReturnData: true },
          ],
        },
      },
    });
  });

  test('starts the first task again when messages wait and none is in flight', () => {
    const template = follow(0);
    template.hasResourceProperties(TARGET, { MinCapacity: 0 });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      EvaluationPeriods: 1,
      Metrics: Match.arrayWith([Match.objectLike({ Expression: 'IF(FILL(inFlight, 0) < 1, waiting, 0)' })]),
    });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 1);
    template.hasResourceProperties(POLICY, {
      PolicyType: 'StepScaling',
      StepScalingPolicyConfiguration: Match.objectLike({
        AdjustmentType: 'ChangeInCapacity',
        Cooldown: 180,
        StepAdjustments: [
          { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 50, ScalingAdjustment: 1 }, { MetricIntervalLowerBound: 50, ScalingAdjustment: 2 },
        ],
      }),
    });
  });

  const metricsOf = (type: string): any[] => {
    const [{ Properties }] = Object.values(follow(0).findResources(type, type === POLICY ? { Properties: tracking } : {}));
    return Properties.Metrics ?? Properties.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics;
  };

  test.each<[string, Record<string, number>, number | undefined]>([
    ['several tasks', { waiting: 100, inFlight: 20, tasks: 2 }, 60],
    ['an empty queue, so that the last task stops', { waiting: 0, tasks: 1 }, 0],
    ['the last message is in flight, so that the last task does not stop', { waiting: 0, inFlight: 1, tasks: 1 }, 1],
    ['no task', { waiting: 5 }, undefined],
  ])('has a backlog per task: %s', (_, values, expected) => {
    expect(valueOf(metricsOf(POLICY), values)).toEqual(expected);
  });

  // SQS reports messages in flight only if there are any.
  test.each<[string, Record<string, number>, number | undefined]>([
    ['messages wait', { waiting: 5 }, 5],
    ['messages wait, and SQS reports that none is in flight', { waiting: 5, inFlight: 0 }, 5],
    ['tasks process messages', { waiting: 5, inFlight: 1 }, 0],
    ['the queue is empty', { waiting: 0 }, 0],
    ['SQS reports nothing about an idle queue', {}, undefined],
  ])('counts the messages that a first task would process: %s', (_, values, expected) => {
    expect(valueOf(metricsOf('AWS::CloudWatch::Alarm'), values)).toEqual(expected);
  });

  test.each<[string, ScalingOptions['schedules']]>([
    ['0', { night: { schedule: Schedule.cron({ hour: '22' }), minCapacity: 0 } }],
    ['a token', { night: { schedule: Schedule.cron({ hour: '22' }), minCapacity: Token.asNumber({ Ref: 'AWS::NoValue' }) } }],
  ])('starts the first task again if a schedule lowers the minimum to %s', (_, schedules) => {
    follow(1, schedules).hasResourceProperties(POLICY, { PolicyType: 'StepScaling' });
  });

  test('has no policy for the first task if no schedule lowers the minimum to 0', () => {
    follow(2, { night: { schedule: Schedule.cron({ hour: '22' }), minCapacity: 1 } }).resourceCountIs(POLICY, 1);
  });

  test.each([
    ['queue Web/Queue needs messagesPerTask', (queue: sqs.IQueue) => ({ queue })],
    ['messagesPerTask 5 needs a queue', () => ({ messagesPerTask: 5 })],
    ['messagesPerTask 0 is not valid: pass a whole number of messages, 1 or more', (queue: sqs.IQueue) => ({ queue, messagesPerTask: 0 })],
    ['messagesPerTask must be known at synthesis', (queue: sqs.IQueue) => ({ queue, messagesPerTask: Token.asNumber({ Ref: 'Messages' }) })],
  ])('needs two valid options: %s', (message, options) => {
    const queue = new sqs.Queue(new Stack(testApp(), 'Web'), 'Queue');
    expect(() => Scaling.between(0, 10, options(queue))).toThrow(new Error(`Scaling.between: ${message}`));
  });
});

describe('for scaling, synthesis', () => {
  const env = { account: '111111111111', region: 'eu-west-1' };
  const inShop = (options: (stack: Stack) => ScalingOptions) => {
    const stack = new Stack(testApp(), 'Shop', { env });
    return () => new GuardedFargateService(stack, 'Worker', { guard: anyGuard(stack), vpc: existingVpc(stack), scaling: Scaling.between(1, 10, options(stack)) });
  };
  const follow = (queue: (stack: Stack) => sqs.IQueue) => inShop((stack) => ({ queue: queue(stack), messagesPerTask: 5 }));
  const jobs = (stack: Stack, place: object) =>
    new sqs.Queue(new Stack(stack.node.scope as App, 'Other', { env: { ...env, ...place } }), 'Jobs', { queueName: 'jobs' });
  const imported = (stack: Stack, region: string, account: string) => sqs.Queue.fromQueueArn(stack, 'Jobs', `arn:aws:sqs:${region}:${account}:jobs`);
  const metric = (place: object) => new Metric({ namespace: 'Shop', metricName: 'Orders', ...place });
  const track = (orders: IMetric) => inShop(() => ({ customMetrics: { orders: { metric: orders, targetValue: 1 } } }));

  test.each<[string, () => unknown, string]>([
    ['a queue of a stack in another region', follow((stack) => jobs(stack, { region: 'us-east-1' })),
      'scaling queue Other/Jobs is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
    ['an imported queue of another region', follow((stack) => imported(stack, 'us-east-1', env.account)),
      'scaling queue arn:aws:sqs:us-east-1:111111111111:jobs is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
    ['an imported queue of another account', follow((stack) => imported(stack, env.region, '222222222222')),
      'scaling queue arn:aws:sqs:eu-west-1:222222222222:jobs is in 222222222222, but the service is in 111111111111: pass one in the same account'],
    ['a metric of another region', track(metric({ region: 'us-east-1' })),
      'scaling customMetrics.orders Shop/Orders is in us-east-1, but the service is in eu-west-1: pass one in the same region'],
    ['a metric of another account in metric math', track(new MathExpression({ expression: 'a + b', usingMetrics: { a: metric({}), b: metric({ account: '222222222222' }) } })),
      'scaling customMetrics.orders Shop/Orders is in 222222222222, but the service is in 111111111111: pass one in the same account'],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(new Error(`${message} (at Shop/Worker)`));
  });

  test.each<[string, () => unknown]>([
    ['a queue of the same account and region', follow((stack) => imported(stack, env.region, env.account))],
    ['a queue of another stack in the same account and region', follow((stack) => jobs(stack, {}))],
    ['a queue whose ARN is a token', follow((stack) => sqs.Queue.fromQueueArn(stack, 'Jobs', Fn.importValue('jobs')))],
    ['a metric of the same account and region', track(metric(env))],
    ['a metric whose region is a token', track(metric({ region: Aws.REGION }))],
  ])('accepts %s', (_, make) => {
    expect(make).not.toThrow();
  });
});

describe('a minimum of 0', () => {
  const warnings = (options: ScalingOptions, ingress?: Ingress, min = 0) => {
    const { stack } = service({ scaling: Scaling.between(min, 4, options), ingress });
    return Annotated.fromStack(stack).findWarning('*', Match.stringLikeRegexp('scalingStaysAtZero')).length;
  };
  const metric = new Metric({ namespace: 'Shop', metricName: 'Sessions' });

  test('causes a warning if only running tasks provide the metrics', () => {
    expect(warnings({})).toBe(1);
    expect(warnings({ requestsPerTarget: 100 }, Ingress.internalOnly())).toBe(1);
  });

  test('causes no warning if another metric can start tasks', () => {
    expect(warnings({ customMetrics: { sessions: { metric, targetValue: 1 } } })).toBe(0);
    expect(warnings({ schedules: { morning: { schedule: Schedule.cron({ hour: '6' }), minCapacity: 1 } } })).toBe(0);
  });

  const night = { schedule: Schedule.cron({ hour: '22' }), minCapacity: 0, maxCapacity: 0 };
  const morning = { schedule: Schedule.cron({ hour: '6' }), minCapacity: 2, maxCapacity: 4 };

  test('causes a warning if a schedule sets it and none raises it again', () => {
    expect(warnings({ schedules: { night } }, undefined, 1)).toBe(1);
    expect(warnings({ schedules: { night, morning } }, undefined, 1)).toBe(0);
    expect(warnings({ schedules: { night, morning: { ...morning, minCapacity: Token.asNumber({ Ref: 'AWS::NoValue' }) } } }, undefined, 1)).toBe(0);
  });

  test('causes a warning if the schedules change only the maximum', () => {
    expect(warnings({ schedules: { evening: { schedule: night.schedule, maxCapacity: 2 } } })).toBe(1);
  });
});

describe('a schedule', () => {
  const schedule = Schedule.cron({ hour: '6' });
  test.each<[string, ScalingOptions['schedules']]>([
    ['schedules.night changes nothing: pass minCapacity or maxCapacity', { night: { schedule } }],
    ['schedules.night: minCapacity 5 is more than maxCapacity 1', { night: { schedule, minCapacity: 5, maxCapacity: 1 } }],
    ['schedules.night.minCapacity -1 is not valid: pass a whole number of tasks, 0 or more', { night: { schedule, minCapacity: -1 } }],
    ['schedules.night.schedule undefined is not a Schedule', { night: { minCapacity: 1 } as any }],
  ])('that is invalid is refused: %s', (message, schedules) => {
    expect(() => Scaling.between(1, 4, { schedules })).toThrow(new Error(`Scaling.between: ${message}`));
  });
});
