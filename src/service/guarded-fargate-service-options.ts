import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Ingress } from './ingress';
import { Scaling } from './scaling';

/**
 * Options of a `GuardedFargateService`, all of them with defaults. Those that `aws-ecs-patterns` has too bear the same
 * name here.
 */
export interface GuardedFargateServiceOptions {
  /**
   * Cluster to run in.
   *
   * @default - one for all services of the stack that are given none, in `vpc`
   */
  readonly cluster?: ecs.ICluster;

  /**
   * VPC of the default cluster. Not together with `cluster`, which has its own.
   *
   * @default - a new VPC with public and private subnets in two availability zones, for all services of the stack that
   * are given neither cluster nor VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * CPU units of a task: 1024 are one virtual CPU. Fargate offers 256, 512, 1024, 2048, 4096, 8192 and 16384.
   *
   * @default 256
   */
  readonly cpu?: number;

  /**
   * Memory of a task, in MiB. What Fargate offers depends on `cpu`.
   *
   * @default - the least that Fargate has for `cpu`: 512 for 256 CPU units, and twice as much for each next size
   */
  readonly memoryLimitMiB?: number;

  /**
   * CPU architecture that the task runs on. The guard refuses an image that is not built for it.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * Ephemeral storage of a task, in GiB: 21 to 200.
   *
   * @default - 20, which is free of charge
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Name of the container in the task definition.
   *
   * @default 'app'
   */
  readonly containerName?: string;

  /**
   * Port that the container listens on. On Fargate, only root may listen on one below 1024. Its port mapping is named
   * `app`, by which Service Connect finds it.
   *
   * @default - 80 with an ingress; without one, no port is opened
   */
  readonly containerPort?: number;

  /**
   * Command that replaces the one of the image.
   *
   * @default - the command of the image
   */
  readonly command?: string[];

  /**
   * Entry point that replaces the one of the image.
   *
   * @default - the entry point of the image
   */
  readonly entryPoint?: string[];

  /**
   * Environment variables of the container.
   *
   * @default - none
   */
  readonly environment?: { [key: string]: string };

  /**
   * Environment variables of the container whose values come from Secrets Manager or the SSM Parameter Store when a task
   * starts. The task's execution role may read them.
   *
   * @default - none
   */
  readonly secrets?: { [key: string]: ecs.Secret };

  /**
   * Whether the container is told its own image, by the environment variables `IMAGE_TAG` and `IMAGE_DIGEST`.
   *
   * @default false
   */
  readonly imageInEnvironment?: boolean;

  /**
   * Labels of the container.
   *
   * @default - none
   */
  readonly dockerLabels?: { [key: string]: string };

  /**
   * Whether the container can write to volumes only, and not to its own file system.
   *
   * @default false
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * Name of the task definition's family.
   *
   * @default - made from the path of the construct
   */
  readonly family?: string;

  /**
   * Command with which ECS finds out, inside the container, whether it is healthy.
   *
   * @default - the health check of the image is not used; the load balancer, if there is one, checks on its own
   */
  readonly healthCheck?: ecs.HealthCheck;

  /**
   * How long the logs of the container are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Where the container logs to, instead of a log group of its own. Not together with `logRetention`.
   *
   * @default - a log group in CloudWatch Logs
   */
  readonly logDriver?: ecs.LogDriver;

  /**
   * Role that the code in the container acts as.
   *
   * @default - a new role without permissions; grant some to the construct itself
   */
  readonly taskRole?: iam.IRole;

  /**
   * Role that ECS acts as to pull the image, read secrets and write logs.
   *
   * @default - a new role with exactly these permissions
   */
  readonly executionRole?: iam.IRole;

  /**
   * Name of the ECS service.
   *
   * @default - CloudFormation makes one up
   */
  readonly serviceName?: string;

  /**
   * How many tasks run.
   *
   * @default - one task at first; deployments leave the number of tasks as it is
   */
  readonly scaling?: Scaling;

  /**
   * How a deployment replaces the tasks: little by little, or by shifting traffic to a second set of tasks at once
   * (`BLUE_GREEN`) or, with a newer `aws-cdk-lib`, in steps (`LINEAR`, `CANARY`).
   *
   * @default ecs.DeploymentStrategy.ROLLING
   */
  readonly deploymentStrategy?: ecs.DeploymentStrategy;

  /**
   * How long the old tasks are kept after traffic has been shifted away from them. Not for rolling deployments.
   *
   * @default - they are stopped at once
   */
  readonly bakeTime?: Duration;

  /**
   * What is asked at the stages of a deployment whether it may go on. Not for rolling deployments.
   *
   * @default - nothing
   */
  readonly lifecycleHooks?: ecs.IDeploymentLifecycleHookTarget[];

  /**
   * When ECS gives up a deployment whose tasks do not come up, and whether it rolls back.
   *
   * @default - the circuit breaker is on, and rolls back
   */
  readonly circuitBreaker?: ecs.DeploymentCircuitBreaker;

  /**
   * After how many tasks that did not come up the circuit breaker gives up a deployment: 1 or more.
   *
   * @default - half of the tasks that should run, but at least 3 and at most 200
   */
  readonly circuitBreakerFailureCount?: number;

  /**
   * Whether the circuit breaker counts anew once a task has become healthy.
   *
   * @default - as ECS has it
   */
  readonly circuitBreakerResetOnHealthyTask?: boolean;

  /**
   * Is sent the events of failed deployments and of stopped tasks, with their reasons; not of tasks that ECS stops on
   * purpose, because a deployment replaces them or fewer are needed.
   *
   * @default - they are only kept in the stack's log group for such events
   */
  readonly failureTopic?: sns.ITopic;

  /**
   * How many tasks must stay healthy during a deployment, in percent of the number that should run.
   *
   * @default 100
   */
  readonly minHealthyPercent?: number;

  /**
   * How many tasks may run during a deployment, in percent of the number that should run: more than `minHealthyPercent`,
   * so that rolling deployments can replace a task.
   *
   * @default 200
   */
  readonly maxHealthyPercent?: number;

  /**
   * How long failing health checks of the load balancer are ignored after a task has started. Only with an ingress.
   *
   * @default - 60 seconds, as CDK has it
   */
  readonly healthCheckGracePeriod?: Duration;

  /**
   * Capacity that tasks run on, such as `FARGATE_SPOT`. A cluster of your own has to offer it.
   *
   * @default - Fargate
   */
  readonly capacityProviderStrategies?: ecs.CapacityProviderStrategy[];

  /**
   * Whether the tags of the service or of the task definition are propagated to the tasks.
   *
   * @default - none
   */
  readonly propagateTags?: ecs.PropagatedTagSource;

  /**
   * Whether ECS tags the tasks with the names of cluster and service.
   *
   * @default false
   */
  readonly enableECSManagedTags?: boolean;

  /**
   * Name under which Cloud Map finds the tasks.
   *
   * @default - not registered in Cloud Map
   */
  readonly cloudMapOptions?: ecs.CloudMapOptions;

  /**
   * Whether `aws ecs execute-command` may open a shell in the container.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * Subnets that the tasks run in.
   *
   * @default - public subnets if `assignPublicIp` is set, otherwise private ones with a way out, or isolated ones
   */
  readonly taskSubnets?: ec2.SubnetSelection;

  /**
   * Whether tasks get a public IP address. In public subnets they cannot pull the image without one.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the tasks.
   *
   * @default - a new one, which only the load balancer may reach
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * How requests reach the service.
   *
   * @default - see the construct: `PhasedFargateService` faces the internet, `GuardedFargateService` has no ingress
   */
  readonly ingress?: Ingress;
}
