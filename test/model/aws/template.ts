import { Severity } from './examinations';
import { Properties } from './requests';

export interface ScannedRequirement {
  readonly kind: 'scanned';
  readonly failOn: Severity;
  readonly onlyFixable: boolean;
  readonly accepted: ReadonlyArray<{ readonly id: string; readonly reason: string; readonly until?: string }>;
  readonly waitSeconds: number;
}

/** A requirement that an image must meet before it is released, besides its existence. */
export type Requirement = ScannedRequirement | { readonly kind: 'signed'; readonly profile: string; readonly waitSeconds: number };

/** The guard's options in a template, in the terms of users. */
export interface Question {
  readonly repository: string;
  readonly versionKind: 'tag' | 'digest' | 'movingTag' | 'parameter';
  readonly versionValue: string;
  readonly nonce: string;
  readonly platforms: readonly string[];
  readonly singleManifest: boolean;
  readonly whenMissing: 'fail' | 'waitFor' | 'startWithoutTasks';
  readonly waitSeconds: number;
  readonly taskCounts: readonly number[];
  readonly retain: boolean;
  readonly requirements: readonly Requirement[];
}

/** Differences between versions of the library on the wire. */
export interface Dialect {
  readonly contractVersion: string;
  /** The property that requests release tags. `undefined` in versions without them. */
  readonly releaseTagProperty?: string;
  readonly releaseTagPrefix: string;
  readonly knowsRequirements: boolean;
}

export interface Template {
  readonly logicalId: string;
  readonly question: Question;
  readonly dialect: Dialect;
}

export interface Place {
  readonly partition: string;
  readonly domain: string;
  readonly region: string;
  readonly account: string;
  readonly registryRegion: string;
  readonly registryAccount: string;
}

/** The properties as CloudFormation sends them: strings, and lists of strings. */
export function propertiesOf({ question, dialect, logicalId }: Template, place: Place): Properties {
  const { repository, versionKind, versionValue, nonce, platforms, singleManifest } = question;
  const { whenMissing, waitSeconds, taskCounts, retain, requirements } = question;
  const waits = whenMissing === 'waitFor' ? waitSeconds : 0;
  return {
    ServiceToken: `arn:${place.partition}:lambda:${place.region}:${place.account}:function:guard`,
    ServiceTimeout: String(waits + longestWait(question) + 300),
    ContractVersion: dialect.contractVersion,
    RepositoryName: repository,
    RepositoryUri: `${place.registryAccount}.dkr.ecr.${place.registryRegion}.${place.domain}/${repository}`,
    RegistryId: place.registryAccount,
    RegistryRegion: place.registryRegion,
    VersionKind: versionKind,
    VersionValue: versionValue,
    ...nonce && { Nonce: nonce },
    ...retain && dialect.releaseTagProperty && { [dialect.releaseTagProperty]: releaseTagName(logicalId) },
    Platforms: platforms,
    ...singleManifest && { SingleManifest: 'true' },
    ...requirements.length > 0 && { Requirements: requirements.map((requirement) => JSON.stringify(onTheWire(requirement, place))) },
    WhenMissing: whenMissing,
    WaitSeconds: String(waits),
    TaskCounts: taskCounts.map(String),
    ServiceStack: 'FargateStack',
    ...versionKind === 'parameter' && { ParameterName: 'FargateStack:ApiImageTag' },
  };
}

/** Longest time that the guard can wait for the requirements of an existing image. */
export function longestWait({ requirements }: Question): number {
  return Math.max(0, ...requirements.map(({ waitSeconds }) => waitSeconds));
}

export function profileArn(profile: string, { partition, registryRegion, registryAccount }: Place): string {
  return `arn:${partition}:signer:${registryRegion}:${registryAccount}:/signing-profiles/${profile}`;
}

function onTheWire(requirement: Requirement, place: Place): object {
  if (requirement.kind === 'scanned') return requirement;
  const { kind, profile, waitSeconds } = requirement;
  return { kind, profileArn: profileArn(profile, place), waitSeconds };
}

/** Name that the construct derives from the stack and the path of the guard. */
export function releaseTagName(logicalId: string): string {
  return `fargate-stack-${logicalId.toLowerCase()}`;
}

/** Whether two questions are the same with respect to the image, so that the answer must stay the same. */
export function asksForTheSame(one: Question, other: Question): boolean {
  return keyOf(one) === keyOf(other);
}

/** The requirements on the image. */
export function needsOf({ platforms, singleManifest, requirements }: Question): Pick<Question, 'platforms' | 'singleManifest' | 'requirements'> {
  return { platforms: [...platforms].sort(), singleManifest, requirements };
}

function keyOf(question: Question): string {
  const { repository, versionKind, versionValue, nonce } = question;
  return JSON.stringify([repository, versionKind, versionValue, versionKind === 'movingTag' ? nonce : '', needsOf(question)]);
}

/** Names in images for the platforms of ECS. */
export function imagePlatforms({ platforms }: Question): string[] {
  return platforms.map((platform) => ({ 'LINUX/X86_64': 'linux/amd64', 'LINUX/ARM64': 'linux/arm64' })[platform] ?? platform);
}

export function referenceOf({ versionKind, versionValue }: Question): { readonly tag?: string; readonly digest?: string } {
  if (versionKind === 'digest' || (versionKind === 'parameter' && versionValue.startsWith('sha256:'))) return { digest: versionValue };
  return versionValue ? { tag: versionValue } : {};
}
