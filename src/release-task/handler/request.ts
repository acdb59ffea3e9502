import { assertKnownType, hash, MalformedRequest, Properties, Request, strings, text } from '../../handler/request';

/** Location of the log lines of the container. */
export interface LogPlace {
  readonly group: string;
  readonly region: string;
  readonly streamPrefix: string;
}

/** The parsed request. */
export interface Run {
  readonly imageDigest: string;
  /** Identifies the release: the image and what it runs. */
  readonly releaseKey: string;
  readonly rerunForEarlierReleases: boolean;
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly containerName: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: string;
  readonly platformVersion: string | undefined;
  readonly timeoutMs: number;
  readonly logs: LogPlace | undefined;
  readonly failureLogLines: number;
  readonly secretNames: readonly string[];
  readonly region: string;
  /** Domain suffix of the partition: `amazonaws.com`. */
  readonly domain: string;
  readonly serviceStack: string;
  /** Identifies the request, even if it is delivered several times. ECS starts one task for it. */
  readonly clientToken: string;
  /** Tag by which users find the task. */
  readonly startedBy: string;
}

/**
 * Parses the properties. A rollback can send properties of an older version of this library, so every property that can have
 * a default has one.
 *
 * @throws if the properties do not determine what to run
 */
export function parse(request: Request): Run {
  assertKnownType(request);
  const { properties, stack } = request;
  const imageDigest = text(properties.ImageDigest);
  if (!/^sha256:[0-9a-f]{64}$/.test(imageDigest)) {
    throw new MalformedRequest('the request specifies no released image: ImageDigest is not a digest');
  }
  const token = hash([stack.id, request.logicalId, request.requestId].join('\n'));
  return {
    imageDigest,
    releaseKey: releaseKey(imageDigest, properties),
    rerunForEarlierReleases: text(properties.RerunForEarlierReleases) === 'true',
    cluster: needed(properties, 'Cluster'),
    taskDefinition: needed(properties, 'TaskDefinition'),
    containerName: needed(properties, 'ContainerName'),
    subnets: strings(properties.Subnets),
    securityGroups: strings(properties.SecurityGroups),
    assignPublicIp: text(properties.AssignPublicIp) || 'DISABLED',
    platformVersion: text(properties.PlatformVersion) || undefined,
    timeoutMs: (Number(text(properties.TimeoutSeconds)) || DEFAULT_TIMEOUT_SECONDS) * 1000,
    logs: logPlace(properties, stack.region),
    failureLogLines: Number(text(properties.FailureLogLines)) || 0,
    secretNames: strings(properties.SecretNames),
    region: stack.region,
    domain: text(properties.UrlSuffix) || 'amazonaws.com',
    serviceStack: text(properties.ServiceStack) || stack.name,
    clientToken: token,
    startedBy: `release-task-${token.slice(0, 20)}`,
  };
}

const DEFAULT_TIMEOUT_SECONDS = 600;

/** Eight characters are 48 bits. This distinguishes some hundred releases, and is short enough to record them. */
function releaseKey(imageDigest: string, { Command: command, EntryPoint: entryPoint }: Properties): string {
  const key = hash(JSON.stringify([imageDigest, strings(entryPoint), strings(command)]));
  return Buffer.from(key, 'hex').toString('base64url').slice(0, 8);
}

function logPlace(properties: Properties, region: string): LogPlace | undefined {
  const group = text(properties.LogGroup);
  return group ? { group, region: text(properties.LogRegion) || region, streamPrefix: text(properties.LogStreamPrefix) } : undefined;
}

function needed(properties: Properties, name: string): string {
  const value = text(properties[name]);
  if (!value) throw new MalformedRequest(`the request does not specify what to run: ${name} is empty`);
  return value;
}

/** Presigned URLs contain the time of their creation, which is the time of the request. */
export function sentAt({ responseUrl }: Request): number | undefined {
  const date = new URL(responseUrl).searchParams.get('X-Amz-Date') ?? '';
  const [match, year, month, day, hours, minutes, seconds] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date) ?? [];
  return match ? Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`) || undefined : undefined;
}
