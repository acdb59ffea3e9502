import { Severity } from './examinations';
import { Properties } from './requests';

export interface ScannedRequirement {
  readonly kind: 'scanned';
  readonly failOn: Severity;
  readonly onlyFixable: boolean;
  readonly accepted: ReadonlyArray<{ readonly id: string; readonly reason: string; readonly until?: string }>;
  readonly waitSeconds: number;
}

/** What an image must be, besides being there, before it is released. */
export type Requirement = ScannedRequirement | { readonly kind: 'signed'; readonly profile: string; readonly waitSeconds: number };

/** What a template asks of the guard, in the terms of users. */
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

/** What differs between versions of the library on the wire. */
export interface Dialect {
  readonly contractVersion: string;
  /** The property that asks for release tags; none in versions that know no such thing. */
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

/** How long, after an image is there, the guard may wait for what is required of it. */
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

/** As the construct derives it from the stack and the path of the guard. */
export function releaseTagName(logicalId: string): string {
  return `fargate-stack-${logicalId.toLowerCase()}`;
}

/** Whether two questions are one and the same as far as the image is concerned, so that the answer has to stay. */
export function asksForTheSame(one: Question, other: Question): boolean {
  return keyOf(one) === keyOf(other);
}

/** What the image has to be. */
export function needsOf({ platforms, singleManifest, requirements }: Question): Pick<Question, 'platforms' | 'singleManifest' | 'requirements'> {
  return { platforms: [...platforms].sort(), singleManifest, requirements };
}

function keyOf(question: Question): string {
  const { repository, versionKind, versionValue, nonce } = question;
  return JSON.stringify([repository, versionKind, versionValue, versionKind === 'movingTag' ? nonce : '', needsOf(question)]);
}

/** How images name what ECS calls a platform. */
export function imagePlatforms({ platforms }: Question): string[] {
  return platforms.map((platform) => ({ 'LINUX/X86_64': 'linux/amd64', 'LINUX/ARM64': 'linux/arm64' })[platform] ?? platform);
}

export function referenceOf({ versionKind, versionValue }: Question): { readonly tag?: string; readonly digest?: string } {
  if (versionKind === 'digest' || (versionKind === 'parameter' && versionValue.startsWith('sha256:'))) return { digest: versionValue };
  return versionValue ? { tag: versionValue } : {};
}
