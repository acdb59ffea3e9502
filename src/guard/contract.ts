/**
 * What the construct sends to its handler and what the handler answers: the only file that both sides share.
 * All values travel as strings, because CloudFormation turns every property into one.
 */

/**
 * Raised whenever the contract changes, so that a stack made by an older version sends an Update and receives each new
 * attribute before anything refers to it.
 *
 * 1: digest, tag and task counts. 2: keeps what is released. 3: a release is known by all that its answer depends on.
 */
export const CONTRACT_VERSION = '3';

export const RESOURCE_TYPE = 'Custom::ImageGuard';

export type VersionKind = 'tag' | 'digest' | 'movingTag' | 'parameter';

/** What an image must be besides being there, before it is released. Travels as JSON. */
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

/** Of findings, as ECR has it, the least first. */
export const SEVERITIES = ['UNDEFINED', 'INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

export type WhenMissingMode = 'fail' | 'waitFor' | 'startWithoutTasks';

/** The properties of the custom resource, besides its service token and timeout. */
export interface GuardProperties {
  readonly ContractVersion: string;

  /** Where the image is. The URI is sent whole because its domain suffix depends on the partition. */
  readonly RepositoryName: string;
  readonly RepositoryUri: string;
  readonly RegistryId: string;
  readonly RegistryRegion: string;

  /** Which image. The value of a `parameter` is a tag, a digest or, while nobody has passed one, empty. */
  readonly VersionKind: VersionKind;
  readonly VersionValue: string;

  /** Differs at each synthesis where the guard must look again although nothing else changed. */
  readonly Nonce?: string;

  /** What the task definitions need, in the terms of ECS: `LINUX/X86_64`. */
  readonly Platforms: string[];

  /** Readable part of the tags that mark what this guard has released; absent where it is not to be marked. */
  readonly ReleaseTagName?: string;

  /** `true` where an index does not serve, as for Lambda functions. */
  readonly SingleManifest?: string;

  /** One `Requirement` each; absent where the image only has to exist. */
  readonly Requirements?: string[];

  readonly WhenMissing: WhenMissingMode;
  readonly WaitSeconds: string;

  /** Every `n` for which the template refers to the attribute `TaskCount<n>`. */
  readonly TaskCounts: string[];

  /** What to type: the ids that `cdk deploy` takes, and `<stack>:<parameter>` for `--parameters`. */
  readonly ServiceStack: string;
  readonly RegistryStack?: string;
  readonly ParameterName?: string;
}

/** The attributes of the custom resource, all of them present on every SUCCESS. */
export interface GuardAttributes {
  readonly ImageDigest: string;

  /** The tag that was asked for; empty where a digest was. */
  readonly ImageTag: string;

  readonly [taskCount: `TaskCount${number}`]: string;
}

/** Valid for ECS, and never pulled: it is answered together with a task count of 0. */
export const NO_IMAGE = `sha256:${'0'.repeat(64)}`;

export function taskCountAttribute(count: number | string): `TaskCount${number}` {
  return `TaskCount${count as number}`;
}

/** All that the handler may ask of a registry. */
export const REGISTRY_ACTIONS = ['ecr:DescribeImages', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] as const;

/** Only where the guard marks what it has released. */
export const RELEASE_TAG_ACTIONS = ['ecr:PutImage'] as const;

/** Only where an image is required to be scanned or signed. */
export const REQUIREMENT_ACTIONS = {
  scanned: 'ecr:DescribeImageScanFindings',
  signed: 'ecr:DescribeImageSigningStatus',
} as const satisfies Record<Requirement['kind'], string>;

/** What looking up an image takes, and checking what is required of it. */
export function lookUpActions(requirements: readonly Requirement[]): string[] {
  return [...REGISTRY_ACTIONS, ...new Set(requirements.map(({ kind }) => REQUIREMENT_ACTIONS[kind]))];
}

/** `LINUX/ARM64` in the terms of images: `linux/arm64`; `undefined` for what is not known here. */
export function imagePlatform(taskPlatform: string = ''): string | undefined {
  const [family, cpu] = taskPlatform.split('/');
  const os = family === 'LINUX' ? 'linux' : family.startsWith('WINDOWS_SERVER') ? 'windows' : undefined;
  const architecture = cpu === 'X86_64' ? 'amd64' : cpu === 'ARM64' ? 'arm64' : undefined;
  return os && architecture && `${os}/${architecture}`;
}
