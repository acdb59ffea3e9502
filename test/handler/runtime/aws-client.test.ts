import { createHash, createHmac } from 'node:crypto';
import { askJson, askQuery, AwsError, endpoint, Service, textOf } from '../../../src/handler/runtime/aws-client';
import { HttpRequest, HttpResponse, NetworkError } from '../../../src/handler/runtime/http';
import { redaction } from '../../../src/handler/runtime/redaction';
import { Runtime } from '../../../src/handler/runtime/runtime';
import { Simulation, STACK_ID } from '../../guard/handler/simulation';

const ENV = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-secret-access-key-of-the-role', AWS_SESSION_TOKEN: 'the-session-token-of-the-role' };

test('a request to a JSON service has a JSON body', async () => {
  const { sent, json } = client({ status: 200, body: '{"imageDetails":[]}' });

  expect(await json({ imageIds: [{ imageTag: 'v1' }] })).toEqual({ imageDetails: [] });
  expect(sent).toMatchObject([{
    method: 'POST',
    url: 'https://service.example/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Target_V1.Operate' },
    body: '{"imageIds":[{"imageTag":"v1"}]}',
    timeoutMs: 5_000,
    largestBody: undefined,
  }]);
});

test('the caller can limit the size of the response', async () => {
  const { sent, json } = client({ status: 200, body: '{}' });
  await json({}, 1_000);

  expect(sent[0].largestBody).toBe(1_000);
});

