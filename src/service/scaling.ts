import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { checkPlaces } from './account-and-region';
import { checkTrackedMetric, trackMetric } from './metric-tracking';
import { followQueue } from './queue-scaling';
import { ScalingOptions } from './scaling-options';
import { ImageGuard } from '../guard/image-guard';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { anyFlag, anyNumber, anyText, durationIn, factoryOptions, finiteNumber, instance, Kind, Kinds, listOf, mapOf, oneOf, structOf } from '../private/option-kinds';
import { durationOutside, invalid, located, MOST_INTEGER, outside, shown } from '../private/validation';

const DEFAULT_CPU_PERCENT = 70;

/** IDs of the policies that options without a name create. */
const OWN_POLICIES = ['Target', 'Cpu', 'Memory', 'Requests', 'Queue', 'QueueWakes'];

/** @see https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html */
const SCHEDULE_NAME = /^(?! )[^:/|\u0000-\u001f\u007f-\u009f]{1,256}(?<! )$/;

const aDate: Kind = (name, value) => value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : `${name} ${shown(value)} is not a Date`;
const aMetric = instance('a cloudwatch.IMetric', 'toMetricConfig');

const aStep = structOf({ change: finiteNumber }, { lower: finiteNumber, upper: finiteNumber });

const KINDS: Kinds<ScalingOptions> = {
  cpuTargetUtilizationPercent: anyNumber,
  memoryTargetUtilizationPercent: anyNumber,
  requestsPerTarget: anyNumber,
  queue: instance('an sqs.IQueue', 'queueName'),
  messagesPerTask: anyNumber,
  scaleInCooldown: durationIn('seconds'),
  scaleOutCooldown: durationIn('seconds'),
  customMetrics: mapOf(structOf({ metric: aMetric, targetValue: finiteNumber }, {
    disableScaleIn: anyFlag, policyName: anyText, scaleInCooldown: durationIn('seconds'), scaleOutCooldown: durationIn('seconds'),
  })),
  metricSteps: mapOf(structOf({ metric: aMetric, scalingSteps: listOf(aStep) }, {
    adjustmentType: oneOf(...Object.values(appscaling.AdjustmentType)),
    cooldown: durationIn('seconds'),
    datapointsToAlarm: anyNumber,
    evaluationPeriods: anyNumber,
    metricAggregationType: oneOf(...Object.values(appscaling.MetricAggregationType)),
    minAdjustmentMagnitude: anyNumber,
  })),
  schedules: mapOf(structOf({ schedule: instance('a Schedule', 'expressionString') }, {
    minCapacity: anyNumber, maxCapacity: anyNumber, startTime: aDate, endTime: aDate, timeZone: instance('a TimeZone', 'timezoneName'),
  })),
};

interface TaskCountRule {
  readonly queue?: sqs.IQueue;
  desiredCount(scope: Construct, guard: ImageGuard): number | undefined;
  follow(scope: Construct, service: ecs.FargateService, targetGroups: elbv2.ApplicationTargetGroup[]): ecs.ScalableTaskCount | undefined;
}

/**
 * Number of tasks that a service runs.
 */
export class Scaling {
  /**
   * A fixed number of tasks. Each deployment of a new image resets the number of tasks to `count`.
   *
   * @param count 0 or more, or a token
   * @throws if `count` is negative or not a whole number
   */
  public static exactly(count: number): Scaling {
    if (outside(count, 0)) {
      throw new Error(`Scaling.exactly: count ${shown(count)} is not valid: pass a whole number of tasks, 0 or more`);
    }
    return new Scaling(BY_FACTORY, new FixedCount(count));
  }

