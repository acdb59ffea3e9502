import * as http from 'node:http';
import * as https from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Goes where the URL says and nowhere else: not even by way of a proxy, which `fetch` may take from the environment. */
export async function send(method: string, url: URL | string, headers: Record<string, string> = {}, body: Buffer | string = ''): Promise<HttpAnswer> {
  const { request: begin } = new URL(url).protocol === 'https:' ? https : http;
  const request = begin(url, { method, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, agent: false });
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8')
        .on('data', (chunk) => text += chunk)
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    request.end(body);
  });
}
