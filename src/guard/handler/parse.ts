import { createHash } from 'node:crypto';
import { imagePlatform, VersionKind, WhenMissingMode } from '../contract';

const VERSION_KINDS: readonly string[] = ['tag', 'digest', 'movingTag', 'parameter'] satisfies VersionKind[];
const MODES: readonly string[] = ['fail', 'waitFor', 'startWithoutTasks'] satisfies WhenMissingMode[];

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** What every request of CloudFormation carries, however odd its properties are. */
export interface Envelope {
  readonly requestType: string;
  /** A secret: who has it can answer in our name. */
  readonly responseUrl: string;
  readonly requestId: string;
  readonly logicalId: string;
  /** Empty at a Create. */
  readonly physicalId: string;
  readonly stack: Stack;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Repository {
  readonly name: string;
  readonly uri: string;
  readonly account: string;
  readonly region: string;
  /** Where the partition's services are: `amazonaws.com`. */
  readonly domain: string;
}

export type ImageId = { readonly imageTag: string } | { readonly imageDigest: string };

export interface Platform {
  /** In the terms of ECS: `LINUX/X86_64`. */
  readonly task: string;
  /** In the terms of images: `linux/amd64`; `undefined` where this version does not know it. */
  readonly image: string | undefined;
}

/** What the guard is asked, understood. */
export interface Question {
  readonly repository: Repository;
  readonly version: { readonly kind: VersionKind; readonly value: string };
  /** Nothing while a parameter is empty. */
  readonly imageId: ImageId | undefined;
  readonly nonce: string;
  readonly platforms: readonly Platform[];
  readonly singleManifest: boolean;
  readonly whenMissing: WhenMissingMode;
  readonly waitMs: number;
  readonly taskCounts: readonly number[];
  readonly serviceStack: string;
  readonly registryStack: string | undefined;
  readonly parameterName: string | undefined;
  /** The tag that marks what is released; nothing where it is not to be marked. */
  readonly releaseTag: string | undefined;
}

export class MalformedRequest extends Error {}

/**
 * The outer part of a request.
 *
 * @throws where there is nobody to answer to
 */
export function openEnvelope(event: unknown): Envelope {
  const fields = record(event);
  const responseUrl = text(fields.ResponseURL);
  if (!URL.canParse(responseUrl) || !['http:', 'https:'].includes(new URL(responseUrl).protocol)) {
    throw new MalformedRequest('the request has no ResponseURL to answer to');
  }
  return {
    requestType: text(fields.RequestType),
    responseUrl,
    requestId: text(fields.RequestId),
    logicalId: text(fields.LogicalResourceId),
    physicalId: text(fields.PhysicalResourceId),
    stack: stackOf(text(fields.StackId)),
    properties: record(fields.ResourceProperties),
  };
}

/**
 * The properties. Those of older versions of this library arrive in rollbacks, so whatever can have a default has one.
 *
 * @throws where it is not clear which image is meant
 */
export function parse({ requestType, properties, stack, logicalId }: Envelope): Question {
  if (requestType !== 'Create' && requestType !== 'Update') {
    throw new MalformedRequest(`the request is neither Create, Update nor Delete: ${JSON.stringify(requestType)}`);
  }
  const version = { kind: member(properties, 'VersionKind', VERSION_KINDS, 'tag') as VersionKind, value: text(properties.VersionValue) };
  if (!version.value && version.kind !== 'parameter') {
    throw new MalformedRequest('the request does not say which image is meant: VersionValue is empty');
  }
  const platforms = strings(properties.Platforms);
  return {
    repository: repositoryOf(properties, stack),
    version,
    imageId: imageIdOf(version),
    nonce: text(properties.Nonce),
    platforms: platforms.map((task) => ({ task, image: imagePlatform(task) })),
    singleManifest: text(properties.SingleManifest) === 'true',
    whenMissing: member(properties, 'WhenMissing', MODES, 'fail') as WhenMissingMode,
    waitMs: Math.max(0, Number(text(properties.WaitSeconds)) || 0) * 1000,
    taskCounts: strings(properties.TaskCounts).filter((count) => /^\d{1,9}$/.test(count)).map(Number),
    serviceStack: text(properties.ServiceStack) || stack.name,
    registryStack: text(properties.RegistryStack) || undefined,
    parameterName: text(properties.ParameterName) || undefined,
    releaseTag: releaseTagOf(text(properties.ReleaseTagName), stack, logicalId),
  };
}

function repositoryOf(properties: Envelope['properties'], stack: Stack): Repository {
  const name = text(properties.RepositoryName);
  if (!name) {
    throw new MalformedRequest('the request does not say which repository is meant: RepositoryName is empty');
  }
  const region = text(properties.RegistryRegion) || stack.region;
  const account = text(properties.RegistryId) || stack.account;
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new MalformedRequest(`the request names a region that cannot exist: ${JSON.stringify(region)}`);
  }
  const uri = text(properties.RepositoryUri) || `${account}.dkr.ecr.${region}.amazonaws.com/${name}`;
  const domain = /^\d+\.dkr\.ecr\.[a-z0-9-]+\.([a-z0-9.-]+)\//.exec(uri)?.[1] ?? 'amazonaws.com';
  return { name, uri, account, region, domain };
}

function imageIdOf({ kind, value }: Question['version']): ImageId | undefined {
  if (!value) return undefined;
  const isDigest = kind === 'digest' || (kind === 'parameter' && value.startsWith('sha256:'));
  return isDigest ? { imageDigest: value } : { imageTag: value };
}

/** Tags that the guard gives itself begin with this. */
export const RELEASE_TAG_PREFIX = 'deployed-';

const LONGEST_RELEASE_TAG_NAME = 80;

/** Readable for people, and unique among all guards that may share the registry. */
function releaseTagOf(name: string, { account, region, name: stackName }: Stack, logicalId: string): string | undefined {
  if (!name) return undefined;
  const owner = createHash('sha256').update([account, region, stackName, logicalId].join('\n')).digest('hex').slice(0, 8);
  return `${RELEASE_TAG_PREFIX}${name.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST_RELEASE_TAG_NAME)}-${owner}`;
}

function stackOf(id: string): Stack {
  const [, partition = 'aws', , region = '', account = '', path = ''] = id.split(':');
  return { id, partition, region, account, name: path.split('/')[1] ?? '' };
}

function member(properties: Envelope['properties'], name: string, known: readonly string[], otherwise: string): string {
  const value = text(properties[name]) || otherwise;
  if (!known.includes(value)) {
    throw new MalformedRequest(`the request was made by a newer version of the library: ${name} is ${JSON.stringify(value)}`);
  }
  return value;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