  /**
   * A number of tasks that autoscaling changes with the load. Deployments do not change it.
   *
   * @param min 0 or more, or a token
   * @param max at least `min`, or a token
   * @throws if a number is not a whole number, or `max` is less than `min`; if a percentage is not between 1 and 100; if
   * only one of `queue` and `messagesPerTask` is passed; at synthesis, if `requestsPerTarget` is set and the service has no
   * load balancer; at synthesis, if the guard has `WhenMissing.startWithoutTasks()`
   */
  public static between(min: number, max: number, options: ScalingOptions = {}): Scaling {
    const fail = (message: string) => new Error(`Scaling.between: ${message}`);
    const given = factoryOptions(options ?? {}, KINDS, fail);
    if (outside(min, 0)) throw fail(`min ${shown(min)} is not valid: pass a whole number of tasks, 0 or more`);
    if (outside(max, Token.isUnresolved(min) ? 1 : Math.max(min, 1))) {
      throw fail(`max ${shown(max)} is out of range: pass a whole number that is at least 1 and at least min (${shown(min)})`);
    }
    for (const fault of [...faultsOf(given), ...faultsOfBounds(min, max, given.schedules)]) throw fail(fault);
    return new Scaling(BY_FACTORY, new LoadDrivenCount(min, max, given));
  }

  private constructor(key: symbol, private readonly rule: TaskCountRule) {
    onlyByFactory(Scaling, key);
  }

  /**
   * The desired number of tasks. If `undefined`, ECS starts one task and does not change the number later.
   *
   * @internal
   */
  public _desiredCount(scope: Construct, guard: ImageGuard): number | undefined {
    return this.rule.desiredCount(scope, guard);
  }

  /**
   * Queue that drives scaling.
   *
   * @internal
   */
  public get _queue(): sqs.IQueue | undefined {
    return this.rule.queue;
  }

  /**
   * @param targetGroups target groups of the load balancer
   * @internal
   */
  public _follow(
    scope: Construct, service: ecs.FargateService, targetGroups: elbv2.ApplicationTargetGroup[],
  ): ecs.ScalableTaskCount | undefined {
    return this.rule.follow(scope, service, targetGroups);
  }
}

function* faultsOf(options: ScalingOptions): Generator<string> {
  for (const name of ['cpuTargetUtilizationPercent', 'memoryTargetUtilizationPercent'] as const) {
    const percent = options[name];
    if (percent !== undefined && outside(percent, 1, 100)) yield `${name} ${percent} is not a whole number from 1 to 100`;
  }
  const { requestsPerTarget, queue, messagesPerTask, customMetrics = {}, metricSteps = {}, schedules = {} } = options;
  if (requestsPerTarget !== undefined && outside(requestsPerTarget, 1)) {
    yield `requestsPerTarget ${requestsPerTarget} is not valid: pass a whole number of requests, 1 or more`;
  }
  if (queue && messagesPerTask === undefined) yield `queue ${queue.node.path} needs messagesPerTask`;
  if (messagesPerTask !== undefined && !queue) yield `messagesPerTask ${messagesPerTask} needs a queue`;
  if (Token.isUnresolved(messagesPerTask)) yield 'messagesPerTask must be known at synthesis';
  if (messagesPerTask !== undefined && outside(messagesPerTask, 1)) {
    yield `messagesPerTask ${messagesPerTask} is not valid: pass a whole number of messages, 1 or more`;
  }
  const onlySteps = Object.keys(metricSteps).length > 0 && !queue && requestsPerTarget === undefined && Object.keys(customMetrics).length === 0
    && options.cpuTargetUtilizationPercent === undefined && options.memoryTargetUtilizationPercent === undefined;
  for (const name of ['scaleInCooldown', 'scaleOutCooldown'] as const) {
    const cooldown = options[name];
    if (cooldown && durationOutside('seconds', cooldown, 0, MOST_INTEGER)) {
      yield `${name} ${cooldown.toHumanString()} is not a whole number of seconds from 0 to ${MOST_INTEGER}`;
    }
    if (cooldown && onlySteps) yield `${name} ${cooldown.toHumanString()} has no effect on metricSteps: pass a cooldown in each of them`;
  }
  for (const [option, items] of Object.entries({ customMetrics, metricSteps, schedules })) {
    const blank = Object.keys(items).find((name) => name.trim() === '');
    if (blank !== undefined) yield `${option} has the blank name "${blank}": pass a name`;
  }
  const names = [...Object.keys(customMetrics), ...Object.keys(metricSteps)];
  const taken = names.find((name, index) => OWN_POLICIES.includes(name) || names.indexOf(name) !== index);
  if (taken !== undefined) yield `${Object.hasOwn(customMetrics, taken) ? 'customMetrics' : 'metricSteps'}.${taken} has a name that is already taken: pass another name`;
  for (const [name, { scalingSteps }] of Object.entries(metricSteps)) {
    if (scalingSteps.length < 2) yield `metricSteps.${name}.scalingSteps has ${scalingSteps.length} steps: pass 2 or more`;
  }
  for (const [name, { minCapacity, maxCapacity }] of Object.entries(schedules)) {
    if (!SCHEDULE_NAME.test(name)) yield `schedules."${name}" is not the name of a scheduled action: pass 1 to 256 characters, without ":", "/", or "|"`;
    if (minCapacity === undefined && maxCapacity === undefined) yield `schedules.${name} changes nothing: pass minCapacity or maxCapacity`;
    for (const [property, value] of Object.entries({ minCapacity, maxCapacity })) {
      if (value !== undefined && outside(value, 0)) yield `schedules.${name}.${property} ${value} is not valid: pass a whole number of tasks, 0 or more`;
    }
    const known = !Token.isUnresolved(minCapacity) && !Token.isUnresolved(maxCapacity);
    if (known && minCapacity !== undefined && maxCapacity !== undefined && minCapacity > maxCapacity) {
      yield `schedules.${name}: minCapacity ${minCapacity} is more than maxCapacity ${maxCapacity}`;
    }
  }
}

