import { CfnParameter, Duration, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { GuardedFargateService, GuardedFargateServiceOptions, Ingress, Scaling, ScalingOptions, WhenMissing } from '../../src';
import { anyGuard } from '../util/guard';
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
  test('the number of tasks is left to ECS, so that no deployment resets it', () => {
    const { template, construct } = service({});
    template().hasResourceProperties(SERVICE, { DesiredCount: Match.absent() });
    expect(construct.scaling).toBeUndefined();
  });

  test('one task is held back with startWithoutTasks, which ECS would start', () => {
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

  test('takes the number from the guard with startWithoutTasks', () => {
    service({ scaling: Scaling.exactly(3) }, WhenMissing.startWithoutTasks()).template()
      .hasResourceProperties(SERVICE, { DesiredCount: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Guard'), 'TaskCount3'] } });
  });

  test('lets a token pass', () => {
    const { stack, template } = service({ scaling: Scaling.exactly(Token.asNumber({ Ref: 'Count' })) });
    new CfnParameter(stack, 'Count', { type: 'Number' });
    template().hasResourceProperties(SERVICE, { DesiredCount: { Ref: 'Count' } });
  });

  test('refuses a token with startWithoutTasks, naming the guard', () => {
    expect(() => service({ scaling: Scaling.exactly(Token.asNumber({ Ref: 'Count' })) }, WhenMissing.startWithoutTasks()))
      .toThrow('count must be known at synthesis with WhenMissing.startWithoutTasks() (at Web/Guard)');
  });

  test.each([-1, 0.5, NaN, Infinity, undefined as any, '1' as any])('refuses %p with its name and the value', (count) => {
    expect(() => Scaling.exactly(count)).toThrow(new Error(`Scaling.exactly: count ${count} is not a number of tasks: 0 or more`));
  });
});

describe('Scaling.between', () => {
  const follows = (options?: ScalingOptions) => Object.fromEntries(
    Object.values(service({ scaling: Scaling.between(1, 4, options), ingress: Ingress.internalOnly() }).template().findResources(POLICY))
      .map(({ Properties: { TargetTrackingScalingPolicyConfiguration: { PredefinedMetricSpecification, TargetValue } } }) =>
        [PredefinedMetricSpecification.PredefinedMetricType, TargetValue]));

  test('leaves the number to autoscaling, so that no deployment resets it', () => {
    const { template, construct } = service({ scaling: Scaling.between(2, 10) });
    template().hasResourceProperties(SERVICE, { DesiredCount: Match.absent() });
    template().hasResourceProperties(TARGET, { MinCapacity: 2, MaxCapacity: 10 });
    expect(construct.scaling).toBeDefined();
  });

  test('follows the CPU by default', () => {
    expect(follows()).toEqual({ ECSServiceAverageCPUUtilization: 70 });
  });

  test('follows what is given instead', () => {
    expect(follows({ memoryUtilizationPercent: 60 })).toEqual({ ECSServiceAverageMemoryUtilization: 60 });
    expect(follows({ requestsPerTarget: 500 })).toEqual({ ALBRequestCountPerTarget: 500 });
    expect(follows({ cpuUtilizationPercent: 50 })).toEqual({ ECSServiceAverageCPUUtilization: 50 });
  });

  test('follows all that is given', () => {
    expect(follows({ cpuUtilizationPercent: 50, memoryUtilizationPercent: 60, requestsPerTarget: 500 })).toEqual({
      ECSServiceAverageCPUUtilization: 50,
      ECSServiceAverageMemoryUtilization: 60,
      ALBRequestCountPerTarget: 500,
    });
  });

  test('changes its bounds by schedule, and follows the CPU within them', () => {
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

  test('can follow more', () => {
    const { construct, template } = service({ scaling: Scaling.between(1, 4) });
    construct.scaling!.scaleToTrackCustomMetric('Queue', { metric: new Metric({ namespace: 'Shop', metricName: 'Backlog' }), targetValue: 10 });
    template().hasResourceProperties(POLICY, { TargetTrackingScalingPolicyConfiguration: Match.objectLike({ TargetValue: 10 }) });
  });

  test('registers only after the service, whose name it needs', () => {
    service({ scaling: Scaling.between(1, 4) }).template().hasResourceProperties(TARGET, {
      ResourceId: { 'Fn::Join': ['', Match.arrayWith([{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Service'), 'Name'] }])] },
    });
  });

  test('lets tokens pass', () => {
    const [min, max] = ['Min', 'Max'].map((name) => Token.asNumber({ Ref: name }));
    const { stack, template } = service({ scaling: Scaling.between(min, max) });
    for (const name of ['Min', 'Max']) new CfnParameter(stack, name, { type: 'Number' });
    template().hasResourceProperties(TARGET, { MinCapacity: { Ref: 'Min' }, MaxCapacity: { Ref: 'Max' } });
  });

  test.each([0, 1])('may end where it begins: %d', (min) => {
    expect(() => service({ scaling: Scaling.between(min, 1) }).template()).not.toThrow();
  });

  test.each([-1, 1.5, NaN, undefined as any])('refuses the minimum %p with its name and the value', (min) => {
    expect(() => Scaling.between(min, 4)).toThrow(new Error(`Scaling.between: min ${min} is not a number of tasks: 0 or more`));
  });

  test.each([[2, 1], [0, 0], [1, 1.5], [1, NaN], [1, undefined as any], [Token.asNumber({ Ref: 'Min' }), 0]])('refuses %p to %p', (min, max) => {
    expect(() => Scaling.between(min, max)).toThrow(`Scaling.between: max ${max} is not a number of tasks that is at least 1 and at least min`);
  });

  test.each(['cpuUtilizationPercent', 'memoryUtilizationPercent'] as const)('refuses a %s that is no percentage, with the value', (name) => {
    for (const percent of [0, -1, 101, 50.5, NaN]) {
      expect(() => Scaling.between(1, 4, { [name]: percent })).toThrow(new Error(`Scaling.between: ${name} ${percent} is not a percentage: 1 to 100`));
    }
  });

  test.each([0, -1, 1.5])('refuses requestsPerTarget %p', (requestsPerTarget) => {
    expect(() => Scaling.between(1, 4, { requestsPerTarget }))
      .toThrow(new Error(`Scaling.between: requestsPerTarget ${requestsPerTarget} is not a number of requests: 1 or more`));
  });

  test('refuses to count requests without a load balancer, naming path and value', () => {
    expect(() => service({ scaling: Scaling.between(1, 4, { requestsPerTarget: 500 }) })).toThrow(new Error(
      'scaling requestsPerTarget 500 needs a load balancer: pass an ingress other than Ingress.none() (at Web/Service)'));
  });

  test('refuses to start without tasks, which it would start by itself', () => {
    expect(() => service({ scaling: Scaling.between(1, 4) }, WhenMissing.startWithoutTasks())).toThrow(new Error(
      'scaling Scaling.between starts tasks by itself, which WhenMissing.startWithoutTasks() is to prevent: ' +
      'pass Scaling.exactly until the first image is there, or another whenMissing (at Web/Service)'));
  });

  test('goes along with waiting for the image', () => {
    expect(() => service({ scaling: Scaling.between(1, 4) }, WhenMissing.waitFor(Duration.minutes(5))).template()).not.toThrow();
  });

  test('may be shared by services', () => {
    const scaling = Scaling.between(1, 4);
    const { stack, template } = service({ scaling });
    new GuardedFargateService(stack, 'Other', { guard: anyGuard(stack, {}, 'OtherGuard'), vpc: undefined, scaling });
    template().resourceCountIs(TARGET, 2);
  });
});
