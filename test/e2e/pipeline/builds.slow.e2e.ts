import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Developer } from './developer';
import { WorkflowRun } from './workflow-run';

/**
 * An image that uses all build options: arguments, secrets, a second context, more tags, a rebuild on a schedule and a
 * promotion to a registry of another account and region. Each test continues where the previous one ended.
 */

const ACCOUNTS = { Staging: ['111122223333', 'us-east-1'], Production: ['444455556666', 'eu-west-1'] };
const [FROM, TO] = ['staging-shop-api', 'production-shop-api'];
const SECRETS = { NPM_TOKEN: 'hunter2 "quoted",\nsecond line' };
const BUILD_ARGS = { MODE: 'first-mode', BANNER: 'first line\n  second "line"', CONFIG: '{"mode":"prod","list":[1,2]}', PADDED: ' x ' };

const APP = `
import { DeployScript, DeployWorkflow, PhasedFargateService } from '@org/phased-fargate';
import { App, Stack, Stage } from 'aws-cdk-lib';

const app = new App();
const [staging, production] = Object.entries(${JSON.stringify(ACCOUNTS)}).map(([name, [account, region]]) =>
  new PhasedFargateService(new Stack(new Stage(app, name, { env: { account, region } }), 'Shop'), 'Api', { containerPort: 8080 }));

const images = [{
  registry: staging.registry,
  promoteTo: [production.registry],
  context: 'service',
  additionalContexts: { lib: 'lib' },
  buildArgs: ${JSON.stringify(BUILD_ARGS)},
  secrets: { npm: 'NPM_TOKEN' },
  tags: ['latest'],
  rebuildSchedule: '17 3 * * 1',
}];
new DeployWorkflow(app, 'Deploy', {
  pushRoleArn: 'arn:aws:iam::111122223333:role/Push',
  deployRoleArn: 'arn:aws:iam::111122223333:role/Deploy',
  buildEnvironmentName: 'build',
  images,
});
new DeployScript(app, 'DeployScript', { images });
`;

const BUILD = 'build-staging-staging-shop-api';

let developer: Developer;
let first: WorkflowRun;
/** The last successful run. */
let latest: WorkflowRun;

beforeAll(async () => {
  developer = await Developer.of('pipeline-github');
  await succeed('env', 'AWS_ACCESS_KEY_ID=444455556666', 'npx', 'cdk', 'bootstrap', 'aws://444455556666/eu-west-1', '--trust', '111122223333',
    '--cloudformation-execution-policies', 'arn:aws:iam::aws:policy/AdministratorAccess');
  mkdirSync(join(developer.source.directory, 'lib'));
  developer.source.write('lib/lib.mjs', 'export {};\n');
  await write(APP);
});

afterAll(async () => {
  await developer?.leave();
});

test('a secret missing on GitHub fails the run before anything is built, and the reason names the secret', async () => {
  const run = await developer.push();
  expect(run.results).toMatchObject({ [BUILD]: 'failure', 'deploy-staging': 'skipped' });
  expect(run.screen).toContain('::error::the image is built with a secret from the environment variable NPM_TOKEN, which is not set');
  expect(developer.builds()).toEqual([]);
});

test('the image is built once from all of its inputs, and every stage runs it from its own registry', async () => {
  first = await push();
  expect(built(first)).toBe('built');
  const { tag, digest } = first.jobs[BUILD].outputs;
  const [build] = developer.builds();
  expect(build).toMatchObject({ buildArgs: BUILD_ARGS, secrets: { npm: SECRETS.NPM_TOKEN }, contexts: { lib: 'lib' }, fromScratch: false });
  expect(build.tags).toEqual([`111122223333.dkr.ecr.us-east-1.amazonaws.com/${FROM}:${tag}`]);
  expect(await running()).toEqual({ Staging: digest, Production: digest });
  expect(await tags(FROM)).toEqual([tag, 'latest']);
  expect(await tags(TO, 'Production')).toEqual([tag]);
});

test('the secret appears in no output', () => {
  expect(first.screen).not.toContain('hunter2');
  for (const { summary, outputs } of Object.values(first.jobs)) expect(JSON.stringify([summary, outputs])).not.toContain('hunter2');
});

test('the readable tag is in the output of the stack', async () => {
  const outputs = Object.entries(await developer.aws.stackOutputs('Staging-Shop')).filter(([name]) => /ImageTag/.test(name));
  expect(outputs.map(([, value]) => value)).toEqual([first.jobs[BUILD].outputs.tag]);
});

test('a change in the additional context builds a new image', async () => {
  developer.source.write('lib/lib.mjs', 'export const changed = true;\n');
  const sha = developer.source.commit();
  expect((await push()).jobs[BUILD].outputs.tag).toMatch(new RegExp(`^${sha}-`));
});

test('another build argument builds a new image of the same sources, but a change outside the contexts does not', async () => {
  const { outputs: before } = latest.jobs[BUILD];
  await write(APP.replace('first-mode', 'second-mode'));
  const { outputs } = (await push()).jobs[BUILD];
  expect(outputs.tag).not.toBe(before.tag);
  expect(outputs.tag.split('-')[0]).toBe(before.tag.split('-')[0]);
  expect(outputs.digest).not.toBe(before.digest);
  expect(await running()).toEqual({ Staging: outputs.digest, Production: outputs.digest });

  // With the previous argument, the image is the previous one, even if files outside the contexts change.
  developer.source.write('README.md', 'changed\n');
  await write(APP);
  expect((await push()).jobs[BUILD].outputs).toEqual(before);
});