/**
 * A schedule can change one bound or both. Application Auto Scaling refuses a minimum above the maximum only when the
 * scheduled action runs.
 *
 * @see https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
 */
function* faultsOfBounds(min: number, max: number, schedules: ScalingOptions['schedules'] = {}): Generator<string> {
  const all = Object.values(schedules);
  const lowest = [min, ...all.flatMap(({ minCapacity }) => minCapacity ?? [])];
  const highest = [max, ...all.flatMap(({ maxCapacity }) => maxCapacity ?? [])];
  if (Token.isUnresolved([...lowest, ...highest])) return;
  for (const [name, { minCapacity, maxCapacity }] of Object.entries(schedules)) {
    if (maxCapacity === undefined && minCapacity !== undefined && minCapacity > Math.max(...highest)) {
      yield `schedules.${name}.minCapacity ${minCapacity} is more than the maximum ${Math.max(...highest)}: pass a maxCapacity too`;
    }
    if (minCapacity === undefined && maxCapacity !== undefined && maxCapacity < Math.min(...lowest)) {
      yield `schedules.${name}.maxCapacity ${maxCapacity} is less than the minimum ${Math.min(...lowest)}: pass a minCapacity too`;
    }
  }
}

class FixedCount implements TaskCountRule {
  constructor(private readonly count: number) {}

  public desiredCount(_scope: Construct, guard: ImageGuard): number {
    return guard.taskCount(this.count);
  }

  public follow(): undefined {
    return undefined;
  }
}

class LoadDrivenCount implements TaskCountRule {
  constructor(private readonly min: number, private readonly max: number, private readonly options: ScalingOptions) {}

  public get queue(): sqs.IQueue | undefined {
    return this.options.queue;
  }

  public desiredCount(scope: Construct, guard: ImageGuard): undefined {
    if (guard._holdsTasksBack) {
      throw invalid(scope, 'scaling Scaling.between starts tasks on its own, which conflicts with WhenMissing.startWithoutTasks(): ' +
        'pass another whenMissing, or Scaling.exactly until the first image is pushed');
    }
    return undefined;
  }

