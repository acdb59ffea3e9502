import { SignatureV4 } from '@smithy/signature-v4';
import { HttpResponse, NetworkError } from './http';
import { Redact } from './redaction';
import { Runtime } from './runtime';
import { Sha256 } from './sha256';
import { parsed, text } from '../request';

/** An error response from AWS. The code is the error code of AWS. The action is the IAM action. */
export class AwsError extends Error {
  constructor(
    public readonly action: string,
    public readonly code: string,
    message: string,
    public readonly status: number,
    /** Additional fields of the error response. */
    public readonly details: Fields = {},
  ) {
    super(message);
  }
}

/** One service in one region. */
export interface Service {
  /** Signing name of the service, which is also its IAM prefix. */
  readonly name: 'cloudformation' | 'ecr' | 'ecs' | 'logs';
  readonly region: string;
  readonly url: string;
  /** Runtime that sends the requests. */
  readonly runtime: Runtime;
  readonly redact: Redact;
}

const TIMEOUT_MS = 5_000;

/** Sends a request with the JSON 1.1 protocol. */
export async function askJson(service: Service, target: string, operation: string, input: object, largestBody?: number): Promise<Fields> {
  const response = await signedPost(service, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${target}.${operation}`,
  }, JSON.stringify(input), largestBody);
  const body = parsed(response.body.toString());
  if (response.status === 200) {
    if (!isRecord(body)) throw new NetworkError(`the answer is not from ${service.name}`);
    return body;
  }
  const answer = isRecord(body) ? body : {};
  const type = text(answer.__type) || text(response.headers['x-amzn-errortype']);
  throw refusal(service, operation, response, type.split('#').at(-1)!.split(':')[0], answer.message ?? answer.Message, answer);
}

/** Sends a request with the Query protocol, which returns XML. */
export async function askQuery(service: Service, version: string, operation: string, input: Record<string, string>): Promise<string> {
  const form = new URLSearchParams({ Action: operation, Version: version, ...input });
  const response = await signedPost(service, { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
  const xml = response.body.toString();
  if (response.status === 200) return xml;
  throw refusal(service, operation, response, textOf('Code', xml) ?? '', textOf('Message', xml));
}

export function textOf(element: string, xml: string): string | undefined {
  const tag = `<${element}>`;
  const start = xml.indexOf(tag);
  const end = xml.indexOf('</', start);
  return start < 0 || end < 0 ? undefined : xml.slice(start + tag.length, end);
}

/** Reads the same environment variables as the AWS SDKs. Local emulators and VPC endpoints use them. */
export function endpoint({ env }: Runtime, service: string, standard: string): string {
  return env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL || standard;
}

export type Fields = Readonly<Record<string, unknown>>;

const LONGEST_CODE = 100;
const LONGEST_MESSAGE = 2_000;

function refusal({ name, redact }: Service, operation: string, { status }: HttpResponse, type: string, message: unknown, details?: Fields): AwsError {
  const code = redact(type).slice(0, LONGEST_CODE) || `HTTP${status}`;
  return new AwsError(`${name}:${operation}`, code, redact(text(message)).slice(0, LONGEST_MESSAGE) || code, status, details);
}

async function signedPost(service: Service, headers: Record<string, string>, body: string, largestBody?: number): Promise<HttpResponse> {
  const { runtime, region, name } = service;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = runtime.env;
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('the environment holds no AWS credentials');
  }
  const signer = new SignatureV4({
    service: name,
    region,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    sha256: Sha256,
  });
  const { protocol, hostname, host, pathname, href } = new URL(service.url);
  const request = { method: 'POST', protocol, hostname, path: pathname, headers: { ...headers, host }, body };
  const signed = await signer.sign(request, { signingDate: new Date(runtime.clock.now()) });
  return runtime.send({ method: 'POST', url: href, headers: signed.headers, body, timeoutMs: TIMEOUT_MS, largestBody });
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
