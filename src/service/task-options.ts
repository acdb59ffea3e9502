import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';

/**
 * Options of a task and of its container, whatever starts the task.
 */
export interface TaskOptions {
  /**
   * CPU units of a task: 256, 512, 1024, 2048, 4096, 8192, 16384, or 32768. 1024 units are one virtual CPU.
   *
   * @default 256
   */
  readonly cpu?: number;

  /**
   * Memory of a task, in MiB. `cpu` decides which values Fargate offers. Required if `cpu` is a token.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
   * @default - the least that Fargate offers for `cpu`: 512 for 256 CPU units
   */
  readonly memoryLimitMiB?: number;

  /**
   * CPU architecture of the tasks. The guard refuses an image that is not built for it.
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
   * Fargate platform version: 1.4.0 or the latest. Older ones lack features that this library relies on.
   *
   * @default ecs.FargatePlatformVersion.LATEST
   */
  readonly platformVersion?: ecs.FargatePlatformVersion;

  /**
   * Name of the task definition's family.
   *
   * @default - made from the path of the construct
   */
  readonly family?: string;

  /**
   * Role of the code in the container.
   *
   * @default - a new role without permissions; grant some to the construct itself
   */
  readonly taskRole?: iam.IRole;

  /**
   * Role that ECS uses to pull the image, read secrets and environment files, and write logs.
   *
   * @default - a new role with exactly these permissions
   */
  readonly executionRole?: iam.IRole;

  /**
   * Name of the container in the task definition.
   *
   * @default 'app'
   */
  readonly containerName?: string;

  /**
   * Entry point that replaces the entry point of the image.
   *
   * @default - the entry point of the image
   */
  readonly entryPoint?: string[];

  /**
   * Working directory of the command.
   *
   * @default - the working directory of the image
   */
  readonly workingDirectory?: string;

  /**
   * User of the command: `user`, `user:group`, `uid` or `uid:gid`.
   *
   * @default - the user of the image
   */
  readonly user?: string;

  /**
   * Environment variables of the container.
   *
   * @default - none
   */
  readonly environment?: { [key: string]: string };

  /**
   * Files in S3 with environment variables, at most 10. Their names end with `.env`. Variables of `environment` take
   * precedence. The execution role is granted to read them; for a bucket with a KMS key, grant it the key yourself.
   *
   * @default - none
   */
  readonly environmentFiles?: ecs.EnvironmentFile[];

  /**
   * Environment variables of the container whose values come from Secrets Manager or the SSM Parameter Store when a task
   * starts. The execution role is granted to read them.
   *
   * @default - none
   */
  readonly secrets?: { [key: string]: ecs.Secret };

  /**
   * Whether the environment variables `IMAGE_TAG` and `IMAGE_DIGEST` tell the container its own image.
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
   * Whether the container's own file system is read-only. Volumes stay writable.
   *
   * @default false
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * Linux settings of the container, such as an init process. Fargate supports no devices, shared memory size or swap.
   *
   * @default - the defaults of ECS
   */
  readonly linuxParameters?: ecs.LinuxParameters;

  /**
   * Resource limits of the container, such as the number of open files.
   *
   * @default - the defaults of Fargate
   */
  readonly ulimits?: ecs.Ulimit[];

  /**
   * Time between SIGTERM and SIGKILL when a task is stopped: 1 to 120 seconds.
   *
   * @default - 30 seconds, the Fargate default
   */
  readonly stopTimeout?: Duration;

  /**
   * Time for which the logs of the container are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Log driver of the container, in place of its own log group. Not together with `logRetention`.
   *
   * @default - a log group in CloudWatch Logs
   */
  readonly logDriver?: ecs.LogDriver;
}
