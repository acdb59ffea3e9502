import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sqs from 'aws-cdk-lib/aws-sqs';

/**
 * Metrics that drive scaling, with `Scaling.between`. With several of them, the one that needs the most tasks decides.
 */
export interface ScalingOptions {
  /**
   * Average CPU utilization to keep, in percent of what the tasks reserve: 1 to 100.
   *
   * @default - 70 if no other metric drives scaling; otherwise CPU does not
   */
  readonly cpuTargetUtilizationPercent?: number;

  /**
   * Average memory utilization to keep, in percent of what the tasks reserve: 1 to 100.
   *
   * @default - memory does not drive scaling
   */
  readonly memoryTargetUtilizationPercent?: number;

  /**
   * Requests per minute that each task should get from the load balancer. If deployments shift traffic between two target
   * groups, those of both count.
   *
   * @default - requests do not drive scaling
   */
  readonly requestsPerTarget?: number;

  /**
   * Queue that the service works off, in the account and region of the service. Together with `messagesPerTask`. With a
   * minimum of 0, the last task stops once the queue is empty, and the first message starts one again.
   *
   * @default - no queue drives scaling
   */
  readonly queue?: sqs.IQueue;

  /**
   * Messages of `queue`, waiting or in flight, for each task: 1 or more. What a task works off within the longest time that a
   * message may wait.
   *
   * @default - no queue drives scaling
   */
  readonly messagesPerTask?: number;

  /**
   * Metrics of your own to keep near a target value, by a name for each: `{ sessions: { metric, targetValue: 100 } }`. The
   * metric must fall as tasks are added, and be in the account and region of the service. Metric math is possible.
   *
   * @default - none
   */
  readonly customMetrics?: { [name: string]: ecs.TrackCustomMetricProps };

  /**
   * Metrics of your own that change the number of tasks in steps, by a name for each:
   * `{ backlog: { metric, scalingSteps: [{ upper: 0, change: -1 }, { lower: 100, change: +1 }] } }`.
   *
   * @default - none
   */
  readonly metricSteps?: { [name: string]: appscaling.BasicStepScalingPolicyProps };

  /**
   * Scheduled changes to the minimum and maximum, by the name of the scheduled action:
   * `{ night: { schedule, maxCapacity: 1 } }`.
   *
   * @default - minimum and maximum stay the same
   */
  readonly schedules?: { [name: string]: appscaling.ScalingSchedule };
}
