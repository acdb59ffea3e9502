import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { trackMetric } from './metric-tracking';

/** What a task needs to start and to take its first message. */
const TIME_TO_START = Duration.minutes(3);

export interface QueueScaling {
  readonly queue: sqs.IQueue;
  readonly messagesPerTask: number;

  /** Whether there may be no task, and hence nobody to measure the backlog by. */
  readonly toZero: boolean;
}

/**
 * Keeps the backlog of a queue per task. Messages in flight count, so that the last task stops after its last message.
 *
 * Without tasks, the backlog per task is unknown. Then messages that wait while none is in flight start the first ones.
 */
export function followQueue(tasks: ecs.ScalableTaskCount, service: ecs.FargateService, { queue, messagesPerTask, toZero }: QueueScaling): void {
  const period = Duration.minutes(1);
  const usingMetrics = {
    waiting: queue.metricApproximateNumberOfMessagesVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
    inFlight: queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic: cloudwatch.Stats.MAXIMUM }),
  };
  trackMetric(tasks, 'Queue', {
    metric: new cloudwatch.MathExpression({
      expression: '(waiting + inFlight) / tasks',
      // Each task reports once a minute, as the documentation of ECS counts running tasks.
      usingMetrics: { ...usingMetrics, tasks: service.metricCpuUtilization({ period, statistic: cloudwatch.Stats.SAMPLE_COUNT }) },
      period,
    }),
    targetValue: messagesPerTask,
  });
  if (!toZero) return;

  tasks.scaleOnMetric('QueueWakes', {
    metric: new cloudwatch.MathExpression({ expression: 'IF(inFlight < 1, waiting, 0)', usingMetrics, period, label: 'messages that nobody works on' }),
    scalingSteps: [{ lower: 1, change: 1 }, { lower: messagesPerTask + 1, change: 2 }],
    cooldown: TIME_TO_START,
  });
}
