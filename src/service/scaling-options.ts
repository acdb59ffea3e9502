import { Duration } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';

/**
 * Metrics that drive scaling, for `Scaling.between`. With several metrics, the service runs as many tasks as the most
 * demanding metric requires.
 */
export interface ScalingOptions {
  /**
   * Target for the average CPU utilization of the tasks, in percent: 1 to 100.
   *
   * @default - 70 if no other metric drives scaling; otherwise, CPU does not drive scaling
   */
  readonly cpuTargetUtilizationPercent?: number;

  /**
   * Target for the average memory utilization of the tasks, in percent: 1 to 100.
   *
   * @default - memory does not drive scaling
   */
  readonly memoryTargetUtilizationPercent?: number;

  /**
   * Target for the number of requests per minute that each task gets from the load balancer. If deployments shift traffic,
   * the requests of both target groups count.
   *
   * @default - requests do not drive scaling
   */
  readonly requestsPerTarget?: number;

  /**
   * Queue that the service processes. It must be in the account and region of the service. Requires `messagesPerTask`. With
   * a minimum of 0, the last task stops when the queue is empty, and the next message starts a task. If the queue has been
   * idle for more than six hours, SQS can report that message up to 15 minutes late.
   *
   * @default - no queue drives scaling
   */
  readonly queue?: sqs.IQueue;

  /**
   * Target for the number of messages in `queue` per task: 1 or more. Both waiting messages and messages in flight count.
   * To calculate the target, divide the longest acceptable delay of a message by the time that a task needs to process a
   * message.
   *
   * @default - no queue drives scaling
   */
  readonly messagesPerTask?: number;

  /**
   * Your own metrics with a target value, each with a name: `{ sessions: { metric, targetValue: 100 } }`. The value of a
   * metric must fall when tasks are added. A metric must be in the account and region of the service. It can use metric
   * math.
   *
   * @default - none
   */
  readonly customMetrics?: { [name: string]: ecs.TrackCustomMetricProps };

  /**
   * Time after a scale-in before the same metric can stop more tasks. It applies to all metrics with a target. A custom
   * metric can override it.
   *
   * @default - 300 seconds, the ECS default
   */
  readonly scaleInCooldown?: Duration;

  /**
   * Time after a scale-out before the same metric can start more tasks. It applies to all metrics with a target. A custom
   * metric can override it.
   *
   * @default - 300 seconds, the ECS default
   */
  readonly scaleOutCooldown?: Duration;

  /**
   * Your own metrics that change the number of tasks in steps, each with a name:
   * `{ backlog: { metric, scalingSteps: [{ upper: 0, change: -1 }, { lower: 100, change: +1 }] } }`.
   *
   * @default - none
   */
  readonly metricSteps?: { [name: string]: appscaling.BasicStepScalingPolicyProps };

  /**
   * Scheduled changes to the minimum and maximum, each with the name of its scheduled action:
   * `{ night: { schedule, maxCapacity: 1 } }`.
   *
   * @default - the minimum and maximum stay the same
   */
  readonly schedules?: { [name: string]: appscaling.ScalingSchedule };
}
