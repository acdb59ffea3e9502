import { Properties } from './requests';

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
}

/** What differs between versions of the library on the wire. */
export interface Dialect {
  readonly contractVersion: string;
  /** The property that asks for release tags; none in versions that know no such thing. */
  readonly releaseTagProperty?: string;
  readonly releaseTagPrefix: string;
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
  const { repository, versionKind, versionValue, nonce, platforms, singleManifest, whenMissing, waitSeconds, taskCounts, retain } = question;
  const waits = whenMissing === 'waitFor' ? waitSeconds : 0;
  return {
    ServiceToken: `arn:${place.partition}:lambda:${place.region}:${place.account}:function:guard`,
    ServiceTimeout: String(waits + 300),
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
    WhenMissing: whenMissing,
    WaitSeconds: String(waits),
    TaskCounts: taskCounts.map(String),
    ServiceStack: 'FargateStack',
    ...versionKind === 'parameter' && { ParameterName: 'FargateStack:ApiImageTag' },
  };
}

/** As the construct derives it from the stack and the path of the guard. */
export function releaseTagName(logicalId: string): string {
  return `fargate-stack-${logicalId.toLowerCase()}`;
}

/** Whether two questions are one and the same as far as the image is concerned, so that the answer has to stay. */
export function asksForTheSame(one: Question, other: Question): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ repository, versionKind, versionValue, nonce, platforms, singleManifest }: Question): string {
  return JSON.stringify([repository, versionKind, versionValue, versionKind === 'movingTag' ? nonce : '', [...platforms].sort(), singleManifest]);
}

/** How images name what ECS calls a platform. */
export function imagePlatforms({ platforms }: Question): string[] {
  return platforms.map((platform) => ({ 'LINUX/X86_64': 'linux/amd64', 'LINUX/ARM64': 'linux/arm64' })[platform] ?? platform);
}

export function referenceOf({ versionKind, versionValue }: Question): { readonly tag?: string; readonly digest?: string } {
  if (versionKind === 'digest' || (versionKind === 'parameter' && versionValue.startsWith('sha256:'))) return { digest: versionValue };
  return versionValue ? { tag: versionValue } : {};
}