test('a scheduled rebuild has a new tag, which later runs and deploy.sh deploy, and a run on another schedule rebuilds nothing', async () => {
  const before = latest.jobs[BUILD].outputs;
  const rebuilt = (await developer.workflowRun({ secrets: SECRETS, schedule: '17 3 * * 1' })).jobs[BUILD].outputs;
  expect(developer.builds().at(-2)).toMatchObject({ fromScratch: true });
  expect(rebuilt.tag).toMatch(new RegExp(`^${before.tag}-\\d{8}T\\d{4}$`));
  expect(rebuilt.digest).not.toBe(before.digest);
  expect(await running()).toEqual({ Staging: rebuilt.digest, Production: rebuilt.digest });

  // Another schedule of the workflow does not rebuild this image.
  const builds = developer.builds().length;
  const run = await developer.workflowRun({ secrets: SECRETS, schedule: '0 0 * * *' });
  expect(run.jobs[BUILD].outputs).toEqual(rebuilt);
  expect(built(run)).toBe('already in the registry');
  expect(developer.builds()).toHaveLength(builds);
  expect(await succeed('./deploy.sh')).not.toContain('error');
  expect(await running()).toEqual({ Staging: rebuilt.digest, Production: rebuilt.digest });
});

test('if two runs push the same tag, the refused one uses the image of the other', async () => {
  developer.source.edit('service/server.mjs', /$/, '\n// raced\n');
  const sha = developer.source.commit();
  const [, settings] = first.jobs[BUILD].outputs.tag.split('-');
  let theirs = '';
  const run = await developer.workflowRun({
    secrets: SECRETS,
    meanwhile: async (job, step) => {
      if (job === BUILD && step === 'Build and push') theirs = await developer.pushOtherwise(FROM, `${sha}-${settings}`);
    },
  });
  expect(run.result).toBe('success');
  expect(run.step(BUILD, 'Build and push')).toMatchObject({ outcome: 'failure', output: expect.stringContaining('immutable') });
  expect(built(run)).toBe('pushed by another run');
  expect(run.jobs[BUILD].outputs.digest).toBe(theirs);
  expect(await running()).toEqual({ Staging: theirs, Production: theirs });
});

test('a copy that differs from its original fails the run, and the stage keeps its previous image', async () => {
  const before = await running();
  developer.source.edit('service/server.mjs', /$/, '\n// promoted\n');
  const sha = developer.source.commit();
  const [, settings] = first.jobs[BUILD].outputs.tag.split('-');
  const run = await developer.workflowRun({
    secrets: SECRETS,
    meanwhile: async (job, step) => {
      if (job.startsWith('promote-') && step === 'Copy the image') await developer.pushOtherwise(TO, `${sha}-${settings}`, ACCOUNTS.Production);
    },
  });
  expect(run.results).toMatchObject({ 'deploy-staging': 'success', 'promote-production-production-shop-api': 'failure', 'deploy-production': 'skipped' });
  expect(run.screen).toMatch(new RegExp(`::error::cannot tag ${run.jobs[BUILD].outputs.digest} as 444455556666\\S+/${TO}:${sha}-${settings}: the tag points to sha256:\\w+`));
  expect((await running()).Production).toBe(before.Production);
  developer.source.revert();
});

test('deploy.sh builds the same image and names a missing secret', async () => {
  developer.source.edit('service/server.mjs', /$/, '\n// by script\n');
  const sha = developer.source.commit();
  expect(await developer.run('./deploy.sh', 'Staging')).toMatchObject({
    exitCode: 1, output: expect.stringContaining('error: the image is built with a secret from the environment variable NPM_TOKEN, which is not set'),
  });
  const output = await succeed('env', `NPM_TOKEN=${SECRETS.NPM_TOKEN}`, './deploy.sh');
  expect(output).not.toContain('hunter2');
  expect(developer.builds().at(-1)).toMatchObject({ buildArgs: BUILD_ARGS, secrets: { npm: SECRETS.NPM_TOKEN } });
  const [tag] = (await developer.imageTags(FROM)).filter((name) => name.startsWith(sha));
  const digest = await developer.aws.imageDigest(FROM, tag);
  expect(await running()).toEqual({ Staging: digest, Production: digest });
  expect(await developer.aws.imageDigest(FROM, 'latest')).toBe(digest);
});

/** Synthesizes and commits, as a user does after changing the app. */
async function write(app: string): Promise<void> {
  developer.source.write('app.ts', app);
  await succeed('npx', 'cdk', 'synth', '--quiet');
  developer.source.commit();
}

async function push(): Promise<WorkflowRun> {
  const run = await developer.workflowRun({ secrets: SECRETS });
  if (run.result !== 'success') throw new Error(run.screen);
  return latest = run;
}

function built(run: WorkflowRun): string {
  const [, how] = /\| sha256:\w+ \| ([^|]+) \|/.exec(run.jobs[BUILD].summary)!;
  return how;
}

/** Digest that each stage runs. */
async function running(): Promise<Record<string, string>> {
  const stages = Object.entries(ACCOUNTS).map(async ([stage, place]) => [stage, (await developer.images(`${stage}-Shop`, place))[0].split('@')[1]]);
  return Object.fromEntries(await Promise.all(stages));
}

async function tags(repository: string, stage: keyof typeof ACCOUNTS = 'Staging'): Promise<string[]> {
  return developer.imageTags(repository, ACCOUNTS[stage]);
}

async function succeed(command: string, ...args: string[]): Promise<string> {
  const { exitCode, output } = await developer.run(command, ...args);
  if (exitCode !== 0) throw new Error(output);
  return output;
}
