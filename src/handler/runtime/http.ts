import { IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Limit in bytes. A larger response is aborted. */
  readonly largestBody?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unchanged bytes, because the caller computes their hash. */
  readonly body: Buffer;
}

/** Sends every request of the handler. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** No response, or an invalid one. The message never contains a URL, because some URLs are secret. */
export class NetworkError extends Error {}

/** A response that exceeds the limit. */
export class TooLarge extends NetworkError {}

const LARGEST_BODY = 8 * 1024 * 1024;

export const sendOverNetwork: Send = async (request) => {
  const open = new URL(request.url).protocol === 'https:' ? httpsRequest : httpRequest;
  const timeoutMs = Math.ceil(request.timeoutMs);
  const largestBody = request.largestBody ?? LARGEST_BODY;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(error instanceof TooLarge
      ? error
      : new NetworkError(signal.aborted ? `no answer in ${timeoutMs} ms` : error.message));
    // Connections are not reused. A connection would be dead after Lambda freezes and thaws the process.
    const options = { method: request.method, headers: request.headers, agent: false, signal };
    const outgoing = open(request.url, options, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largestBody) {
          incoming.destroy(new TooLarge(`answer larger than ${largestBody} bytes`));
        } else {
          chunks.push(chunk);
        }
      });
      incoming.on('error', fail);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
    });
    outgoing.on('error', fail);
    // Handles a connection that closes without a response, for example after a switch of protocols.
    outgoing.on('close', () => fail(new Error('the connection was closed')));
    outgoing.end(request.body);
  });
};