  public follow(scope: Construct, service: ecs.FargateService, targetGroups: elbv2.ApplicationTargetGroup[]): ecs.ScalableTaskCount {
    const { memoryTargetUtilizationPercent, requestsPerTarget, queue, messagesPerTask, scaleInCooldown, scaleOutCooldown } = this.options;
    const cooldowns = { scaleInCooldown, scaleOutCooldown };
    const { customMetrics = {}, metricSteps = {}, schedules = {} } = this.options;
    const own = queue !== undefined || Object.keys({ ...customMetrics, ...metricSteps }).length > 0;
    const cpu = this.options.cpuTargetUtilizationPercent
      ?? (own || memoryTargetUtilizationPercent !== undefined || requestsPerTarget !== undefined ? undefined : DEFAULT_CPU_PERCENT);
    const scheduled = Object.values(schedules).flatMap(({ minCapacity }) => minCapacity ?? []);
    const minimums = [this.min, ...scheduled];
    if (minimums.includes(0) && !own && scheduled.every((minimum) => minimum === 0)) {
      Annotations.of(scope).addWarningV2('@org/phased-fargate:scalingStaysAtZero',
        'scaling with a minimum of 0 cannot start a task again after the number of tasks drops to 0, because without tasks there are no metrics for CPU, memory, and requests: ' +
        'pass a minimum of 1, scale on a queue or a custom metric, or add a schedule that raises the minimum');
    }

    if (queue) checkPlaces(scope, 'scaling queue', queue.queueArn);
    for (const [name, { metric }] of Object.entries(customMetrics)) checkTrackedMetric(scope, `scaling customMetrics.${name}`, metric);

    const tasks = service.autoScaleTaskCount({ minCapacity: this.min, maxCapacity: this.max });
    if (cpu !== undefined) {
      tasks.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: cpu, ...cooldowns });
    }
    if (memoryTargetUtilizationPercent !== undefined) {
      tasks.scaleOnMemoryUtilization('Memory', { targetUtilizationPercent: memoryTargetUtilizationPercent, ...cooldowns });
    }
    if (requestsPerTarget !== undefined) followRequests(scope, tasks, { requestsPerTarget, ...cooldowns }, targetGroups);
    const toZero = minimums.some((minimum) => Token.isUnresolved(minimum) || minimum === 0);
    if (queue) followQueue(tasks, service, { queue, messagesPerTask: messagesPerTask!, toZero, ...cooldowns });
    const ofEach = <T>(option: string, items: Record<string, T>, add: (name: string, item: T) => void) =>
      Object.entries(items).forEach(([name, item]) => located(scope, () => add(name, item), `scaling ${option}.${name}`));
    ofEach('customMetrics', customMetrics, (name, metric) => trackMetric(tasks, name, { ...cooldowns, ...metric }));
    ofEach('metricSteps', metricSteps, (name, steps) => tasks.scaleOnMetric(name, steps));
    ofEach('schedules', schedules, (name, schedule) => tasks.scaleOnSchedule(name, schedule));
    return tasks;
  }
}

/** The predefined metric supports only one target group. That group is idle after every second deployment that shifts traffic. */
function followRequests(
  scope: Construct, tasks: ecs.ScalableTaskCount, { requestsPerTarget, ...cooldowns }: Omit<ecs.RequestCountScalingProps, 'targetGroup'>,
  [targetGroup, alternate]: elbv2.ApplicationTargetGroup[],
): void {
  if (!targetGroup) {
    throw invalid(scope, `scaling requestsPerTarget ${requestsPerTarget} needs a load balancer: pass an ingress other than Ingress.none()`);
  }
  if (!alternate) {
    tasks.scaleOnRequestCount('Requests', { requestsPerTarget, targetGroup, ...cooldowns });
    return;
  }
  const usingMetrics = { one: targetGroup.metrics.requestCountPerTarget(), other: alternate.metrics.requestCountPerTarget() };
  const metric = new cloudwatch.MathExpression({ expression: 'FILL(one, 0) + FILL(other, 0)', usingMetrics, period: Duration.minutes(1) });
  trackMetric(tasks, 'Requests', { metric, targetValue: requestsPerTarget, ...cooldowns });
}
