import { validateHeaderName, validateHeaderValue } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { Owner, Time } from './virtual-time';

/** A request of the bundle. Header names are in lower case. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response, if any. */
export type Reply = Response | { readonly error: string } | 'nothing';

export interface Response {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Number of times that the body is sent. */
  readonly repeat?: number;
  /** The connection breaks after the body. */
  readonly cutOff?: boolean;
}

/** Responds to a request at the time at which it arrives. */
export type Internet = (request: WireRequest) => { readonly reply: Reply; readonly backMs: number };

export interface Line {
  readonly time: Time;
  readonly owner: Owner;
  readonly internet: Internet;
  readonly thereMs: () => number;
}

type Options = Record<string, unknown> & { headers?: Record<string, unknown>; signal?: AbortSignal; timeout?: number };
type OnResponse = (response: IncomingReply) => void;

/** Stands in for `node:http` and `node:https`. */
export function httpModule(line: Line, standardProtocol: 'http:' | 'https:') {
  const request = (first: string | URL | Options, second?: Options | OnResponse, third?: OnResponse) => {
    const options = typeof first === 'object' && !(first instanceof URL) ? first : typeof second === 'object' ? second : {};
    const url = typeof first === 'object' && !(first instanceof URL) ? urlOf(first, standardProtocol) : new URL(first);
    if (url.protocol !== standardProtocol) throw new TypeError(`Protocol "${url.protocol}" not supported. Expected "${standardProtocol}"`);
    const outgoing = new OutgoingRequest(line, url, options);
    const callback = typeof second === 'function' ? second : third;
    if (callback) outgoing.once('response', callback);
    return outgoing;
  };
  return { request, get: (...args: Parameters<typeof request>) => request(...args).end(), Agent: class {}, globalAgent: {} };
}

function urlOf({ protocol, hostname, host, port, path }: Options, standardProtocol: string): URL {
  const url = new URL(`${String(protocol ?? standardProtocol)}//${String(hostname ?? host ?? 'localhost')}${port === undefined ? '' : `:${String(port)}`}`);
  return new URL(String(path ?? '/'), url);
}

class OutgoingRequest extends Writable {
  private readonly chunks: Buffer[] = [];
  private readonly headers: Record<string, string> = {};
  private readonly onAbort: () => void;
  private response?: IncomingReply;

  constructor(private readonly line: Line, private readonly url: URL, private readonly options: Options) {
    super({ autoDestroy: false });
    this.onAbort = () => this.destroy(Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }));
    for (const [name, value] of Object.entries(options.headers ?? {})) this.setHeader(name, value);
    this.headers.host ??= url.host;
    if (options.timeout) this.setTimeout(options.timeout);
    if (options.signal?.aborted) process.nextTick(this.onAbort);
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  public setHeader(name: string, value: unknown): void {
    validateHeaderName(name);
    if (value === undefined) return;
    validateHeaderValue(name, String(value));
    this.headers[name.toLowerCase()] = String(value);
  }

  public setTimeout(ms: number, onTimeout?: () => void): this {
    if (onTimeout) this.once('timeout', onTimeout);
    this.line.time.after(ms, () => {
      if (!this.destroyed && !this.response?.complete) this.emit('timeout');
    }, this.line.owner);
    return this;
  }

  public override _write(chunk: Buffer, _: string, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }

  public override _final(done: () => void): void {
    done();
    const body = Buffer.concat(this.chunks);
    this.headers['content-length'] ??= String(body.length);
    const { time, internet, thereMs, owner } = this.line;
    const { method = 'GET' } = this.options as { method?: string };
    // A request in transit arrives even if its sender has stopped.
    time.after(thereMs(), () => {
      const { reply, backMs } = internet({ method, url: this.url, headers: this.headers, body: body.toString('utf8') });
      if (reply !== 'nothing') time.after(backMs, () => this.receive(reply), owner);
    });
  }

  public override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.options.signal?.removeEventListener('abort', this.onAbort);
    if (this.response && !this.response.complete) this.response.destroy(error ?? hangUp());
    done(error);
  }

  private receive(reply: Exclude<Reply, 'nothing'>): void {
    if (this.destroyed) return;
    if ('error' in reply) return void this.destroy(Object.assign(new Error(`${reply.error} on the way to ${this.url.host}`), { code: reply.error }));

    this.response = new IncomingReply(reply, () => this.options.signal?.removeEventListener('abort', this.onAbort));
    this.response.once('close', () => this.destroy());
    if (!this.emit('response', this.response)) this.response.resume();
  }
}

class IncomingReply extends Readable {
  public readonly statusCode: number;
  public readonly headers: Record<string, string>;
  public readonly httpVersion = '1.1';
  public complete = false;
  private rest: Buffer[];

  constructor(private readonly reply: Response, private readonly onComplete: () => void) {
    super({ emitClose: true });
    this.statusCode = reply.status;
    this.headers = Object.fromEntries(Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    const body = Buffer.from(reply.body ?? '');
    this.rest = body.length > 0 ? Array.from({ length: reply.repeat ?? 1 }, () => body) : [];
  }

  public override _read(): void {
    const chunk = this.rest.shift();
    if (chunk) return void this.push(chunk);
    if (this.reply.cutOff) return void this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
    this.complete = true;
    this.onComplete();
    this.push(null);
  }
}

function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}
