import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SHARED_INSTALLATIONS } from '../consumer';
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
  ['an invalid account ID', ['--account', 'production'], {}, '--account production is not an account id'],
  ['another account than that of the credentials', ['--account', '999999999999'], {}, '--account 999999999999 is not the account of the credentials, which is 111122223333'],
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
  expect(report).toContain('The run completed.');
  expect(report).toContain('| phase 3 creates the service, which answers | HTTP 200 release v1 |');
  expect(report).toContain('| a release that does not start is rolled back | UPDATE_ROLLBACK_COMPLETE; HTTP 200 release v2 |');
  expect(report).toMatch(/\| does the resource policy of the log group allow EventBridge to write to it\? \| yes, \d+ entries/);
  // The provider of AWS::Logs::LogGroup is open source, and does. The emulator does not.
  expect(report).toMatch(/\| does CloudFormation start the name of a log group with the name of the stack and the logical ID\? \| no: /);
  expect(report).toMatch(/\| which values does metric math return for a metric without data\? \| filled: .+, condition: .+, highest: /);
  expect(report).toMatch(/\| can a moving tag move to the index of a rebuild for several platforms\? \| yes, twice \|/);

  expect(await leftovers()).toEqual([]);
});

test('an interruption during a deployment deletes all resources of the run', async () => {
  const { child, output, end } = start('story', ['--account', '111122223333']);
  await untilDeploying();
  child.kill('SIGTERM');
  expect(await end).toBe(143);
  expect(output()).toContain('✘ interrupted by SIGTERM: deleting all resources; to stop now, run ');
  expect(output()).toMatch(/deleting PhasedFargateTest-\w+-Registry\n[^]*✘ interrupted by SIGTERM, and cleaned up\n$/);
  expect(await leftovers()).toEqual([]);
});

test('a second interruption stops the script at once and says how to delete the resources', async () => {
  const { child, output, end } = start('story', ['--account', '111122223333']);
  await untilDeploying();
  child.kill('SIGINT');
  while (!output().includes(`to stop now, run "kill ${child.pid}"`)) await sleep(10);
  child.kill();
  expect(await end).toBe(143);
  const [, command] = /some resources are left; to delete them, run "npx projen (.*)"\n$/.exec(output())!;
  expect(command).toBe('test:aws:cleanup --account 111122223333');
  expect(await leftovers()).not.toEqual([]);

  expect((await run('cleanup', ['--account', '111122223333'])).code).toBe(0);
  expect(await leftovers()).toEqual([]);
});

test('a cleanup deletes the resources of an interrupted run, and can be repeated', async () => {
  const aws = new Aws(emulator);
  await aws.ecr('CreateRepository', { repositoryName: 'phasedfargatetest-killed' });
  await aws.ecr('CreateRepository', { repositoryName: 'not-ours' });
  for (let times = 0; times < 2; times++) expect((await run('cleanup', ['--account', '111122223333'])).code).toBe(0);
  expect(await aws.repositoryNames()).toContain('not-ours');
  expect(await aws.repositoryNames()).not.toContain('phasedfargatetest-killed');
});

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Exit code. */
  readonly end: Promise<number | null>;
}

/** The names of resources that runs have created. */
async function leftovers(): Promise<string[]> {
  const aws = new Aws(emulator);
  const stacks = (await aws.stacks()).map(({ name }) => name);
  const names = [...stacks, ...await aws.repositoryNames(), ...await aws.logGroups(''), ...await aws.clusterNames()];
  return names.filter((name) => /phasedfargatetest/i.test(name));
}

async function untilDeploying(): Promise<void> {
  const aws = new Aws(emulator);
  while (!(await aws.stacks()).some(({ name }) => name.endsWith('-Registry'))) await sleep(100);
}

async function run(task: string, args: string[], env: Record<string, string> = {}): Promise<{ code: number | null; screen: string }> {
  const { output, end } = start(task, args, env);
  return { code: await end, screen: output() };
}

function start(task: string, args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, ['--require', join(__dirname, '../emulator/commands/typescript.cjs'), join(__dirname, '../aws/index.ts'), task, ...args], {
    cwd: join(__dirname, '../..'),
    env: {
      ...emulator.env,
      TEST_REPORT: join(directory, 'report.md'),
      ...process.env[SHARED_INSTALLATIONS] && { [SHARED_INSTALLATIONS]: process.env[SHARED_INSTALLATIONS] },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let screen = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => screen += text);
  return { child, output: () => screen, end: once(child, 'close').then(([code]) => code) };
}
