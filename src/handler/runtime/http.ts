import { IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** In bytes. A larger answer is broken off. */
  readonly largestBody?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came: what is hashed must not be decoded first. */
  readonly body: Buffer;
}

/** Everything that the handler sends goes through one of these. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** No answer, or none that makes sense. Its message never holds a URL: some URLs are secrets. */
export class NetworkError extends Error {}

/** An answer with more bytes than were asked for. */
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
    // No connection is kept: after Lambda has frozen and thawed the process it would be a dead one.
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
    // After an answer that is none, such as the switch to another protocol, nothing else is heard.
    outgoing.on('close', () => fail(new Error('the connection was closed')));
    outgoing.end(request.body);
  });
};
