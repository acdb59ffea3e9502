import { releaseTagOf } from './release-tag-name';
import { assertKnownType, hash, MalformedRequest, member, parsed, Properties, record, Request, shown, Stack, strings, text } from '../../handler/request';
import { imagePlatform, Requirement, SEVERITIES, Severity, VersionKind, WhenMissingMode } from '../contract';

const VERSION_KINDS: readonly string[] = ['tag', 'digest', 'movingTag', 'parameter'] satisfies VersionKind[];
const MODES: readonly string[] = ['fail', 'waitFor', 'startWithoutTasks'] satisfies WhenMissingMode[];

export interface Repository {
  readonly name: string;
  readonly uri: string;
  readonly account: string;
  readonly region: string;
  /** Domain of the services in the partition: `amazonaws.com`. */
  readonly domain: string;
}

export type ImageId = { readonly imageTag: string } | { readonly imageDigest: string };

export interface Platform {
  /** In the format of ECS: `LINUX/X86_64`. */
  readonly task: string;
  /** In the format of images: `linux/amd64`. Undefined if this version of the library does not know the platform. */
  readonly image: string | undefined;
}

/** The parsed properties of a request. */
export interface Question {
  readonly repository: Repository;
  readonly version: { readonly kind: VersionKind; readonly value: string };
  /** Undefined if the parameter is empty. */
  readonly imageId: ImageId | undefined;
  /** The tag in the version. Empty if the version contains no tag. */
  readonly imageTag: string;
  readonly platforms: readonly Platform[];
  readonly singleManifest: boolean;
  readonly requirements: readonly Requirement[];
  /** Time to wait for ECR to complete the required scans and signatures. */
  readonly requirementsWaitMs: number;
  readonly whenMissing: WhenMissingMode;
  readonly waitMs: number;
  readonly taskCounts: readonly string[];
  readonly serviceStack: string;
  readonly registryStack: string | undefined;
  readonly parameterName: string | undefined;
  /** The tag that keeps the deployed image from expiring. Undefined if the guard does not retain images. */
  readonly releaseTag: string | undefined;
  /** The first half identifies the question. The whole key identifies the request. */
  readonly key: string;
  /** The key as contract 2 recorded it, and the text with which contract 2 recorded that there was no image. */
  readonly legacyKey: string;
  readonly legacyAbsence: string;
  /** Whether the update changes requirements for the image that the key of contract 2 does not cover. */
  readonly hasOtherNeeds: boolean;
}

/**
 * Parses the properties. In rollbacks, properties from older versions of this library arrive, so each property that can
 * have a default has one.
 *
 * @throws if it is unclear which image is requested
 */
export function parse(request: Request): Question {
  assertKnownType(request);
  const { properties, oldProperties, stack, logicalId } = request;
  const version = { kind: member(properties, 'VersionKind', VERSION_KINDS, 'tag') as VersionKind, value: text(properties.VersionValue) };
  if (!version.value && version.kind !== 'parameter') {
    throw new MalformedRequest('the request specifies no image: VersionValue is empty');
  }
  const imageId = imageIdOf(version);
  const requirements = requirementsOf(properties);
  return {
    repository: repositoryOf(properties, stack),
    version,
    imageId,
    imageTag: imageId && 'imageTag' in imageId ? imageId.imageTag : tagAndDigest(version.value)?.tag ?? '',
    platforms: strings(properties.Platforms).map((task) => ({ task, image: imagePlatform(task) })),
    singleManifest: text(properties.SingleManifest) === 'true',
    requirements,
    requirementsWaitMs: Math.max(0, ...requirements.map(({ waitSeconds }) => waitSeconds)) * 1000,
    whenMissing: member(properties, 'WhenMissing', MODES, 'fail') as WhenMissingMode,
    waitMs: Math.max(0, Number(text(properties.WaitSeconds)) || 0) * 1000,
    taskCounts: taskCounts(properties),
    serviceStack: text(properties.ServiceStack) || stack.name,
    registryStack: text(properties.RegistryStack) || undefined,
    parameterName: text(properties.ParameterName) || undefined,
    releaseTag: releaseTagOf(properties, stack, logicalId),
    key: keyOf(properties),
    legacyKey: legacyKeyOf(properties),
    legacyAbsence: legacyAbsence(properties),
    hasOtherNeeds: !!oldProperties.Platforms && needsOf(oldProperties) !== needsOf(properties),
  };
}

