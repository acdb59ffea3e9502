import { ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIXTURES } from './fixtures';
import { event, update } from './simulation';

jest.setTimeout(60_000);

const ROOT = join(__dirname, '..', '..', '..');
const DIGEST = `sha256:${'a'.repeat(64)}`;
const SECRET = 'X-Amz-Signature=0f1e2d3c4b5a6978';

let directory: string;
let bundle: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'guard-'));
  bundle = join(directory, 'index.js');
  execFileSync(join(ROOT, 'node_modules', '.bin', 'esbuild'), bundlingArguments(bundle), { cwd: ROOT, stdio: 'ignore' });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** How a server handles a connection. By default, it responds correctly. */
type Behavior = 'answer' | 'reset' | 'hang' | 'error';

class LocalServer {
  public readonly received: string[] = [];
  public readonly headers: Array<IncomingMessage['headers']> = [];
  public behaviors: Behavior[] = [];
  public always: Behavior = 'answer';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  constructor(private readonly answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) {
    this.server = createServer(async (request, response) => this.serve(request, response));
    this.server.on('connection', (socket) => this.sockets.add(socket));
  }

  public get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  public async open(): Promise<void> {
    await new Promise<void>((resolve) => { this.server.listen(this.port, '127.0.0.1', resolve); });
    this.port = (this.server.address() as AddressInfo).port;
  }

  public async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    this.received.push(body);
    this.headers.push(request.headers);
    switch (this.behaviors.shift() ?? this.always) {
      case 'answer': return this.answer(request, body, response);
      case 'reset': return void request.socket.resetAndDestroy();
      case 'error': return void response.writeHead(503).end('busy');
      case 'hang': return;
    }
  }
}

class Lambda {
  public output = '';
  private readonly child: ChildProcess;
  private readonly started: Promise<unknown>;

