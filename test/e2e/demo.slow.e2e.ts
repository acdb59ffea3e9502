import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IMAGES } from '../../scripts/pictures';
import { storyIn, storyOf } from '../../scripts/pictures/terminal';
import { send } from '../emulator/http';

const CHECKOUT = join(__dirname, '../..');

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'demo-'));
});

afterEach(() => {
  rmSync(temporary, { recursive: true, force: true });
});

test('the demo runs to its end in any environment', async () => {
  const { child, screen } = demo({
    AWS_PROFILE: 'production',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: 'http://192.0.2.1',
    AWS_ENDPOINT_URL_S3: 'http://192.0.2.1',
    CDK_DEFAULT_ACCOUNT: '999999999999',
  });
  const [code] = await once(child, 'close');
  expect(screen()).toContain('Done in');
  expect(screen()).toMatch(/not used: .*AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_PROFILE/);
  expect(code).toBe(0);
  await expectNothingLeft(screen());
  // The recording in the README shows the same steps (npx projen docs:pictures updates it).
  expect(storyOf(readFileSync(join(IMAGES, 'demo.svg'), 'utf8'))).toEqual(storyIn(screen().split('\n')));
});

test('the demo fails at the first step whose result differs from its claim', async () => {
  const sabotage = "require('./test/emulator/aws').Aws.prototype.imageTags = async () => ['surprise']";
  const { child, screen } = demo({}, sabotage);
  const [code] = await once(child, 'close');
  expect(screen()).toMatch(/✘ unexpected result: .*\n(.*\n)*.*surprise/);
  expect(screen()).not.toContain('Phase 2');
  expect(code).toBe(1);
  await expectNothingLeft(screen());
});

test.each([
  ['SIGINT', 130, 'during set-up', '▸ Set-up'],
  ['SIGTERM', 143, 'in the middle of a deployment', '$ cdk deploy --all'],
] as const)('if %s (exit code %d) interrupts the demo %s, nothing is left behind', async (signal, expected, _, moment) => {
  const { child, screen } = demo();
  while (!screen().includes(moment)) await sleep(100);
  await sleep(1000);
  child.kill(signal);
  const [code] = await once(child, 'close');
  expect(screen()).toContain(`interrupted (${signal})`);
  expect(code).toBe(expected);
  await expectNothingLeft(screen());
});

function demo(env: Record<string, string> = {}, preparation = ''): { child: ChildProcess; screen: () => string } {
  const program = `require('./test/emulator/commands/typescript.cjs'); ${preparation}; require('./scripts/demo')`;
  const child = spawn(process.execPath, ['-e', program], {
    cwd: CHECKOUT,
    env: { ...process.env, ...env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let screen = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => screen += text);
  return { child, screen: () => screen };
}

async function expectNothingLeft(screen: string): Promise<void> {
  for (const [endpoint] of screen.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)) {
    await expect(send('GET', endpoint)).rejects.toThrow('ECONNREFUSED');
  }
  expect(readdirSync(temporary)).toEqual([]);
}
