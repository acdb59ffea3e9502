import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { updates } from './expectations';
import { FOREIGN } from './tasks/behavior';
import { imageTag, User } from './user';
import { Program, script } from '../emulator/programs';

/** Releases of a real service: what a client receives, and what happens to a release that does not start. */

const REPOSITORY = 'fargatestack-api';

const APP = `
  import { GuardedFargateService, PhasedFargateService } from '@org/phased-fargate';
  import { App, Duration, Stack } from 'aws-cdk-lib';
  import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
  import * as ecs from 'aws-cdk-lib/aws-ecs';
  import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
  import * as ssm from 'aws-cdk-lib/aws-ssm';

  const app = new App();
  const stack = new Stack(app, 'FargateStack');
  const parameter = new ssm.StringParameter(stack, 'Parameter', { stringValue: 'xyzzy' });
  const api = new PhasedFargateService(stack, 'Api', {
    imageInEnvironment: true,
    secrets: { SECRET: ecs.Secret.fromSsmParameter(parameter) },
  });
  new GuardedFargateService(stack, 'Worker', { guard: api.guard, cluster: api.cluster, command: ['node', 'worker.js'] });
  new patterns.ScheduledFargateTask(stack, 'Nightly', {
    cluster: api.cluster,
    schedule: appscaling.Schedule.rate(Duration.minutes(10)),
    scheduledFargateTaskImageOptions: { image: api.guard.image, command: ['node', 'nightly.js'] },
  });
`;

let user: User;
const digests: Record<string, string> = {};

beforeAll(async () => {
  user = await User.of('minimal');
  user.write('app.ts', APP);
  await user.deploy('FargateStack/Registry');
});

afterAll(async () => {
  await user?.leave();
});

test('the first release answers through the load balancer', async () => {
  digests.v1 = await user.push(REPOSITORY, 'v1', 'linux/amd64');
  await user.deploy('FargateStack', ...imageTag('v1'));
  expect(await user.get()).toMatchObject({ status: 200, text: expect.stringMatching(/^v1 /) });
});

test('the container receives its release and its secret', async () => {
  expect(JSON.parse((await user.get('/environment')).text)).toMatchObject({ IMAGE_TAG: 'v1', IMAGE_DIGEST: digests.v1, SECRET: 'xyzzy' });
});

test('a worker and a scheduled task run the same image', async () => {
  expect(await logOf('Worker')).toEqual([expect.stringMatching(/^worker of v1 /)]);
  let lines: string[] = [];
  while (lines.length === 0) {
    await sleep(100);
    lines = await logOf('Nightly');
  }
  expect(lines[0]).toMatch(/^nightly job of v1 /);
});

test('the second release takes over', async () => {
  digests.v2 = await user.push(REPOSITORY, 'v2', 'linux/amd64');
  await user.deploy('FargateStack', ...imageTag('v2'));
  expect((await user.get()).text).toMatch(/^v2 /);
});

test('a change to infrastructure alone keeps the release', async () => {
  user.edit('app.ts', 'imageInEnvironment: true,', 'imageInEnvironment: true, memoryLimitMiB: 1024,');
  await user.deploy('FargateStack');
  expect((await user.get()).text).toMatch(/^v2 /);
});

test('returning to the previous release is an ordinary deployment', async () => {
  await user.deploy('FargateStack', ...imageTag('v1'));
  expect((await user.get()).text).toMatch(/^v1 /);
});

/** Each release fails in its own way, and its tasks stop with a different reason. */
const BAD: [string, Program, RegExp][] = [
  ['exits', script("console.log('no database'); process.exit(3);"), /^Essential container in task exited$/],
  ['never becomes healthy', script("require('node:http').createServer((_, response) => response.writeHead(500).end()).listen(80)"), /^Task failed ELB health checks in \(target-group /],
  ['listens on the wrong port', script("require('node:http').createServer((_, response) => response.end()).listen(3000)"), /^Task failed ELB health checks in \(target-group /],
  ['is for another architecture, and lies about it', FOREIGN, /^Essential container in task exited$/],
];

test.each(BAD)('ECS and CloudFormation roll back a release that %s, and the failure log says why', async (name, program, reason) => {
  const tags = await user.aws.releaseTags(REPOSITORY);
  const bad = name.replace(/\W+/g, '-');
  digests[bad] = await user.pushProgram(REPOSITORY, bad, program);
  const since = (await failures()).length;
  const run = await user.deployInVain('FargateStack', ...imageTag(bad));

  expect(run.screen).toContain("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.");
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(updates(run)).toEqual([digests[bad], digests.v1]);
  expect((await user.get()).text).toMatch(/^v1 /);
  expect(await user.aws.releaseTags(REPOSITORY)).toEqual(tags);

  const logged = (await failures()).slice(since);
  expect(logged.filter(({ detail }) => detail.eventName === 'SERVICE_DEPLOYMENT_FAILED')).not.toEqual([]);
  expect(logged.map(({ detail }) => detail.stoppedReason)).toContainEqual(expect.stringMatching(reason));
  expect(logged.map((event) => shownByQuery(event).reason)).toContainEqual(expect.stringMatching(reason));
});

test.each([
  ['circuitBreakerFailureCount 1: after one failure', 'circuitBreakerFailureCount: 1', 1],
  ['circuitBreakerFailureCount 5: after five', 'circuitBreakerFailureCount: 5', 5],
])('the circuit breaker does as its options say: %s', async (_, option, failed) => {
  const repair = user.edit('app.ts', 'imageInEnvironment: true,', `imageInEnvironment: true, ${option},`);
  // The options must be deployed before the release: CloudFormation would roll them back together with it.
  await user.deploy('FargateStack');
  const since = (await failures()).length;
  await user.deployInVain('FargateStack', ...imageTag('exits'));
  repair();
  const ended = (await failures()).slice(since).filter(({ detail }) => /^service:FargateStack-Api/.test(detail.group) && detail.stopCode === 'EssentialContainerExited');
  expect(ended).toHaveLength(failed);
});

/** Events that EventBridge has delivered to the log group for failures. */
async function failures(): Promise<any[]> {
  return (await logOf('PhasedFargateEvents')).map((line) => JSON.parse(line));
}

async function logOf(id: string): Promise<string[]> {
  return user.aws.logLines(await groupOf(id));
}

/** Log group whose logical id begins with that of a construct. */
async function groupOf(id: string): Promise<string> {
  const resources = Object.entries(await user.aws.stackResources('FargateStack'));
  return resources.find(([logicalId, { type }]) => type === 'AWS::Logs::LogGroup' && logicalId.startsWith(id))![1].physicalId;
}

/** Columns that the saved query of the template derives from an event. The emulator knows no `coalesce`. */
function shownByQuery(event: unknown): Record<string, unknown> {
  const { Resources } = JSON.parse(readFileSync(user.file('cdk.out/FargateStack.template.json'), 'utf8'));
  const query: string = Object.values<any>(Resources).find(({ Type }) => Type === 'AWS::Logs::QueryDefinition').Properties.QueryString;
  const columns = [...query.matchAll(/(?:coalesce\(([^)]+)\)|([\w.]+)) as (\w+)/g)];
  const valueOf = (path: string) => path.split('.').reduce<any>((value, key) => value?.[key], event);
  return Object.fromEntries(columns.map(([, several, one, name]) => [name, (several ?? one).split(', ').map(valueOf).find((value) => value !== undefined)]));
}