const REQUIREMENT_KINDS: readonly string[] = ['scanned', 'signed'] satisfies Array<Requirement['kind']>;

function requirementsOf({ Requirements: requirements }: Properties): Requirement[] {
  return strings(requirements).map((json) => {
    const requirement = record(parsed(json));
    const { failOn, accepted, profileArn, waitSeconds } = requirement;
    const kind = member(requirement, 'kind', REQUIREMENT_KINDS, 'unknown');
    const isWhole = kind === 'signed' ? text(profileArn) : SEVERITIES.includes(failOn as Severity) && Array.isArray(accepted);
    if (!isWhole || typeof waitSeconds !== 'number') throw new MalformedRequest(`the request has an incomplete requirement: ${shown(json)}`);
    return requirement as unknown as Requirement;
  });
}

function taskCounts({ TaskCounts: counts }: Properties): string[] {
  const all: unknown[] = Array.isArray(counts) ? counts : [];
  return all.map((count) => {
    if (!/^\d+$/.test(text(count))) throw new MalformedRequest(`the request has a task count that is not a number: TaskCounts has ${shown(count)}`);
    return text(count);
  });
}

function repositoryOf(properties: Properties, stack: Stack): Repository {
  const name = text(properties.RepositoryName);
  if (!name) {
    throw new MalformedRequest('the request specifies no repository: RepositoryName is empty');
  }
  const region = text(properties.RegistryRegion) || stack.region;
  const account = text(properties.RegistryId) || stack.account;
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new MalformedRequest(`the request has an invalid region: ${shown(region)}`);
  }
  const uri = text(properties.RepositoryUri) || `${account}.dkr.ecr.${region}.amazonaws.com/${name}`;
  const domain = /^\d+\.dkr\.ecr\.[a-z0-9-]+\.([a-z0-9.-]+)\//.exec(uri)?.[1] ?? 'amazonaws.com';
  return { name, uri, account, region, domain };
}

function imageIdOf({ kind, value }: Question['version']): ImageId | undefined {
  if (!value) return undefined;
  if (kind === 'digest' || (kind === 'parameter' && value.startsWith('sha256:'))) return { imageDigest: value };
  const both = kind === 'parameter' ? tagAndDigest(value) : undefined;
  return both ? { imageDigest: both.digest } : { imageTag: value };
}

/** Pipelines pass both. The digest identifies the image, and the tag is for readers. */
function tagAndDigest(value: string): { tag: string; digest: string } | undefined {
  const at = value.indexOf('@sha256:');
  return at > 0 ? { tag: value.slice(0, at), digest: value.slice(at + 1) } : undefined;
}

/**
 * Two requests are the same if all of their properties are equal. They ask the same question if the properties that
 * affect the answer are equal. A moving tag is a new question at each synthesis. In all other requests, the nonce does
 * not change the question.
 */
function keyOf(properties: Properties): string {
  const question = ['RepositoryUri', 'RepositoryName', 'RegistryId', 'RegistryRegion', ...NEEDS].map((name) => properties[name]);
  const { ServiceToken, ServiceTimeout, ...request } = properties;
  return hash(JSON.stringify([versionOf(properties), question])).slice(0, 8)
    + hash(JSON.stringify(Object.entries(request).sort(([one], [other]) => one < other ? -1 : 1))).slice(0, 8);
}

/** Properties that contain requirements for the image. */
const NEEDS = ['Platforms', 'SingleManifest', 'Requirements'];

function needsOf(properties: Properties): string {
  return JSON.stringify(NEEDS.map((name) => properties[name]));
}

/** The key of contract 2 did not cover the requirements for the image. */
function legacyKeyOf(properties: Properties): string {
  return hash([text(properties.RepositoryUri), ...versionOf(properties)].join('\n')).slice(0, 16);
}

function legacyAbsence({ Nonce: nonce }: Properties): string {
  return text(nonce) ? `none-${hash(text(nonce)).slice(0, 8)}` : 'none';
}

function versionOf({ VersionKind: kind, VersionValue: value, Nonce: nonce }: Properties): string[] {
  return [text(kind) || 'tag', text(value), kind === 'movingTag' ? text(nonce) : ''];
}
