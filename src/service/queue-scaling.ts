import { Duration } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { trackMetric } from './metric-tracking';

/** Time that a task needs to start and to receive its first message. */
const TIME_TO_START = Duration.minutes(3);

export interface QueueScaling extends Pick<appscaling.BaseTargetTrackingProps, 'scaleInCooldown' | 'scaleOutCooldown'> {
  readonly queue: sqs.IQueue;
  readonly messagesPerTask: number;

  /** Whether the number of tasks can be 0. The backlog per task is then unknown. */
  readonly toZero: boolean;
}

/**
 * Keeps the backlog of a queue per task near its target. Messages in flight count, so the last task stops only after its
 * last message.
 *
 * Without tasks, the backlog per task is unknown. In that case, waiting messages start the first tasks if no message is in flight.
 *
 * SQS reports messages in flight only if there are any, as AWS documents. Missing data counts as 0, because an `IF` without
 * data for its condition has no value.
 *
 * @see
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#using-IF-expressions
 */
export function followQueue(
  tasks: ecs.ScalableTaskCount, service: ecs.FargateService, { queue, messagesPerTask, toZero, ...cooldowns }: QueueScaling,
): void {
  const period = Duration.minutes(1);
  const usingMetrics = {
    waiting: queue.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
  };
  trackMetric(tasks, 'Queue', {
    metric: new cloudwatch.MathExpression({
      expression: '(waiting + FILL(inFlight, 0)) / tasks',
      // Each task reports once a minute. The ECS documentation counts running tasks in this way.
      usingMetrics: { ...usingMetrics, tasks: service.metricCpuUtilization({ period, statistic: cloudwatch.Stats.SAMPLE_COUNT }) },
      period,
    }),
    targetValue: messagesPerTask,
    ...cooldowns,
  });
  if (!toZero) return;

  tasks.scaleOnMetric('QueueWakes', {
    metric: new cloudwatch.MathExpression({ expression: 'IF(FILL(inFlight, 0) < 1, waiting, 0)', usingMetrics, period, label: 'waiting messages while none is in flight' }),
    scalingSteps: [{ lower: 1, change: 1 }, { lower: messagesPerTask + 1, change: 2 }],
    cooldown: TIME_TO_START,
  });
}
