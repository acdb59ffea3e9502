/**
 * The data that the construct sends to its handler. Only this file is shared by both. All values are strings, because
 * CloudFormation converts every property to a string.
 */

/** Version of the contract. Increase it with each change. A handler must still read the properties of all earlier versions. */
export const CONTRACT_VERSION = '1';

export const RESOURCE_TYPE = 'Custom::ReleaseTask';

/** Properties of the custom resource, without its service token and timeout. */
export interface ReleaseTaskProperties {
  readonly ContractVersion: string;

  /** These properties identify a release. The entry point is empty if the image's own entry point is used. */
  readonly ImageDigest: string;
  readonly Command: string[];
  readonly EntryPoint: string[];

  /** `true` if the task runs again when a deployment returns to an earlier release. */
  readonly RerunForEarlierReleases?: string;

  /** Settings of the task that do not identify a release. */
  readonly Cluster: string;
  readonly TaskDefinition: string;
  readonly ContainerName: string;
  readonly Subnets: string[];
  readonly SecurityGroups: string[];
  readonly AssignPublicIp: 'ENABLED' | 'DISABLED';
  readonly PlatformVersion?: string;
  readonly TimeoutSeconds: string;

  /** Log group of the container. Absent if the container does not log to CloudWatch Logs, or if no log lines are requested. */
  readonly LogGroup?: string;
  readonly LogRegion?: string;
  readonly LogStreamPrefix?: string;
  readonly FailureLogLines: string;

  /** Names of the environment variables whose values are secret. The construct does not know the values. */
  readonly SecretNames: string[];

  /** Domain suffix of the partition: `amazonaws.com`. */
  readonly UrlSuffix: string;

  /** ID of the stack for `cdk deploy`. */
  readonly ServiceStack: string;
}

/** All actions of the handler, grouped by resource: task definitions, tasks of a cluster, and log streams. */
export const RUN_ACTIONS = ['ecs:RunTask'] as const;
export const TASK_ACTIONS = ['ecs:DescribeTasks', 'ecs:StopTask'] as const;
export const LOG_ACTIONS = ['logs:GetLogEvents'] as const;