test('a request to a Query service has a form body, and the response is XML', async () => {
  const { sent, query } = client({ status: 200, body: '<StackStatus>UPDATE_COMPLETE</StackStatus>' });

  expect(await query({ StackName: STACK_ID })).toBe('<StackStatus>UPDATE_COMPLETE</StackStatus>');
  expect(sent[0]).toMatchObject({ url: 'https://service.example/', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  expect(Object.fromEntries(new URLSearchParams(sent[0].body))).toEqual({ Action: 'Operate', Version: '2010-05-15', StackName: STACK_ID });
});

test('requests are signed with Signature Version 4', async () => {
  const { sent, json, query } = client({ status: 200, body: '{}' });
  await json({});
  await query({});

  for (const request of sent) {
    const { authorization, ...headers } = request.headers;
    const names = Object.keys(headers).sort();
    expect(names).toEqual(expect.arrayContaining(['host', 'content-type', 'x-amz-date', 'x-amz-security-token']));
    expect(authorization).toBe('AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/eu-west-1/ecr/aws4_request, '
      + `SignedHeaders=${names.join(';')}, Signature=${signature(request, names, 'ecr')}`);
  }
});

test('credentials that do not expire have no session token', async () => {
  const { sent, json } = client({ status: 200, body: '{}' }, { env: { ...ENV, AWS_SESSION_TOKEN: undefined } });
  await json({});

  expect(sent[0].headers).not.toHaveProperty('x-amz-security-token');
});

test.each([
  [{}, 'https://standard'],
  [{ AWS_ENDPOINT_URL: 'http://all' }, 'http://all'],
  [{ AWS_ENDPOINT_URL: 'http://all', AWS_ENDPOINT_URL_ECR: 'http://ecr' }, 'http://ecr'],
  [{ AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://cloudformation' }, 'https://standard'],
  [{ AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_ECR: '' }, 'https://standard'],
])('with the environment %j, the endpoint of ECR is %s', (env, expected) => {
  expect(endpoint({ env } as Runtime, 'ECR', 'https://standard')).toBe(expected);
});

test('an endpoint can have a port and a path', async () => {
  const { sent, json } = client({ status: 200, body: '{}' }, { url: 'http://127.0.0.1:4566/x' });
  await json({});

  expect(sent[0]).toMatchObject({ url: 'http://127.0.0.1:4566/x', headers: { host: '127.0.0.1:4566' } });
});

describe('an error', () => {
  test.each([
    [{ status: 400, body: '{"__type":"com.amazonaws.ecr#ImageNotFoundException","message":"gone"}' }, 'ImageNotFoundException', 'gone'],
    [{ status: 400, body: '{"__type":"KmsException","Message":"key"}' }, 'KmsException', 'key'],
    [{ status: 400, body: '{"__type":"KmsException:http://internal.amazon.com/","message":7}' }, 'KmsException', 'KmsException'],
    [{ status: 400, body: '{}', headers: { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/' } }, 'AccessDeniedException', 'AccessDeniedException'],
    [{ status: 400, body: '[]' }, 'HTTP400', 'HTTP400'],
    [{ status: 503, body: '<html>' }, 'HTTP503', 'HTTP503'],
    [{ status: 500, body: '' }, 'HTTP500', 'HTTP500'],
    [{ status: 201, body: '{}' }, 'HTTP201', 'HTTP201'],
  ])('in the JSON response %j has a code and a message', async (response, code, message) => {
    expect(await errorOf(client(response).json({}))).toMatchObject({ action: 'ecr:Operate', code, message, status: response.status });
  });

  test.each([
    ['<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>', 'Throttling', 'Rate exceeded'],
    ['<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>', 'AccessDenied', 'AccessDenied'],
    ['<ErrorResponse><Error><Code>AccessDenied', 'HTTP400', 'HTTP400'],
    ['', 'HTTP400', 'HTTP400'],
  ])('in the XML response %s has a code and a message', async (body, code, message) => {
    expect(await errorOf(client({ status: 400, body }).query({}))).toMatchObject({ action: 'ecr:Operate', code, message });
  });

  test('is shortened after its secrets are redacted', async () => {
    const secret = ENV.AWS_SESSION_TOKEN;
    for (const before of [80, 99, 1_980, 1_999]) {
      const text = 'x'.repeat(before) + secret + 'y'.repeat(5_000);
      const { code, message } = await errorOf(client({ status: 400, body: JSON.stringify({ __type: text, message: text }) }).json({}));

      expect(code.length).toBeLessThanOrEqual(100);
      expect(message.length).toBeLessThanOrEqual(2_000);
      expect(code + message).not.toMatch(/the-sess/);
      expect(message).toContain('x[');
    }
  });

  test.each(['#', ':', '#:', 'a#', '<', '</', '<Code>'])('from a hostile endpoint, with a type that consists only of %j, is parsed without a regular expression that could take quadratic time', async (characters) => {
    const hostile = characters.repeat(10_000);
    const searches = jest.spyOn(RegExp.prototype, 'exec');
    await errorOf(client({ status: 400, body: JSON.stringify({ __type: hostile, message: hostile }) }).json({}));
    await errorOf(client({ status: 400, body: hostile }).query({}));
    const longest = Math.max(0, ...searches.mock.calls.map(([text]) => text.length));
    searches.mockRestore();

    expect(longest).toBeLessThan(hostile.length / 10);
  });
});

test.each(['<html>log in to the Wi-Fi</html>', '[]', '7', 'null', ''])('the response %j cannot be from AWS, so it causes a network error', async (body) => {
  await expect(client({ status: 200, body }).json({})).rejects.toThrow(new NetworkError('the answer is not from ecr'));
});

test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('without %s, nothing is sent', async (name) => {
  const { sent, json } = client({ status: 200, body: '{}' }, { env: { ...ENV, [name]: undefined } });

  await expect(json({})).rejects.toThrow('the environment holds no AWS credentials');
  expect(sent).toEqual([]);
});

test.each([
  ['<A>x</A>', 'x'],
  ['<B>y</B><A>x</A><A>z</A>', 'x'],
  ['<A></A>', ''],
  ['</B><A>x</A>', 'x'],
  ['<A>x', undefined],
  ['<AA>x</AA>', undefined],
  ['', undefined],
])('in %j, the element A has the text %j', (xml, text) => {
  expect(textOf('A', xml)).toBe(text);
});

function client(
  response: { status: number; body: string; headers?: HttpResponse['headers'] },
  { env = ENV, url = 'https://service.example' }: { env?: Record<string, string | undefined>; url?: string } = {},
) {
  const sent: HttpRequest[] = [];
  const { clock, random, print } = new Simulation();
  const runtime: Runtime = {
    clock,
    random,
    print,
    env,
    send: async (request) => {
      sent.push(request);
      return { headers: {}, ...response, body: Buffer.from(response.body) };
    },
  };
  const service: Service = { name: 'ecr', region: 'eu-west-1', url, runtime, redact: redaction('https://response.example/', env) };
  return {
    sent,
    json: async (input: object, largestBody?: number) => askJson(service, 'Target_V1', 'Operate', input, largestBody),
    query: async (input: Record<string, string>) => askQuery(service, '2010-05-15', 'Operate', input),
  };
}

async function errorOf(call: Promise<unknown>): Promise<AwsError> {
  const error = await call.then(() => undefined, (reason) => reason);
  expect(error).toBeInstanceOf(AwsError);
  return error;
}

/** Computed here from the specification, independently of the signer that the handler uses. */
function signature({ url, headers, body }: HttpRequest, names: string[], service: string): string {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const scope = ['20261124', 'eu-west-1', service, 'aws4_request'];
  const canonical = ['POST', new URL(url).pathname, '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), sha256(body ?? '')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>((signingKey, part) => hmac(signingKey, part), 'AWS4the-secret-access-key-of-the-role');
  return hmac(key, toSign).toString('hex');
}
