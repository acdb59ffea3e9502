import { createHash } from 'node:crypto';

export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** The parts that every request of CloudFormation contains, even if its properties are invalid. */
export interface Request {
  readonly type: string;
  /** Secret: anyone with this URL can answer for the handler. */
  readonly responseUrl: string;
  readonly requestId: string;
  readonly logicalId: string;
  /** Empty in a Create request. */
  readonly physicalId: string;
  readonly stack: Stack;
  /** Time after which CloudFormation gives up. */
  readonly serviceTimeoutMs: number;
  readonly properties: Properties;
  /** The properties before an Update. Empty in other requests. */
  readonly oldProperties: Properties;
}

export type Properties = Readonly<Record<string, unknown>>;

export class MalformedRequest extends Error {}

/**
 * Parses the outer part of a request.
 *
 * @throws if there is no URL to send the answer to
 */
export function openRequest(event: unknown): Request {
  const fields = record(event);
  const responseUrl = text(fields.ResponseURL);
  if (!URL.canParse(responseUrl) || !['http:', 'https:'].includes(new URL(responseUrl).protocol)) {
    throw new MalformedRequest('the request has no ResponseURL');
  }
  return {
    type: text(fields.RequestType),
    responseUrl,
    requestId: text(fields.RequestId),
    logicalId: text(fields.LogicalResourceId),
    physicalId: text(fields.PhysicalResourceId),
    stack: stackOf(text(fields.StackId)),
    serviceTimeoutMs: serviceTimeout(record(fields.ResourceProperties)),
    properties: record(fields.ResourceProperties),
    oldProperties: record(fields.OldResourceProperties),
  };
}

/** @throws if CloudFormation sends an unknown request type */
export function assertKnownType({ type }: Request): void {
  if (type !== 'Create' && type !== 'Update') {
    throw new MalformedRequest(`the request is not a Create, Update, or Delete: ${shown(type)}`);
  }
}

const DEFAULT_SERVICE_TIMEOUT_SECONDS = 3_600;

function serviceTimeout({ ServiceTimeout: value }: Properties): number {
  const seconds = typeof value === 'number' ? value : Number(text(value));
  return (seconds >= 1 && seconds <= DEFAULT_SERVICE_TIMEOUT_SECONDS ? seconds : DEFAULT_SERVICE_TIMEOUT_SECONDS) * 1_000;
}

function stackOf(id: string): Stack {
  const [, partition = 'aws', , region = '', account = '', path = ''] = id.split(':');
  return { id, partition, region, account, name: path.split('/')[1] ?? '' };
}

export function member(properties: Properties, name: string, known: readonly string[], otherwise: string): string {
  const value = text(properties[name]) || otherwise;
  if (!known.includes(value)) {
    throw new MalformedRequest(`the request was made by a newer version of the library (${name} is ${shown(value)}): deploy with that version`);
  }
  return value;
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}

/** Returns `undefined` for invalid JSON and for null, as the AWS protocols do. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json, (_, value) => value ?? undefined);
  } catch {
    return undefined;
  }
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Formats any value for a message, with a limited length. */
export function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'nothing';
}

export function hash(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
