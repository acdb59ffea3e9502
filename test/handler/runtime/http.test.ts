import { createServer, RequestListener, Server } from 'node:http';
import { AddressInfo, createServer as createTcpServer, Server as TcpServer, Socket } from 'node:net';
import { NetworkError, sendOverNetwork, TooLarge } from '../../../src/handler/runtime/http';

let server: Server | TcpServer;
let url: string;
afterEach(async () => new Promise((resolve) => server.close(resolve)));

test('a request arrives unchanged, and its response is returned', async () => {
  await serve(async (request, response) => {
    const chunks = await request.toArray();
    response.writeHead(418, { 'x-tea': 'pot' }).end(JSON.stringify([request.method, request.url, request.headers, Buffer.concat(chunks).toString()]));
  });
  const { status, headers, body } = await send({ method: 'PUT', url: `${url}/a?b=c`, headers: { 'content-type': '', 'content-length': '3' }, body: 'é!' });

  expect({ status, tea: headers['x-tea'] }).toEqual({ status: 418, tea: 'pot' });
  expect(JSON.parse(body.toString())).toEqual(['PUT', '/a?b=c', { 'host': url.slice(7), 'content-type': '', 'content-length': '3', 'connection': 'close' }, 'é!']);
});

test('a response contains the bytes that the server sent, no matter how they were split', async () => {
  const bytes = Buffer.from([0xc3, 0xa9, 0xff, 0x00, 0x80]);
  await serve((_, response) => {
    response.write(bytes.subarray(0, 1), () => setTimeout(() => response.end(bytes.subarray(1)), 20));
  });

  expect((await send()).body).toEqual(bytes);
});

test.each<[string, (socket: Socket) => void]>([
  ['resets the connection', (socket) => socket.resetAndDestroy()],
  ['closes the connection', (socket) => socket.destroy()],
  ['uses another protocol', (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n')],
  ['stops in the middle of its response', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')],
])('a server that %s causes a network error', async (_, behave) => {
  await serveTcp(behave);

  await expect(send()).rejects.toThrow(NetworkError);
});

test('a switch to another protocol (HTTP 101) causes a network error at once, not only after the timeout', async () => {
  await serveTcp((socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  });

  await expect(send()).rejects.toThrow(new NetworkError('the connection was closed'));
});

test('a server that does not respond causes a network error after the timeout', async () => {
  await serveTcp(() => undefined);

  await expect(send({ timeoutMs: 49.5 })).rejects.toThrow(new NetworkError('no answer in 50 ms'));
});

test('a response that never ends causes a network error after the timeout', async () => {
  await serveTcp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
  });

  await expect(send({ timeoutMs: 50 })).rejects.toThrow(new NetworkError('no answer in 50 ms'));
});

test('an endless response is not read into memory', async () => {
  await serve((_, response) => {
    const more = (): boolean => response.destroyed || response.write(Buffer.alloc(1024 * 1024), more);
    more();
  });

  await expect(send({ timeoutMs: 20_000 })).rejects.toThrow(new TooLarge('answer larger than 8388608 bytes'));
});

test('a response can have the maximum size, but not a byte more', async () => {
  await serve((_, response) => response.end('x'.repeat(1_000)));

  expect((await send({ largestBody: 1_000 })).body).toHaveLength(1_000);
  await expect(send({ largestBody: 999 })).rejects.toThrow(new TooLarge('answer larger than 999 bytes'));
});

test('an unreachable server causes a network error without a URL in its message', async () => {
  await serveTcp(() => undefined);
  const gone = `${url}/path?X-Amz-Signature=secret`;
  await new Promise((resolve) => server.close(resolve));
  server = createTcpServer();

  const error = await send({ url: gone }).catch((reason) => reason);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  server.listen(0);
});

test('an https URL uses TLS', async () => {
  await serve((_, response) => response.end());

  await expect(send({ url: url.replace('http:', 'https:') })).rejects.toThrow(NetworkError);
});

async function send(request: Partial<Parameters<typeof sendOverNetwork>[0]> = {}) {
  return sendOverNetwork({ method: 'GET', url, headers: {}, timeoutMs: 5_000, ...request });
}

async function serve(listener: RequestListener): Promise<void> {
  await listen(createServer(listener));
}

async function serveTcp(behave: (socket: Socket) => void): Promise<void> {
  await listen(createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => behave(socket));
  }));
}

async function listen(started: Server | TcpServer): Promise<void> {
  server = started;
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
