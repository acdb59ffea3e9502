import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The script that `npm test` and `npm run demo` start with, in a clone whose only dependency is a stand-in for projen. */

const STAND_IN = `
  const [task] = process.argv.slice(2);
  const grandchild = require('node:child_process').spawn('sleep', ['60']);
  console.log('task', task, 'pid', grandchild.pid);
  if (task === 'ends') { grandchild.kill(); process.exitCode = 7; }
`;

let clone: string;

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'clone-'));
  mkdirSync(join(clone, 'projen', 'bin'), { recursive: true });
  writeFileSync(join(clone, 'projen', 'bin', 'projen'), STAND_IN);
  write('projen/package.json', { name: 'projen', version: '1.0.0' });
  write('package.json', { devDependencies: { projen: 'file:projen' } });
  write('package-lock.json', {
    lockfileVersion: 3,
    packages: {
      '': { devDependencies: { projen: 'file:projen' } },
      'projen': { version: '1.0.0', dev: true },
      'node_modules/projen': { resolved: 'projen', link: true },
    },
  });
  cpSync(join(__dirname, '../../scripts/with-dependencies.mjs'), join(clone, 'with-dependencies.mjs'));
});

afterAll(() => {
  rmSync(clone, { recursive: true });
});

test('the script installs missing dependencies, runs the task and exits with its exit code', async () => {
  const { child, screen } = start('ends');
  expect(await once(child, 'close')).toEqual([7, null]);
  expect(screen()).toMatch(/added 1 package.*task ends/s);
});

test('the script installs nothing if nothing is missing, and installs again if the lock file is newer', async () => {
  const again = start('ends');
  await once(again.child, 'close');
  expect(again.screen()).not.toContain('added');

  const later = Date.now() / 1000 + 10;
  utimesSync(join(clone, 'package-lock.json'), later, later);
  const newer = start('ends');
  await once(newer.child, 'close');
  expect(newer.screen()).toContain('1 package');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends all processes that the task has started', async (signal) => {
  const { child, screen } = start('waits');
  const grandchild = await pidOf(screen);
  child.kill(signal);
  await once(child, 'close');
  await untilGone(grandchild);
});

test('the end of npm, which forwards no signal, ends all processes that the task has started', async () => {
  const npm = spawn('sh', ['-c', `${process.execPath} with-dependencies.mjs waits & wait`], { cwd: clone, stdio: ['ignore', 'pipe', 'inherit'] });
  let screen = '';
  npm.stdout.setEncoding('utf8').on('data', (text) => screen += text);
  const grandchild = await pidOf(() => screen);
  npm.kill('SIGKILL');
  await untilGone(grandchild);
});

function write(path: string, content: object): void {
  writeFileSync(join(clone, path), JSON.stringify(content));
}

function start(task: string): { child: ChildProcess; screen: () => string } {
  const child = spawn(process.execPath, ['with-dependencies.mjs', task], { cwd: clone, stdio: ['ignore', 'pipe', 'inherit'] });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text) => screen += text);
  return { child, screen: () => screen };
}

async function pidOf(screen: () => string): Promise<number> {
  while (!/pid \d+\n/.test(screen())) await sleep(20);
  return Number(/pid (\d+)/.exec(screen())![1]);
}

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
  throw new Error(`process ${pid} is still there`);
}
