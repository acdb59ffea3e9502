import { createHash, createHmac } from 'node:crypto';
import { event, Simulation, STACK_ID } from '../simulation';
import { AwsError, registryClient, stackClient } from '../../../../src/guard/handler/runtime/aws-client';
import { HttpRequest, HttpResponse, NetworkError } from '../../../../src/guard/handler/runtime/http';
import { openRequest, parse } from '../../../../src/guard/handler/request';

const { repository } = parse(openRequest(event()));
const { stack } = openRequest(event());

test('ECR is asked in JSON', async () => {
  const { sent, registry } = client({ status: 200, body: '{"imageDetails":[]}' });

  expect(await registry('DescribeImages', { imageIds: [{ imageTag: 'v1' }] })).toEqual({ imageDetails: [] });
  expect(sent).toMatchObject([{
    method: 'POST',
    url: 'https://api.ecr.eu-west-1.amazonaws.com/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.DescribeImages' },
    body: '{"registryId":"111122223333","repositoryName":"app","imageIds":[{"imageTag":"v1"}]}',
    timeoutMs: 5_000,
  }]);
});

test('CloudFormation is asked by form and answers with XML', async () => {
  const { sent, cloudFormation } = client({ status: 200, body: '<StackStatus>UPDATE_COMPLETE</StackStatus>' });

  expect(await cloudFormation('DescribeStacks')).toBe('<StackStatus>UPDATE_COMPLETE</StackStatus>');
  expect(sent[0].url).toBe('https://cloudformation.eu-west-1.amazonaws.com/');
  expect(Object.fromEntries(new URLSearchParams(sent[0].body))).toEqual({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: STACK_ID });
});

test('requests are signed with Signature Version 4', async () => {
  const { sent, registry, cloudFormation } = client({ status: 200, body: '{}' });
  await registry('BatchGetImage', {});
  await cloudFormation('DescribeStacks');

  for (const [request, service] of [[sent[0], 'ecr'], [sent[1], 'cloudformation']] as const) {
    const { authorization, ...headers } = request.headers;
    const names = Object.keys(headers).sort();
    expect(names).toEqual(expect.arrayContaining(['host', 'content-type', 'x-amz-date', 'x-amz-security-token']));
    expect(authorization).toBe(`AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-west-1/${service}/aws4_request, `
      + `SignedHeaders=${names.join(';')}, Signature=${signature(request, names, service)}`);
  }
});

test.each([
  [{}, 'https://api.ecr.eu-west-1.amazonaws.com/', 'https://cloudformation.eu-west-1.amazonaws.com/'],
  [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }, 'http://127.0.0.1:4566/', 'http://127.0.0.1:4566/'],
  [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_ECR: 'http://b:1/x' }, 'http://b:1/x', 'http://a/'],
  [{ AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://c' }, 'https://api.ecr.eu-west-1.amazonaws.com/', 'http://c/'],
  [{ AWS_ENDPOINT_URL: '' }, 'https://api.ecr.eu-west-1.amazonaws.com/', 'https://cloudformation.eu-west-1.amazonaws.com/'],
])('with %j the endpoints are %s and %s', async (env, ecr, cfn) => {
  const { sent, registry, cloudFormation } = client({ status: 200, body: '{}' }, env);
  await registry('DescribeImages', {});
  await cloudFormation('DescribeStacks');

  expect(sent.map(({ url }) => url)).toEqual([ecr, cfn]);
  expect(sent.map(({ headers }) => headers.host)).toEqual([new URL(ecr).host, new URL(cfn).host]);
});

test.each([
  [{ status: 400, body: '{"__type":"com.amazonaws.ecr#ImageNotFoundException","message":"gone"}' }, 'ImageNotFoundException', 'gone'],
  [{ status: 400, body: '{"__type":"KmsException","Message":"key"}' }, 'KmsException', 'key'],
  [{ status: 400, body: '{}', headers: { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/' } }, 'AccessDeniedException', 'AccessDeniedException'],
  [{ status: 503, body: '<html>' }, 'HTTP503', 'HTTP503'],
  [{ status: 500, body: '' }, 'HTTP500', 'HTTP500'],
])('an error of ECR %j has a code and a message', async (response, code, message) => {
  const error = await errorOf(client(response).registry('BatchGetImage', {}));

  expect(error).toMatchObject({ operation: 'ecr:BatchGetImage', code, message, status: response.status });
});

test.each([
  ['<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>', 'Throttling', 'Rate exceeded'],
  ['<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>', 'AccessDenied', 'AccessDenied'],
  ['', 'HTTP400', 'HTTP400'],
])('an error of CloudFormation %s as well', async (body, code, message) => {
  const error = await errorOf(client({ status: 400, body }).cloudFormation('DescribeStacks'));

  expect(error).toMatchObject({ operation: 'cloudformation:DescribeStacks', code, message });
});

test('an answer that is not from ECR is a network that is not to be trusted', async () => {
  await expect(client({ status: 200, body: '<html>log in to the Wi-Fi</html>' }).registry('DescribeImages', {})).rejects.toThrow(NetworkError);
});

test('without credentials nothing is sent', async () => {
  const { sent, registry } = client({ status: 200, body: '{}' }, { AWS_ACCESS_KEY_ID: undefined });

  await expect(registry('DescribeImages', {})).rejects.toThrow('the environment holds no AWS credentials');
  expect(sent).toEqual([]);
});

function client(response: { status: number; body: string; headers?: HttpResponse['headers'] }, env: Record<string, string | undefined> = {}) {
  const sent: HttpRequest[] = [];
  const aws = new Simulation();
  const world = {
    clock: aws.clock,
    random: aws.random,
    print: aws.print,
    env: { ...aws.env, ...env },
    send: async (request: HttpRequest): Promise<HttpResponse> => {
      sent.push(request);
      return { headers: {}, ...response };
    },
  };
  return { sent, registry: registryClient(world, repository), cloudFormation: stackClient(world, stack, repository.domain) };
}

async function errorOf(call: Promise<unknown>): Promise<AwsError> {
  const error = await call.then(() => undefined, (reason) => reason);
  expect(error).toBeInstanceOf(AwsError);
  return error;
}

/** Computed here from the specification, not by the signer that the handler uses. */
function signature({ url, headers, body }: HttpRequest, names: string[], service: string): string {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const scope = ['20261124', 'eu-west-1', service, 'aws4_request'];
  const canonical = ['POST', new URL(url).pathname, '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), sha256(body ?? '')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>((signingKey, part) => hmac(signingKey, part), 'AWS4the-secret-access-key-of-the-role');
  return hmac(key, toSign).toString('hex');
}