  constructor(environment: Record<string, string>) {
    const { PATH = '' } = process.env;
    this.child = fork(join(__dirname, 'lambda-host.cjs'), [], { env: { PATH, ...environment }, execArgv: [], silent: true });
    this.started = new Promise((resolve) => this.child.once('message', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (chunk) => { this.output += String(chunk); });
  }

  /** Handles one request. Work that is not done at the deadline is never done. */
  public async invoke(message: object, remainingMs: number): Promise<string> {
    await this.started;
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), remainingMs);
    try {
      return await new Promise<string>((resolve) => {
        this.child.once('exit', () => resolve('killed at the deadline'));
        this.child.once('message', ({ ended }: { ended: string }) => resolve(ended));
        this.child.send({ bundle, event: message, remainingMs });
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  public freeze(): void {
    this.child.kill('SIGSTOP');
  }

  public thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Resolves when the process has nothing left to do and exits. */
  public async end(): Promise<void> {
    const exit = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.connected) this.child.disconnect();
    await exit;
  }

  public kill(): void {
    this.child.kill('SIGKILL');
  }
}

let images: Set<string>;
let ecr: LocalServer;
let cloudFormation: LocalServer;
let endpoint: LocalServer;
let lambda: Lambda;

beforeEach(async () => {
  images = new Set(['v1']);
  ecr = new LocalServer(answerAsEcr);
  cloudFormation = new LocalServer((_, __, response) => response.end('<Stacks><StackStatus>UPDATE_IN_PROGRESS</StackStatus></Stacks>'));
  endpoint = new LocalServer((_, __, response) => response.end());
  await Promise.all([ecr, cloudFormation, endpoint].map((server) => server.open()));
  lambda = new Lambda({
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'the-secret-access-key-of-the-role',
    AWS_SESSION_TOKEN: 'the-session-token-of-the-role',
    AWS_ENDPOINT_URL_ECR: ecr.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
  });
});

afterEach(async () => {
  lambda.kill();
  await Promise.all([ecr, cloudFormation, endpoint].map((server) => server.close()));
  for (const secret of [SECRET, 'the-secret-access-key-of-the-role', 'the-session-token-of-the-role']) expect(lambda.output).not.toContain(secret);
});

test('the bundle is small, and requires nothing except Node', () => {
  const required = [...readFileSync(bundle, 'utf8').matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);

  expect(statSync(bundle).size).toBeLessThan(100_000);
  expect(required.filter((name) => !name.startsWith('node:'))).toEqual([]);
});

test('the bundle responds once in the format of CloudFormation, and leaves nothing running', async () => {
  expect(await lambda.invoke(create(), 10_000)).toBe('well');
  await lambda.end();

  expect(endpoint.received.map((body) => JSON.parse(body))).toEqual([expect.objectContaining({ Status: 'SUCCESS', NoEcho: false })]);
  expect(JSON.parse(endpoint.received[0]).Data).toEqual({ ImageDigest: DIGEST, ImageTag: 'v1', TaskCount2: '2' });
  expect(endpoint.headers[0]).toMatchObject({ 'content-type': '', 'content-length': String(Buffer.byteLength(endpoint.received[0])) });
  expect(endpoint.headers[0]).not.toHaveProperty('transfer-encoding');
  expect(ecr.received).toHaveLength(4);
  expect(JSON.parse(lambda.output)).toMatchObject({ level: 'info', decision: 'succeed', digest: DIGEST });
});

test('the bundle waits for an image that is pushed meanwhile', async () => {
  images.clear();
  setTimeout(() => images.add('v1'), 500);

  expect(await lambda.invoke(create({ WhenMissing: 'waitFor', WaitSeconds: '2' }), 10_000)).toBe('well');
  expect(statuses()).toEqual(['SUCCESS']);
});

test.each<[string, Behavior[]]>([
  ['resets', ['reset', 'reset']],
  ['fails', ['error', 'error', 'error']],
  ['hangs', ['hang']],
])('the bundle retries if the endpoint %s', async (_, behaviors) => {
  endpoint.behaviors = [...behaviors];

  expect(await lambda.invoke(create(), 20_000)).toBe('well');
  expect(new Set(endpoint.received).size).toBe(1);
  expect(endpoint.received).toHaveLength(behaviors.length + 1);
});

test('the bundle retries if the endpoint is not available yet', async () => {
  await endpoint.close();
  const invocation = lambda.invoke(create(), 20_000);
  await sleep(700);
  await endpoint.open();

  expect(await invocation).toBe('well');
  expect(endpoint.received).toHaveLength(1);
});

test.each<Behavior>(['hang', 'reset', 'error'])('the bundle fails before the deadline if the endpoint always has the fault %s, so that Lambda retries the request', async (always) => {
  endpoint.always = always;

  expect(await lambda.invoke(create(), 2_000)).toMatch(/^Error: the answer could not be delivered: /);
  expect(new Set(endpoint.received).size).toBe(1);
});

test('the bundle responds before the deadline if ECR does not respond', async () => {
  ecr.always = 'hang';

  expect(await lambda.invoke(create(), 3_000)).toBe('well');
  expect(statuses()).toEqual(['FAILED']);
  expect(JSON.parse(endpoint.received[0]).Reason).toContain('ECR is unavailable');
});

test('the bundle is not disturbed by calls that were pending when Lambda froze it', async () => {
  cloudFormation.always = 'error';
  expect(await lambda.invoke({ ...update('id'), ResponseURL: responseUrl() }, 2_000)).toBe('well');
  lambda.freeze();
  await sleep(500);
  const before = cloudFormation.received.length;

  cloudFormation.always = 'answer';
  lambda.thaw();
  expect(await lambda.invoke(create(), 10_000)).toBe('well');
  await lambda.end();

  expect(statuses()).toEqual(['FAILED', 'SUCCESS']);
  expect(cloudFormation.received.length).toBe(before);
});

function create(properties: object = {}): object {
  return event({ ResponseURL: responseUrl() }, properties);
}

function responseUrl(): string {
  return `${endpoint.url}/arn%3Aaws%3Acloudformation?${SECRET}`;
}

function statuses(): string[] {
  return endpoint.received.map((body) => JSON.parse(body).Status);
}

function answerAsEcr(request: IncomingMessage, body: string, response: ServerResponse): void {
  const { manifest, mediaType, config } = FIXTURES.dockerImage;
  const answer = (status: number, json: object) => response.writeHead(status).end(JSON.stringify(json));
  if (request.method === 'GET') return void response.end(config);

  const [, operation] = String(request.headers['x-amz-target']).split('.');
  const { imageIds: [{ imageTag }] = [{ imageTag: undefined }] } = JSON.parse(body);
  switch (operation) {
    case 'DescribeImages':
      if (imageTag && !images.has(imageTag)) return void answer(400, { __type: 'ImageNotFoundException' });
      return void answer(200, { imageDetails: [{ imageDigest: DIGEST }] });
    case 'BatchGetImage':
      return void answer(200, { images: [{ imageManifest: manifest, imageManifestMediaType: mediaType }] });
    default:
      return void answer(200, { downloadUrl: `${ecr.url}/blob` });
  }
}

/** The build options, except for the output path. */
function bundlingArguments(outfile: string): string[] {
  const { tasks } = JSON.parse(readFileSync(join(ROOT, '.projen', 'tasks.json'), 'utf8'));
  const [command, ...args]: string[] = tasks['bundle:guard/handler/index.lambda'].steps[0].execArgs;
  expect(command).toBe('esbuild');
  return args.map((argument) => argument.startsWith('--outfile=') ? `--outfile=${outfile}` : argument);
}
