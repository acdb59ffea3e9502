import { ChildProcess, fork } from 'node:child_process';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { Environment, EnvironmentOptions, Version } from './environment';
import { Invocation } from './requests';
import { Reply } from '../runtime/network';

interface Message {
  readonly ended: 'started' | 'returned' | 'threw';
  readonly error?: string;
}

/** A Node.js process with the bundle. Signals freeze and kill it, and it communicates with the model over sockets. */
export class ProcessEnvironment<Question> implements Environment<Question> {
  private readonly server = createServer((request, response) => void this.serve(request, response));
  private readonly sockets = new Set<Socket>();
  private readonly process: Promise<ChildProcess>;
  private current?: Invocation<Question>;
  private isClosed = false;
  /** Hosts of AWS, by the first segment of the local path. */
  private readonly hosts = new Map<string, string>();

  constructor(public readonly version: Version, private readonly options: EnvironmentOptions<Question>, file: string) {
    this.server.on('connection', (socket) => this.sockets.add(socket));
    this.process = this.start(file);
  }

  public run(invocation: Invocation<Question>, _: number | undefined, onEnd: () => void): void {
    this.current = invocation;
    const { time } = this.options;
    void this.process.then((child) => {
      const deadline = time.after(invocation.deadline - time.now, () => child.kill('SIGKILL'));
      const end = (ended: 'returned' | 'threw' | 'killed', error?: string) => {
        if (this.isClosed) return;
        deadline.cancel();
        child.removeAllListeners();
        if (ended !== 'killed') child.kill('SIGSTOP');
        Object.assign(invocation, { ended, endedAt: time.now, error });
        onEnd();
      };
      child.once('exit', () => end('killed'));
      child.once('message', ({ ended, error }: Message) => end(ended as 'returned' | 'threw', error));
      child.kill('SIGCONT');
      const event = { ...invocation.request.event, ResponseURL: this.here(invocation.request.responseUrl) };
      child.send({ event, remainingMs: invocation.deadline - time.now, requestId: String(invocation.number) });
    });
  }

  public async close(): Promise<void> {
    // Pending work is not a crash. Only after a crash would Lambda invoke the function again.
    this.isClosed = true;
    (await this.process).kill('SIGKILL');
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async start(file: string): Promise<ChildProcess> {
    await new Promise<void>((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    const { environment } = this.options;
    const { PATH = '' } = process.env;
    const endpoints = { AWS_ENDPOINT_URL_ECR: this.here('https://ecr'), AWS_ENDPOINT_URL_CLOUDFORMATION: this.here('https://cloudformation') };
    const child = fork(join(__dirname, '../runtime/lambda-host.cjs'), [file], { env: { PATH, ...environment, ...endpoints }, execArgv: [], silent: true });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => this.current?.printed.push(String(text)));
    await new Promise((resolve) => { child.once('message', resolve); });
    return child;
  }

  /** The local stand-in for a URL. */
  private here(url: string): string {
    const { host, pathname, search } = new URL(url);
    const { port } = this.server.address() as AddressInfo;
    if (host === 'ecr' || host === 'cloudformation') return `http://127.0.0.1:${port}`;
    const name = `host-${host.replace(/[^a-z0-9]/g, '-')}`;
    this.hosts.set(name, host);
    return `http://127.0.0.1:${port}/${name}${pathname}${search}`;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray()).toString('utf8');
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    if (!this.current) return void incoming.socket.destroy();
    const { reply, backMs } = this.options.speak(this.current, { method: incoming.method!, url: this.there(incoming, body), headers, body });
    this.options.time.after(backMs, () => this.send(reply, incoming, response));
  }

  /** The URL on AWS that the local URL replaces. */
  private there({ url = '/', headers }: IncomingMessage, body: string): URL {
    const [, name, rest] = /^\/(host-[^/]+)(\/.*)$/.exec(url) ?? [];
    if (name) return new URL(`https://${this.hosts.get(name)}${rest}`);
    const { place } = this.options;
    if (headers['x-amz-target']) return new URL(`https://api.ecr.${place.registryRegion}.${place.domain}${url}`);
    return new URL(body.startsWith('Action=') ? `https://cloudformation.${place.region}.${place.domain}${url}` : `https://nobody${url}`);
  }

  private send(reply: Reply, incoming: IncomingMessage, response: ServerResponse): void {
    if (reply === 'nothing') return;
    if ('error' in reply || reply.cutOff) return void incoming.socket.destroy();
    const { status, headers, body = '' } = reply;
    const text = typeof body === 'string' ? body.replace(/https:\/\/prod-[^"]+/, (url) => this.here(url)) : body;
    response.writeHead(status, headers).end(text);
  }
}
