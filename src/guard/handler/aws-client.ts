import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { RELEASE_TAG_ACTIONS, REGISTRY_ACTIONS, STACK_ACTIONS } from '../contract';
import { HttpResponse, NetworkError } from './http';
import { Repository, Stack } from './parse';
import { World } from './world';

type RegistryAction = (typeof REGISTRY_ACTIONS | typeof RELEASE_TAG_ACTIONS)[number];

/** Only what the role is granted can be asked: the two are one list. */
export type RegistryOperation = RegistryAction extends `ecr:${infer Operation}` ? Operation : never;
type StackOperation = (typeof STACK_ACTIONS)[number] extends `cloudformation:${infer Operation}` ? Operation : never;

export type AskRegistry = <Answer>(operation: RegistryOperation, input: object) => Promise<Answer>;
export type AskStack = (operation: StackOperation) => Promise<string>;

/** A refusal by AWS. The code is AWS's own; the operation is in the terms of IAM. */
export class AwsError extends Error {
  constructor(public readonly operation: string, public readonly code: string, message: string, public readonly status: number) {
    super(message);
  }
}

const TIMEOUT_MS = 5_000;

/**
 * Speaks JSON 1.1 with ECR in the region of the registry.
 *
 * The handler makes four calls, so it signs them with AWS's own signer and needs no SDK client: two of those would
 * be twenty times as much code to load at each cold start.
 */
export function registryClient(world: World, repository: Repository): AskRegistry {
  return async (operation, input) => {
    const response = await signedPost(world, {
      service: 'ecr',
      region: repository.region,
      url: endpoint(world, 'ECR', `https://api.ecr.${repository.region}.${repository.domain}`),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      },
      body: JSON.stringify({ registryId: repository.account, repositoryName: repository.name, ...input }),
    });
    const body = parsed(response.body);
    if (response.status === 200) {
      if (!body) throw new NetworkError('an answer that is not from ECR');
      return body;
    }

    const type = String(body?.__type ?? response.headers['x-amzn-errortype'] ?? `HTTP${response.status}`);
    const code = type.replace(/^.*#/, '').replace(/:.*$/, '');
    throw new AwsError(`ecr:${operation}`, code, String(body?.message ?? body?.Message ?? code), response.status);
  };
}

/** Speaks the Query protocol with CloudFormation about one stack. Answers with XML. */
export function stackClient(world: World, stack: Stack, domain: string): AskStack {
  return async (operation) => {
    const response = await signedPost(world, {
      service: 'cloudformation',
      region: stack.region,
      url: endpoint(world, 'CLOUDFORMATION', `https://cloudformation.${stack.region}.${domain}`),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ Action: operation, Version: '2010-05-15', StackName: stack.id }).toString(),
    });
    if (response.status === 200) return response.body;

    const code = textOf('Code', response.body) ?? `HTTP${response.status}`;
    throw new AwsError(`cloudformation:${operation}`, code, textOf('Message', response.body) ?? code, response.status);
  };
}

export function textOf(element: string, xml: string): string | undefined {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
}

interface UnsignedPost {
  readonly service: string;
  readonly region: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

async function signedPost(world: World, post: UnsignedPost): Promise<HttpResponse> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = world.env;
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('the environment holds no AWS credentials');
  }
  const signer = new SignatureV4({
    service: post.service,
    region: post.region,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    sha256: Hash.bind(null, 'sha256'),
  });
  const { protocol, hostname, host, pathname, href } = new URL(post.url);
  const request = { method: 'POST', protocol, hostname, path: pathname, headers: { ...post.headers, host }, body: post.body };
  const { headers } = await signer.sign(request, { signingDate: new Date(world.clock.now()) });
  return world.send({ method: 'POST', url: href, headers, body: post.body, timeoutMs: TIMEOUT_MS });
}

/** The variables are those of the AWS SDKs: local emulators and VPC endpoints are named by them. */
function endpoint(world: World, service: string, standard: string): string {
  return world.env[`AWS_ENDPOINT_URL_${service}`] || world.env.AWS_ENDPOINT_URL || standard;
}

function parsed(json: string) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
