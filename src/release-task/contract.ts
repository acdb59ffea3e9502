/**
 * What the construct sends to its handler: the only file that both sides share.
 * All values travel as strings, because CloudFormation turns every property into one.
 */

/** Raised whenever the contract changes. Handlers of a later version keep reading the properties of all earlier ones. */
export const CONTRACT_VERSION = '1';

export const RESOURCE_TYPE = 'Custom::ReleaseTask';

/** The properties of the custom resource, besides its service token and timeout. */
export interface ReleaseTaskProperties {
  readonly ContractVersion: string;

  /** What makes a release: what runs, and of which image. The entry point is empty where it is the image's own. */
  readonly ImageDigest: string;
  readonly Command: string[];
  readonly EntryPoint: string[];

  /** `true` if going back to an earlier release runs its task again. */
  readonly RerunForEarlierReleases?: string;

  /** Where and how the task runs. None of it makes another release. */
  readonly Cluster: string;
  readonly TaskDefinition: string;
  readonly ContainerName: string;
  readonly Subnets: string[];
  readonly SecurityGroups: string[];
  readonly AssignPublicIp: 'ENABLED' | 'DISABLED';
  readonly PlatformVersion?: string;
  readonly TimeoutSeconds: string;

  /** Where the container logs to; absent where it is not CloudWatch Logs, or no lines are to be shown. */
  readonly LogGroup?: string;
  readonly LogRegion?: string;
  readonly LogStreamPrefix?: string;
  readonly FailureLogLines: string;

  /** Names of the variables whose values nobody must see. The values are not known here. */
  readonly SecretNames: string[];

  /** Where the partition's services are: `amazonaws.com`. */
  readonly UrlSuffix: string;

  /** What `cdk deploy` takes. */
  readonly ServiceStack: string;
}

/** All that the handler may ask, by what it is allowed on: a family of task definitions, the tasks of a cluster, log streams. */
export const RUN_ACTIONS = ['ecs:RunTask'] as const;
export const TASK_ACTIONS = ['ecs:DescribeTasks', 'ecs:StopTask'] as const;
export const LOG_ACTIONS = ['logs:GetLogEvents'] as const;
