import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';

/**
 * Options of a task and its container, for both services and release tasks.
 */
export interface TaskOptions {
  /**
   * CPU units of a task: 256, 512, 1024, 2048, 4096, 8192, 16384, or 32768. One vCPU has 1024 units.
   *
   * @default 256
   */
  readonly cpu?: number;

  /**
   * Memory of a task, in MiB. The valid values depend on `cpu`. Required if `cpu` is a token.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
   * @default - the smallest value that Fargate allows for `cpu`: 512 MiB for 256 CPU units
   */
  readonly memoryLimitMiB?: number;

  /**
   * CPU architecture of the tasks. The guard refuses an image for a different architecture.
   *
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * Ephemeral storage of a task, in GiB: 21 to 200.
   *
   * @default - 20 GiB, at no additional charge
   */
  readonly ephemeralStorageGiB?: number;

  /**
   * Fargate platform version: 1.4.0 or the latest. Earlier versions lack features that this library needs.
   *
   * @default ecs.FargatePlatformVersion.LATEST
   */
  readonly platformVersion?: ecs.FargatePlatformVersion;

  /**
   * Family name of the task definition.
   *
   * @default - derived from the path of the construct
   */
  readonly family?: string;

  /**
   * IAM role of the application in the container.
   *
   * @default - a new role without permissions; to add permissions, grant them to the construct
   */
  readonly taskRole?: iam.IRole;

  /**
   * Role that ECS uses to pull the image, read secrets and environment files, and write logs.
   *
   * @default - a new role with permissions only for the container's image, secrets, files, and logs
   */
  readonly executionRole?: iam.IRole;

  /**
   * Name of the container in the task definition.
   *
   * @default 'app'
   */
  readonly containerName?: string;

  /**
   * Entry point of the container. It overrides the entry point of the image.
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
   * User that runs the command, by name or number, optionally with a group: `app`, `1000`, or `1000:1000`.
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
   * Files in S3 that contain environment variables: at most 10. File names must end with `.env`. Variables in `environment`
   * take precedence. The execution role gets permission to read the files. If the bucket uses a KMS key, also grant the role
   * permission to decrypt with that key. A bucket in another account also needs a bucket policy that allows the role to read.
   *
   * @default - none
   */
  readonly environmentFiles?: ecs.EnvironmentFile[];

  /**
   * Environment variables whose values come from Secrets Manager or SSM Parameter Store. ECS reads the values when it starts
   * a task. The execution role gets permission to read them.
   *
   * @default - none
   */
  readonly secrets?: { [key: string]: ecs.Secret };

  /**
   * Whether to add the environment variables `IMAGE_TAG` and `IMAGE_DIGEST`, which identify the image of the container.
   *
   * @default false
   */
  readonly imageInEnvironment?: boolean;

  /**
   * Docker labels of the container.
   *
   * @default - none
   */
  readonly dockerLabels?: { [key: string]: string };

  /**
   * Whether the root file system of the container is read-only. Volumes stay writable.
   *
   * @default false
   */
  readonly readonlyRootFilesystem?: boolean;

  /**
   * Linux settings of the container, such as an init process. Fargate does not support devices, shared memory size, or
   * swap. The only capability that you can add is `SYS_PTRACE`.
   *
   * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KernelCapabilities.html
   * @default - the ECS defaults
   */
  readonly linuxParameters?: ecs.LinuxParameters;

  /**
   * Resource limits of the container, such as the number of open files. A limit of -1 means no limit.
   *
   * @default - the Fargate defaults
   */
  readonly ulimits?: ecs.Ulimit[];

  /**
   * Time between SIGTERM and SIGKILL when ECS stops a task: 1 to 120 seconds.
   *
   * @default - 30 seconds, the Fargate default
   */
  readonly stopTimeout?: Duration;

  /**
   * Retention period of the container logs.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Log driver of the container. It replaces the log group. Do not combine it with `logRetention`.
   *
   * @default - sends the logs to a new log group in CloudWatch Logs
   */
  readonly logDriver?: ecs.LogDriver;
}
