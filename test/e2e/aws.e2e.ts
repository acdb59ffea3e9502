import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aws } from '../emulator/aws';
import { bootstrap } from '../emulator/cdk';
import { Emulator } from '../emulator/emulator';

/** Runs `npx projen test:aws` on the emulator as if it were an account. */

let emulator: Emulator;
let directory: string;

beforeAll(async () => {
  emulator = await Emulator.start();
  directory = mkdtempSync(join(tmpdir(), 'aws-test-'));
});

afterAll(async () => {
  await emulator?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ['no account', [], {}, '--account (missing) is not an account id'],
  ['no account id', ['--account', 'production'], {}, '--account production is not an account id'],
  ['the account of somebody else', ['--account', '999999999999'], {}, '--account 999999999999 is not the account of the credentials, which is 111122223333'],
  ['no credentials', ['--account', '111122223333'], { AWS_ACCESS_KEY_ID: '' }, 'AWS_ACCESS_KEY_ID must be set'],
])('the script does nothing with %s', async (_, args, env, problem) => {
  const { code, screen } = await run('story', args, env);
  expect(screen).toContain(problem);
  expect(code).toBe(1);
  expect(await new Aws(emulator).stacks()).toEqual([]);
});

test('the script stops with a message if the account is not bootstrapped', async () => {
  const { code, screen } = await run('story', ['--account', '111122223333']);
  expect(screen).toContain('✘ run "npx cdk bootstrap aws://111122223333/us-east-1" first');
  expect(code).toBe(1);
});

test('the script announces resources and cost, runs all steps, writes the report and leaves nothing behind', async () => {
  await bootstrap(emulator);
  const { code, screen } = await run('story', ['--account', '111122223333']);
  expect(screen).toMatch(/^This creates, in account 111122223333, region us-east-1, under names that begin with PhasedFargateTest:/);
  expect(screen).toContain('costs less than 1 US dollar');
  expect(screen).not.toContain('✘');
  expect(code).toBe(0);

  const report = readFileSync(join(directory, 'report.md'), 'utf8');
  expect(report).toContain('It came to its end.');
  expect(report).toContain('| phase 3: the service answers | HTTP 200 release v1 |');
  expect(report).toContain('| a bad release is rolled back | UPDATE_ROLLBACK_COMPLETE; HTTP 200 release v2 |');
  expect(report).toMatch(/\| does the resource policy of the log group let EventBridge write to it\? \| yes, \d+ entries/);
  expect(report).toMatch(/\| can a moving tag go to the index of a rebuild for several platforms\? \| yes, twice \|/);

  const aws = new Aws(emulator);
  expect((await aws.stacks()).map(({ name }) => name)).toEqual(['CDKToolkit']);
  expect((await aws.repositoryNames()).filter((name) => name.startsWith('phasedfargatetest'))).toEqual([]);
  expect(await aws.logGroups('PhasedFargateTest')).toEqual([]);
});

test('a clean-up deletes what an interrupted run left behind, and can be repeated', async () => {
  const aws = new Aws(emulator);
  await aws.ecr('CreateRepository', { repositoryName: 'phasedfargatetest-killed' });
  await aws.ecr('CreateRepository', { repositoryName: 'not-ours' });
  for (let times = 0; times < 2; times++) expect((await run('cleanup', ['--account', '111122223333'])).code).toBe(0);
  expect(await aws.repositoryNames()).toContain('not-ours');
  expect(await aws.repositoryNames()).not.toContain('phasedfargatetest-killed');
});

async function run(task: string, args: string[], env: Record<string, string> = {}): Promise<{ code: number | null; screen: string }> {
  const child = spawn(process.execPath, ['--require', join(__dirname, '../emulator/commands/typescript.cjs'), join(__dirname, '../aws/index.ts'), task, ...args], {
    cwd: join(__dirname, '../..'),
    env: { ...emulator.env, TEST_REPORT: join(directory, 'report.md'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let screen = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => screen += text);
  const [code] = await once(child, 'close');
  return { code, screen };
}
