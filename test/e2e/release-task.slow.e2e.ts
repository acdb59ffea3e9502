import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { imageTag, Run, User } from './user';
import { Program, release } from '../emulator/programs';

/** A real migration that runs before a real service. */

const REPOSITORY = 'fargatestack-api';

const APP = `
  import { PhasedFargateService, ReleaseTask } from '@org/phased-fargate';
  import { App, Duration, Stack } from 'aws-cdk-lib';

  const app = new App();
  const stack = new Stack(app, 'FargateStack');
  const api = new PhasedFargateService(stack, 'Api', {});
  const migration = new ReleaseTask(stack, 'Migration', {
    guard: api.guard,
    cluster: api.service.cluster,
    command: ['node', 'migrate.js'],
    environment: { API_TOKEN: 'hunter2' },
    timeout: Duration.seconds(30),
  });
  migration.runBefore(api);
`;

/** A release with this migration. */
function migrating(text: string, source: string): Program {
  const { files, config } = release(text);
  return { files: { ...files, 'srv/migrate.js': `console.log(${JSON.stringify(`migration of ${text}`)});\n${source}` }, config };
}

let user: User;

beforeAll(async () => {
  user = await User.of('minimal');
  user.write('app.ts', APP);
  await user.deploy('FargateStack/Registry');
});

afterAll(async () => {
  await user?.leave();
});

test('the migration of the first release runs before its service starts', async () => {
  await user.pushProgram(REPOSITORY, 'v1', release('v1'));
  const run = await deploy('v1');

  expect(run.releaseTask).toMatchObject([{ requestType: 'Create', answer: { Status: 'SUCCESS' } }]);
  expect(await migrations()).toEqual(['v1']);
  expect((await user.get()).text).toBe('v1');
  const events = await user.aws.stackEvents('FargateStack');
  const at = (id: RegExp, status: string) => events.findIndex(({ logicalId, status: found }) => id.test(logicalId) && found === status);
  expect(at(/^ApiServiceService/, 'CREATE_IN_PROGRESS')).toBeGreaterThan(at(/^Migration\w{8}$/, 'CREATE_COMPLETE'));
});

test('a change to infrastructure alone runs no migration', async () => {
  user.edit('app.ts', "new PhasedFargateService(stack, 'Api', {}", "new PhasedFargateService(stack, 'Api', { memoryLimitMiB: 1024 }");
  user.edit('app.ts', 'timeout:', 'memoryLimitMiB: 1024, timeout:');
  await user.deploy('FargateStack');

  expect(await migrations()).toEqual(['v1']);
});

test('the second release runs its migration', async () => {
  await user.pushProgram(REPOSITORY, 'v2', release('v2'));
  await deploy('v2');

  expect(await migrations()).toEqual(['v1', 'v2']);
  expect((await user.get()).text).toBe('v2');
});

test('a migration that fails stops the deployment, and the service keeps running the previous release', async () => {
  await user.pushProgram(REPOSITORY, 'fails', migrating('fails', `
    console.error('\\u001b[31merror\\u001b[0m: relation "users" already exists, API_TOKEN=' + process.env.API_TOKEN);
    process.exitCode = 3;
  `));
  const { screen, releaseTask } = await user.deployInVain('FargateStack', ...imageTag('fails'));

  expect(screen).toContain('The release task failed: container app exited with code 3 (Essential container in task exited).');
  expect(releaseTask[0].answer!.Reason).toMatch(/Last lines: migration of fails \| error: relation "users" already exists, API_TOKEN=\[redacted\]$/);
  expect(releaseTask.map(({ requestType, answer }) => [requestType, answer!.Status])).toEqual([['Update', 'FAILED'], ['Update', 'SUCCESS']]);
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await migrations()).toEqual(['v1', 'v2', 'fails']);
  expect((await user.get()).text).toBe('v2');
});

test('a failed migration runs again with the next deployment', async () => {
  await user.deployInVain('FargateStack', ...imageTag('fails'));

  expect(await migrations()).toEqual(['v1', 'v2', 'fails', 'fails']);
});

