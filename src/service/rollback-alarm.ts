import { Duration, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { checkPlaces } from './account-and-region';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { anyDuration, anyNumber, factoryOptions, Kinds } from '../private/option-kinds';
import { invalid, outside, shown } from '../private/validation';

const PERIOD = Duration.minutes(1);
const DEFAULT_PERIODS = 2;

/**
 * Options of a `RollbackAlarm`.
 */
export interface RollbackAlarmOptions {
  /**
   * Number of consecutive minutes that must breach the threshold before the alarm goes off: 1 to 60.
   *
   * @default 2
   */
  readonly evaluationPeriods?: number;
}

/**
 * Options of `RollbackAlarm.serverErrors`.
 */
export interface ServerErrorsOptions extends RollbackAlarmOptions {
  /**
   * Maximum percentage of requests with a status of 500 or above: 0 or more, and less than 100. The alarm goes off above this
   * percentage.
   */
  readonly percent: number;
}

/**
 * Options of `RollbackAlarm.unhealthyHosts`.
 */
export interface UnhealthyHostsOptions extends RollbackAlarmOptions {
  /**
   * Number of unhealthy tasks that sets off the alarm: 1 or more.
   *
   * @default 1
   */
  readonly count?: number;
}

/**
 * Options of `RollbackAlarm.latency`.
 */
export interface LatencyOptions extends RollbackAlarmOptions {
  /**
   * Maximum response time of the tasks.
   */
  readonly threshold: Duration;

  /**
   * Percentage of the requests that must get a response within `threshold`: 1 to 100.
   *
   * @default 99
   */
  readonly percentile?: number;
}

/** Sources of the metrics of an alarm. */
export interface AlarmSource {
  /** Target groups of the load balancer. */
  readonly targetGroups: elbv2.ApplicationTargetGroup[];

  /** The load balancer, if it was created for the service. The alarm also counts the errors of this load balancer. */
  readonly loadBalancer?: elbv2.ApplicationLoadBalancer;
}

/** The alarm goes off if the metric exceeds `above`, or reaches `from`. */
type Threshold = { readonly above: number } | { readonly from: number };

type MakeMetric = (source: AlarmSource) => cloudwatch.IMetric;

/**
 * Alarm that fails a deployment and rolls it back. Pass it to `rollbackOn` of a service. The service creates the alarm from
 * the metrics of its load balancer. If deployments shift traffic, the alarm goes off if either of the two target groups
 * exceeds the threshold.
 *
 * Missing data does not set off the alarm, so you can deploy a service that gets no requests.
 */
export class RollbackAlarm implements cloudwatch.IAlarmRule {
  /**
   * Alarm on responses with a status of 500 or above. It counts responses of the tasks and of the service's own load
   * balancer. It does not count responses of a shared load balancer, because they can concern other services.
   *
   * @throws if the percentage is less than 0, or 100 or more
   */
  public static serverErrors(options: ServerErrorsOptions): RollbackAlarm {
    const { percent, evaluationPeriods } = optionsOf('serverErrors', options, { percent: anyNumber, evaluationPeriods: anyNumber }, ['percent']);
    if (!Token.isUnresolved(percent) && !(percent >= 0 && percent < 100)) {
      throw new Error(`RollbackAlarm.serverErrors: percent ${percent} is out of range: the alarm goes off above percent, so pass 0 or more and less than 100`);
    }
    return new RollbackAlarm(BY_FACTORY, 'ServerErrors', { above: percent }, evaluationPeriods, serverErrorPercent);
  }

  /**
   * Alarm on tasks that fail the health checks of the load balancer. A task that is still starting also fails them. If a
   * task needs several minutes to start, raise `evaluationPeriods`.
   *
   * @throws if the count is not a whole number, or is less than 1
   */
  public static unhealthyHosts(options: UnhealthyHostsOptions = {}): RollbackAlarm {
    const { count = 1, evaluationPeriods } = optionsOf('unhealthyHosts', options ?? {}, { count: anyNumber, evaluationPeriods: anyNumber });
    if (outside(count, 1)) throw new Error(`RollbackAlarm.unhealthyHosts: count ${count} is not valid: pass a whole number of tasks, 1 or more`);
    return new RollbackAlarm(BY_FACTORY, 'UnhealthyHosts', { from: count }, evaluationPeriods, ofEach((targetGroup) =>
      targetGroup.metrics.unhealthyHostCount({ period: PERIOD, statistic: cloudwatch.Stats.MAXIMUM })));
  }

  /**
   * Alarm on the response time of the tasks.
   *
   * @throws if the threshold is not a duration that is known at synthesis; if the percentile is not between 1 and 100
   */
  public static latency(options: LatencyOptions): RollbackAlarm {
    const { threshold, percentile = 99, evaluationPeriods } = optionsOf('latency', options, {
      threshold: anyDuration, percentile: anyNumber, evaluationPeriods: anyNumber,
    }, ['threshold']);
    const seconds = threshold.isUnresolved() ? NaN : threshold.toSeconds({ integral: false });
    if (!(seconds > 0 && seconds < Infinity)) {
      throw new Error(`RollbackAlarm.latency: threshold ${threshold.toHumanString()} is out of range: pass a time above 0 that is known at synthesis`);
    }
    if (Token.isUnresolved(percentile) || !(percentile >= 1 && percentile <= 100)) {
      throw new Error(`RollbackAlarm.latency: percentile ${shown(percentile)} is not between 1 and 100`);
    }
    return new RollbackAlarm(BY_FACTORY, 'Latency', { above: seconds }, evaluationPeriods, ofEach((targetGroup) =>
      targetGroup.metrics.targetResponseTime({ period: PERIOD, statistic: cloudwatch.Stats.percentile(percentile) })));
  }

  private constructor(
    key: symbol, private readonly kind: string, private readonly threshold: Threshold, private readonly evaluationPeriods: number = DEFAULT_PERIODS,
    private readonly metric: MakeMetric,
  ) {
    onlyByFactory(RollbackAlarm, key);
    if (outside(evaluationPeriods, 1, 60)) {
      throw new Error(`RollbackAlarm: evaluationPeriods ${evaluationPeriods} is not a whole number of minutes from 1 to 60`);
    }
  }

  /**
   * Throws an error, because a `RollbackAlarm` cannot be part of an `AlarmRule`. Pass it to `rollbackOn` of a service
   * instead.
   *
   * @throws always
   */
  public renderAlarmRule(): string {
    throw new Error(`RollbackAlarm ${this.kind} cannot be part of an alarm rule: pass it to rollbackOn of a service`);
  }

  /**
   * Creates the alarm. Its ID is the kind of the alarm.
   *
   * @internal
   */
  public _bind(scope: Construct, source: AlarmSource): cloudwatch.IAlarm {
    const earlier = scope.node.children.filter(({ node }) => node.id.startsWith(this.kind)).length;
    const id = earlier === 0 ? this.kind : `${this.kind}${earlier + 1}`;
    const { threshold } = this;
    return new cloudwatch.Alarm(scope, id, {
      alarmDescription: 'Rolls back deployments of this service',
      metric: this.metric(source),
      ...('above' in threshold
        ? { threshold: threshold.above, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD }
        : { threshold: threshold.from, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD }),
      evaluationPeriods: this.evaluationPeriods,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}

/**
 * Returns the names of alarms that fail a deployment. ECS accepts only names, so it finds only alarms in its own account and
 * region.
 *
 * @param rules each `RollbackAlarm`, and each rule that combines several alarms, becomes an alarm in `scope`
 */
export function rollbackAlarmNames(scope: Construct, rules: cloudwatch.IAlarmRule[], source: AlarmSource): string[] {
  const alarms = new Construct(scope, 'RollbackAlarms');
  const names = rules.map((rule, index) => {
    if ('_bind' in rule) {
      if (source.targetGroups.length > 0) return (rule as RollbackAlarm)._bind(alarms, source).alarmName;
      throw invalid(scope, 'rollbackOn with a RollbackAlarm needs a load balancer: pass an ingress other than Ingress.none(), or an alarm of your own');
    }
    checkPlaces(scope, `rollbackOn[${index}]`, rule.renderAlarmRule());
    if ('alarmName' in rule) return (rule as cloudwatch.IAlarm).alarmName;
    const alarm = new cloudwatch.CompositeAlarm(alarms, `Rule${index + 1}`, { alarmRule: rule });
    const resource = alarm.node.defaultChild as cloudwatch.CfnCompositeAlarm;
    // aws-cdk-lib derives the name only from the path, which can be the same in stacks with different names.
    resource.alarmName = `${resource.stack.stackName}-${resource.logicalId}`;
    return alarm.alarmName;
  });
  return [...new Set(names)];
}

function optionsOf<T extends object>(factory: string, options: T, kinds: Kinds<T>, required: (keyof T & string)[] = []): T {
  return factoryOptions(options, kinds, (message) => new Error(`RollbackAlarm.${factory}: ${message}`), required);
}

/** A metric of the target group. With two target groups, the higher of their values. */
function ofEach(metricOf: (targetGroup: elbv2.ApplicationTargetGroup) => cloudwatch.Metric): MakeMetric {
  return ({ targetGroups }) => {
    if (targetGroups.length === 1) return metricOf(targetGroups[0]);
    return highest(Object.fromEntries(targetGroups.map((targetGroup, index) => [`group${index}`, metricOf(targetGroup)])));
  };
}

/**
 * With two target groups, returns the highest of three percentages: that of all requests, and that of each target group.
 * Otherwise, errors of a new release that gets only a few requests could stay below the threshold.
 */
function serverErrorPercent({ targetGroups, loadBalancer }: AlarmSource): cloudwatch.IMetric {
  const groups = targetGroups.map(({ metrics }, index) => ({
    errors: { [`errors${index}`]: metrics.httpCodeTarget(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, { period: PERIOD }) },
    requests: { [`requests${index}`]: metrics.requestCount({ period: PERIOD }) },
  }));
  // Only these metrics count requests that get no response from a task. The request count of a target group includes only
  // requests for which the load balancer chose a task. If there is no task to choose, the status is 503.
  const ofLoadBalancer = loadBalancer && {
    errors: { refused: loadBalancer.metrics.httpCodeElb(elbv2.HttpCodeElb.ELB_5XX_COUNT, { period: PERIOD }) },
    requests: { unrouted: loadBalancer.metrics.httpCodeElb(elbv2.HttpCodeElb.ELB_503_COUNT, { period: PERIOD }) },
  };
  const all = percentage([...groups, ...ofLoadBalancer ? [ofLoadBalancer] : []]);
  if (groups.length === 1) return all;
  return highest({ all, ...Object.fromEntries(groups.map((group, index) => [`group${index}`, percentage([group])])) });
}

interface Count {
  readonly errors: Record<string, cloudwatch.IMetric>;
  readonly requests: Record<string, cloudwatch.IMetric>;
}

function percentage(counts: Count[]): cloudwatch.MathExpression {
  const errors = Object.assign({}, ...counts.map((count) => count.errors));
  const requests = Object.assign({}, ...counts.map((count) => count.requests));
  const sum = (metrics: object) => Object.keys(metrics).map((name) => `FILL(${name}, 0)`).join(' + ');
  return new cloudwatch.MathExpression({
    expression: `100 * (${sum(errors)}) / (${sum(requests)})`,
    usingMetrics: { ...errors, ...requests },
    label: 'server errors in percent',
    period: PERIOD,
  });
}

/** CloudWatch does not document the maximum if a value is missing. Missing values count as 0, which exceeds no threshold. */
function highest(metrics: Record<string, cloudwatch.IMetric>): cloudwatch.MathExpression {
  const values = Object.keys(metrics).map((id) => `FILL(${id}, 0)`);
  return new cloudwatch.MathExpression({ expression: `MAX([${values.join(', ')}])`, usingMetrics: metrics, period: PERIOD });
}
