/** digest, tag, and task counts. 2: retains released images. 3: all properties that affect the answer identify a release. */

/**
 * Version of the contract. Increase it with each change. A stack that an older version deployed then sends an Update, and
 * receives each new attribute before another resource refers to it.
 */
export const CONTRACT_VERSION = '3';

export const RESOURCE_TYPE = 'Custom::ImageGuard';

export type VersionKind = 'tag' | 'digest' | 'movingTag' | 'parameter';

/** A requirement that an image must meet before it is released. The construct sends it as JSON. */
export type Requirement = ScannedRequirement | SignedRequirement;

export interface ScannedRequirement {
  readonly kind: 'scanned';
  readonly failOn: Severity;
  readonly onlyFixable: boolean;
  readonly accepted: ReadonlyArray<{ readonly id: string; readonly reason: string; readonly until?: string }>;
  readonly waitSeconds: number;
}

export interface SignedRequirement {
  readonly kind: 'signed';
  readonly profileArn: string;
  readonly waitSeconds: number;
}

/** Severities of findings in ECR, from lowest to highest. */
export const SEVERITIES = ['UNDEFINED', 'INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

export type WhenMissingMode = 'fail' | 'waitFor' | 'startWithoutTasks';

/** Properties of the custom resource, without its service token and timeout. */
export interface GuardProperties {
  readonly ContractVersion: string;

  /** Location of the image. The construct sends the complete URI, because its domain suffix depends on the partition. */
  readonly RepositoryName: string;
  readonly RepositoryUri: string;
  readonly RegistryId: string;
  readonly RegistryRegion: string;

  /** Version of the image. The value of a `parameter` is a tag or a digest. It is empty until a user passes it. */
  readonly VersionKind: VersionKind;
  readonly VersionValue: string;

  /** Changes with each synthesis, so that the guard looks up the image again even if no other property changes. */
  readonly Nonce?: string;

  /** Platforms of the task definitions, in the format of ECS: `LINUX/X86_64`. */
  readonly Platforms: string[];

  /** Readable part of the release tags. Absent if the guard does not set release tags. */
  readonly ReleaseTagName?: string;

  /** `true` if the image must not be an index, for Lambda functions. */
  readonly SingleManifest?: string;

  /** One `Requirement` per item. Absent if the image only has to exist. */
  readonly Requirements?: string[];

  readonly WhenMissing: WhenMissingMode;
  readonly WaitSeconds: string;

  /** Every `n` for which the template refers to the attribute `TaskCount<n>`. */
  readonly TaskCounts: string[];

  /** Values for commands: stack IDs for `cdk deploy`, and `<stack>:<parameter>` for `--parameters`. */
  readonly ServiceStack: string;
  readonly RegistryStack?: string;
  readonly ParameterName?: string;
}

/** Attributes of the custom resource. Every SUCCESS response contains all of them. */
export interface GuardAttributes {
  readonly ImageDigest: string;

  /** The requested tag. Empty if a digest was requested. */
  readonly ImageTag: string;

  readonly [taskCount: `TaskCount${number}`]: string;
}

/** A valid digest for ECS that is never pulled, because the response also contains a task count of 0. */
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;

export function taskCountAttribute(count: number | string): `TaskCount${number}` {
  return `TaskCount${count as number}`;
}

/** All actions of the handler on a registry. */
export const REGISTRY_ACTIONS = ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] as const;

/** Needed only if the guard sets release tags. */
export const RELEASE_TAG_ACTIONS = ['ecr:PutImage'] as const;

/** Needed only if an image must be scanned or signed. */
export const REQUIREMENT_ACTIONS = {
  scanned: 'ecr:DescribeImageScanFindings',
  signed: 'ecr:DescribeImageSigningStatus',
} as const satisfies Record<Requirement['kind'], string>;

/** Actions to look up an image and to check its requirements. */
export function lookUpActions(requirements: readonly Requirement[]): string[] {
  return [...REGISTRY_ACTIONS, ...new Set(requirements.map(({ kind }) => REQUIREMENT_ACTIONS[kind]))];
}

/** Converts `LINUX/ARM64` to the format of images: `linux/arm64`. Returns `undefined` for an unknown platform. */
export function imagePlatform(taskPlatform: string = ''): string | undefined {
  const [family, cpu] = taskPlatform.split('/');
  const os = family === 'LINUX' ? 'linux' : family.startsWith('WINDOWS_SERVER') ? 'windows' : undefined;
  const architecture = cpu === 'X86_64' ? 'amd64' : cpu === 'ARM64' ? 'arm64' : undefined;
  return os && architecture && `${os}/${architecture}`;
}