test('a rollback after a later failure runs no migration', async () => {
  await user.pushProgram(REPOSITORY, 'v3', release('v3'));
  const repair = user.failLater();
  const { releaseTask } = await user.deployInVain('FargateStack', ...imageTag('v3'));
  repair();

  expect(releaseTask.map(({ requestType, answer }) => [requestType, answer!.Status]).slice(0, 2)).toEqual([['Update', 'SUCCESS'], ['Update', 'SUCCESS']]);
  expect(await migrations()).toEqual(['v1', 'v2', 'fails', 'fails', 'v3']);
  expect((await user.get()).text).toBe('v2');
});

test('a release that was rolled back does not run its migration a second time', async () => {
  await deploy('v3');

  expect(await migrations()).toEqual(['v1', 'v2', 'fails', 'fails', 'v3']);
  expect((await user.get()).text).toBe('v3');
});

test('returning to a previous release runs no migration', async () => {
  await deploy('v1');

  expect(await migrations()).toEqual(['v1', 'v2', 'fails', 'fails', 'v3']);
  expect((await user.get()).text).toBe('v1');
});

test('a migration that takes too long is stopped, and a request that is delivered twice starts one task', async () => {
  await user.pushProgram(REPOSITORY, 'slow', migrating('slow', `
    process.on('SIGTERM', () => { console.log('asked to stop'); process.exit(0); });
    setInterval(() => undefined, 1000);
  `));
  const deployment = user.deployInVain('FargateStack', ...imageTag('slow'));
  const request = await user.untilReleaseTaskRuns();
  const before = await untilStarted('slow', 1);

  // Another request, delivered twice by Lambda while the stack is being deployed.
  const mailbox = await Mailbox.open();
  const resources = await user.aws.stackResources('FargateStack');
  const [, runner] = Object.entries(resources).find(([id, { type }]) => type === 'AWS::Lambda::Function' && id.startsWith('PhasedFargateReleaseTask'))!;
  const event = {
    RequestType: 'Update',
    ResponseURL: mailbox.url,
    RequestId: 'delivered-twice',
    PhysicalResourceId: request.physicalId,
    StackId: await stackId(),
    LogicalResourceId: request.logicalId,
    ResourceProperties: { ...request.properties, TimeoutSeconds: '5' },
  };
  await Promise.all([user.invoke(runner.physicalId, event), sleep(1_000).then(async () => user.invoke(runner.physicalId, event))]);
  await mailbox.close();
  expect(mailbox.answers).toHaveLength(2);
  for (const { Status, Reason } of mailbox.answers) {
    expect(Status).toBe('FAILED');
    expect(Reason).toContain('The release task did not end within 5 s, so it was stopped.');
  }
  expect((await migrations()).filter((name) => name === 'slow')).toHaveLength(before + 1);

  const { screen } = await deployment;
  expect(screen).toContain('The release task did not end within 30 s, so it was stopped.');
  expect((await lines()).filter((line) => line === 'asked to stop')).toHaveLength(2);
  expect((await user.get()).text).toBe('v1');
});

async function deploy(name: string): Promise<Run> {
  return user.deploy('FargateStack', ...imageTag(name));
}

async function lines(): Promise<string[]> {
  const resources = Object.entries(await user.aws.stackResources('FargateStack'));
  const group = resources.find(([id, { type }]) => type === 'AWS::Logs::LogGroup' && id.startsWith('MigrationLogGroup'))![1].physicalId;
  return user.aws.logLines(group);
}

/** Releases whose migration has run, in order. */
async function migrations(): Promise<string[]> {
  return (await lines()).map((line) => /^migration of (.+)$/.exec(line)?.[1]).filter((name) => name !== undefined);
}

async function untilStarted(name: string, times: number): Promise<number> {
  for (;;) {
    const found = (await migrations()).filter((other) => other === name).length;
    if (found >= times) return found;
    await sleep(100);
  }
}

async function stackId(): Promise<string> {
  return /<StackId>([^<]+)</.exec(await user.aws.cloudFormation('DescribeStacks', { StackName: 'FargateStack' }))![1];
}

/** Receives answers in place of CloudFormation. */
class Mailbox {
  public static async open(): Promise<Mailbox> {
    const mailbox = new Mailbox();
    await new Promise<void>((resolve) => { mailbox.server.listen(0, '127.0.0.1', resolve); });
    return mailbox;
  }

  public readonly answers: { readonly Status: string; readonly Reason: string }[] = [];
  private readonly server: Server = createServer(async (request, response) => {
    this.answers.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    response.end();
  });

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/answer?X-Amz-Signature=0f1e2d3c4b5a6978`;
  }

  public async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
