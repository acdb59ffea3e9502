import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';

/**
 * Deployment options of a service.
 */
export interface ServiceDeploymentOptions {
  /**
   * Deployment strategy of the service. `ROLLING` replaces a few tasks at a time. `BLUE_GREEN` starts a second set of tasks,
   * then shifts all traffic to them at once. `LINEAR` and `CANARY` shift the traffic in steps. Older versions of
   * `aws-cdk-lib` do not have `LINEAR` and `CANARY`.
   *
   * @default ecs.DeploymentStrategy.ROLLING
   */
  readonly deploymentStrategy?: ecs.DeploymentStrategy;

  /**
   * Time that the old tasks keep running after all traffic has shifted: 0 to 1440 minutes. Not for rolling deployments.
   *
   * @default - ECS stops the old tasks immediately
   */
  readonly bakeTime?: Duration;

  /**
   * Percentage of the traffic that ECS shifts first: 0.1 to 100, in steps of 0.1. Only for `CANARY`.
   *
   * @default - 5, the ECS default
   */
  readonly canaryPercent?: number;

  /**
   * Time between the first shift of traffic and the second: 0 to 1440 minutes. Only for `CANARY`.
   *
   * @default - 10 minutes, the ECS default
   */
  readonly canaryBakeTime?: Duration;

  /**
   * Percentage of the traffic that shifts with each step: 3 to 100, in steps of 0.1. Only for `LINEAR`.
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
   * Alarms that fail a deployment and roll it back. Pass a `RollbackAlarm` to create an alarm on the service's own
   * metrics. You can also pass your own alarms. They must be in the account and region of the service. For an
   * `AlarmRule`, the library creates a composite alarm. AWS documents rollbacks only for metric alarms, so test a composite
   * alarm before you rely on it.
   *
   * If an alarm is in the ALARM state when a deployment starts, ECS ignores all alarms during this deployment. This lets
   * you deploy a fix.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
   * @default - none
   */
  readonly rollbackOn?: cloudwatch.IAlarmRule[];

  /**
   * Whether ECS stops a deployment whose tasks keep failing, and whether it then rolls back.
   *
   * @default - the circuit breaker is on and rolls back
   */
  readonly circuitBreaker?: ecs.DeploymentCircuitBreaker;

  /**
   * Number of failed tasks after which the circuit breaker stops a deployment. Minimum 1.
   *
   * @default - half of the desired number of tasks, but at least 3 and at most 200
   */
  readonly circuitBreakerFailureCount?: number;

  /**
   * Whether a task that becomes healthy resets the failure count of the circuit breaker.
   *
   * @default - true, the ECS default
   */
  readonly circuitBreakerResetOnHealthyTask?: boolean;

  /**
   * SNS topic that receives the events of failed deployments and stopped tasks, with their reasons. It receives no events
   * for tasks that ECS stops during a replacement or a scale-in.
   *
   * @default - only the stack's log group for failures receives the events
   */
  readonly failureTopic?: sns.ITopic;

  /**
   * Minimum number of healthy tasks during a deployment, as a percentage of the desired number.
   *
   * @default 100
   */
  readonly minHealthyPercent?: number;

  /**
   * Maximum number of tasks during a deployment, as a percentage of the desired number. For rolling deployments, it must
   * be more than `minHealthyPercent`, so that ECS can replace tasks.
   *
   * @default 200
   */
  readonly maxHealthyPercent?: number;

  /**
   * Time after the start of a task during which ECS ignores failing health checks. It requires `healthCheck` or a load
   * balancer. You can also attach the load balancer later, to the underlying `ecs.FargateService`.
   *
   * @default - 60 seconds with a load balancer, the CDK default
   */
  readonly healthCheckGracePeriod?: Duration;
}
