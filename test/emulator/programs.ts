/** Content and configuration of an image. */
export interface Program {
  /** Files by path. All are executable. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** The configuration of the image: https://github.com/opencontainers/image-spec/blob/main/config.md */
  readonly config: Readonly<Record<string, unknown>>;
}

const END_WHEN_ASKED = "process.on('SIGTERM', () => process.exit());";

/**
 * A release of an application that answers requests with its text. It also has a worker, a migration and a nightly job, as
 * the examples run them. The image has no interpreter, so it runs only as a process.
 */
export function release(text: string): Program {
  const says = (line: string) => `console.log(${JSON.stringify(`${line} of ${text}`)});`;
  return {
    files: {
      'srv/server.js': `
        const { createServer } = require('node:http');
        const answer = (request, response) => response.end(request.url === '/environment' ? JSON.stringify(process.env) : ${JSON.stringify(text)});
        for (const port of [80, 8080]) createServer(answer).listen(port);
        ${END_WHEN_ASKED}
      `,
      'srv/worker.js': `${says('worker')} setInterval(() => undefined, 1000); ${END_WHEN_ASKED}`,
      'srv/migrate.js': says('migration'),
      'srv/nightly.js': says('nightly job'),
    },
    config: { Cmd: ['node', 'server.js'], WorkingDir: '/srv' },
  };
}

/** A program that runs on Node.js. */
export function script(source: string, config: Program['config'] = {}): Program {
  return { files: { 'srv/server.js': source }, config: { Cmd: ['node', 'server.js'], WorkingDir: '/srv', ...config } };
}
