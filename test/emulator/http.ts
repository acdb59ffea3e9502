import * as http from 'node:http';
import * as https from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

/** Connects only to the host in the URL, without a proxy, which `fetch` may take from the environment. */
export async function send(method: string, url: URL | string, headers: Record<string, string> = {}, body: Buffer | string = ''): Promise<HttpAnswer> {
  const { request: begin } = new URL(url).protocol === 'https:' ? https : http;
  const request = begin(url, { method, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, agent: false });
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: response.statusCode!, headers: response.headers, text: bytes.toString('utf8'), bytes });
        });
    });
    request.end(body);
  });
}
