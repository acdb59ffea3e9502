import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';

/**
 * Options of the deployments of a service.
 */
export interface ServiceDeploymentOptions {
  /**
   * Way in which a deployment replaces the tasks: a few at a time, or by shifting traffic to a second set of tasks, at once
   * (`BLUE_GREEN`) or, with a newer `aws-cdk-lib`, in steps (`LINEAR`, `CANARY`).
   *
   * @default ecs.DeploymentStrategy.ROLLING
   */
  readonly deploymentStrategy?: ecs.DeploymentStrategy;

  /**
   * Time for which the old tasks are kept after all traffic has shifted: 0 to 1440 minutes. Not for rolling deployments.
   *
   * @default - the old tasks are stopped at once
   */
  readonly bakeTime?: Duration;

  /**
   * Share of the traffic that the new tasks get first, in percent: 0.1 to 100, in steps of 0.1. Only for `CANARY`.
   *
   * @default - 5, the ECS default
   */
  readonly canaryPercent?: number;

  /**
   * Time between the first share of the traffic and the rest: 0 to 1440 minutes. Only for `CANARY`.
   *
   * @default - 10 minutes, the ECS default
   */
  readonly canaryBakeTime?: Duration;

  /**
   * Share of the traffic that shifts with each step, in percent: 3 to 100, in steps of 0.1. Only for `LINEAR`.
   *
   * @default - 10, the ECS default
   */
  readonly linearStepPercent?: number;

  /**
   * Time between two steps: 0 to 1440 minutes. Only for `LINEAR`.
   *
   * @default - 6 minutes, the ECS default
   */
  readonly linearStepBakeTime?: Duration;

  /**
   * Hooks that decide at each deployment stage whether to proceed. Not for rolling deployments.
   *
   * @default - none
   */
  readonly lifecycleHooks?: ecs.IDeploymentLifecycleHookTarget[];

  /**
   * Alarms that fail a deployment and roll it back: those of `RollbackAlarm`, which are made for this service, and alarms
   * of your own in the account and region of the service.
   *
   * If one of them is in ALARM when a deployment starts, ECS ignores all of them during this deployment, so that it can be
   * the one that repairs the service.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
   * @default - none
   */
  readonly rollbackOn?: cloudwatch.IAlarmRule[];

  /**
   * Whether ECS stops a deployment whose tasks keep failing, and whether it rolls back.
   *
   * @default - the circuit breaker is on, and rolls back
   */
  readonly circuitBreaker?: ecs.DeploymentCircuitBreaker;

  /**
   * Number of failed tasks after which the circuit breaker stops a deployment. Minimum 1.
   *
   * @default - half of the desired number of tasks, but at least 3 and at most 200
   */
  readonly circuitBreakerFailureCount?: number;

  /**
   * Whether a task that becomes healthy resets the count of the circuit breaker.
   *
   * @default - the ECS default
   */
  readonly circuitBreakerResetOnHealthyTask?: boolean;

  /**
   * SNS topic that receives the events of failed deployments and stopped tasks, with their reasons. Tasks that ECS stops on
   * purpose, to replace them or because fewer are needed, are left out.
   *
   * @default - the events are only kept in the stack's log group for failures
   */
  readonly failureTopic?: sns.ITopic;

  /**
   * Healthy tasks that a deployment must keep, in percent of the desired number.
   *
   * @default 100
   */
  readonly minHealthyPercent?: number;

  /**
   * Tasks that may run during a deployment, in percent of the desired number. A rolling deployment needs more than
   * `minHealthyPercent` to be able to replace a task.
   *
   * @default 200
   */
  readonly maxHealthyPercent?: number;

  /**
   * Time after the start of a task in which failing health checks are ignored. Needs a health check: a load balancer, which
   * may also be attached to `ecsService` later, or `healthCheck`.
   *
   * @default - 60 seconds with a load balancer, the CDK default
   */
  readonly healthCheckGracePeriod?: Duration;
}
