import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readJson, tarball } from '../consumer';

const CHECKOUT = join(__dirname, '..', '..');
const NAME = '@org/phased-fargate';

/** Runs the real task with another path for its allow-list. */
const [{ exec: COMPAT }] = readJson(join(CHECKOUT, '.projen/tasks.json')).tasks.compat.steps;

let directory: string;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'phased-fargate-compatibility-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((done) => server ? server.close(() => done()) : done());
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

test('before the first release, the compatibility check compares nothing and says so', async () => {
  await publish();
  const { exitCode, output } = await compat();
  expect(output).toMatch(/has no release on npm: there is nothing to compare with/);
  expect(exitCode).toBe(0);
});

test('a member that was released and is now missing is an error unless it is in the allow-list', async () => {
  await publish(releaseWithMore());
  writeFileSync(join(directory, 'allowed'), `# gone for this reason\nremoved:${NAME}.ImageRegistry.goneSince\n`);
  const [error, allowed] = await Promise.all([compat('none'), compat('allowed')]);
  expect(error.output).toMatch(/^err .*goneSince/m);
  expect(error.exitCode).not.toBe(0);
  expect(allowed.output).toMatch(/^skip .*goneSince/m);
  expect(allowed.output).not.toMatch(/^(err|warn) /m);
  expect(allowed.exitCode).toBe(0);
});

/** A package registry with this release, or with none. */
async function publish(release?: Buffer): Promise<void> {
  server = createServer((request, response) => {
    const { port } = server!.address() as AddressInfo;
    if (!release) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
    } else if (request.url!.endsWith('.tgz')) {
      response.end(release);
    } else {
      const manifest = readJson(join(CHECKOUT, 'package.json'));
      const dist = {
        tarball: `http://127.0.0.1:${port}/release.tgz`,
        integrity: `sha512-${createHash('sha512').update(release).digest('base64')}`,
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ 'name': NAME, 'dist-tags': { latest: manifest.version }, 'versions': { [manifest.version]: { ...manifest, dist } } }));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server!.once('listening', listening));

  const own = process.env.NPM_CONFIG_USERCONFIG ?? join(homedir(), '.npmrc');
  const { port } = server.address() as AddressInfo;
  writeFileSync(join(directory, 'npmrc'), `${existsSync(own) ? readFileSync(own, 'utf8') : ''}\n@org:registry=http://127.0.0.1:${port}/\n`);
}

/** Packs the library with an additional property. */
function releaseWithMore(): Buffer {
  execFileSync('tar', ['-xzf', tarball(), '-C', directory]);
  const assembly = readJson(join(directory, 'package', '.jsii'));
  const { properties } = assembly.types[`${NAME}.ImageRegistry`];
  properties.push({ ...properties[0], name: 'goneSince', overrides: undefined });
  writeFileSync(join(directory, 'package', '.jsii'), JSON.stringify(assembly));
  execFileSync('tar', ['-czf', 'release.tgz', 'package'], { cwd: directory });
  return readFileSync(join(directory, 'release.tgz'));
}

async function compat(allowList = 'none'): Promise<{ exitCode: number; output: string }> {
  const [command, ...args]: string[] = COMPAT.replace('.compatignore', join(directory, allowList)).split(' ');
  const env = { ...process.env, NPM_CONFIG_USERCONFIG: join(directory, 'npmrc') };
  return promisify(execFile)(command, args, { cwd: CHECKOUT, env }).then(
    ({ stdout, stderr }) => ({ exitCode: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ exitCode: code, output: stdout + stderr }),
  );
}
