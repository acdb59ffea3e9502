import { Developer } from './developer';

/** The example `pipeline-github`, whose workflow runs for one commit after another. Each test continues where the previous one ended. */

const REPOSITORY = 'fargatestack-api';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
const ALL_GREEN = {
  'typecheck': 'success', 'test': 'success', 'deploy-registry': 'success', 'build-fargatestack-api': 'success', 'order': 'success', 'deploy': 'success',
};

let developer: Developer;
let first: string;

beforeAll(async () => {
  developer = await Developer.of('pipeline-github');
});

afterAll(async () => {
  await developer?.leave();
});

test('the first deployment creates registry, image and service in this order', async () => {
  const { sha } = developer.source;
  const run = await developer.push();
  expect(run.screen).not.toMatch(/error/i);
  expect(run.results).toEqual(ALL_GREEN);
  const { tag, digest } = run.jobs['build-fargatestack-api'].outputs;
  expect(tag).toMatch(new RegExp(`^${sha}-[0-9a-f]{8}$`));
  expect(await developer.imageTags(REPOSITORY)).toEqual([tag]);
  expect(digest).toBe(await developer.aws.imageDigest(REPOSITORY, tag));
  expect(await images()).toEqual([`${URI}@${digest}`]);
  expect(run.jobs['build-fargatestack-api'].summary).toContain(`| ${REPOSITORY} | ${tag} | ${digest} | built |`);
  expect(run.jobs.deploy.summary).toContain(`| services | FargateStack | ${REPOSITORY} | ${tag} | ${digest} | success |`);
  expect(await developer.aws.stackOutputs('FargateStack')).toMatchObject({ ApiGuardImageTag6C9D4158: tag });
  first = digest;
});

test('a second commit deploys its own image', async () => {
  developer.source.edit('service/server.mjs', 'first', 'second');
  const sha = developer.source.commit();
  const run = await developer.push();
  expect(run.results).toEqual(ALL_GREEN);

  const { tag, digest } = run.jobs['build-fargatestack-api'].outputs;
  expect(tag).toMatch(new RegExp(`^${sha}-`));
  expect(digest).not.toBe(first);
  expect(await developer.aws.imageDigest(REPOSITORY, tag)).toBe(digest);
  expect(await images()).toEqual([`${URI}@${digest}`]);
});

test('running the same commit again builds nothing and keeps the image', async () => {
  const before = await images();
  const run = await developer.push();
  expect(run.results).toEqual(ALL_GREEN);
  expect(run.step('build-fargatestack-api', 'Build and push').outcome).toBe('skipped');
  expect(run.jobs['build-fargatestack-api'].summary).toContain('| already in the registry |');
  expect(await images()).toEqual(before);
});

test('a commit that only changes infrastructure builds nothing, keeps the image and deploys the change', async () => {
  const before = { images: await images(), tags: await developer.imageTags(REPOSITORY) };
  developer.source.edit('app.ts', 'containerPort: 8080', 'containerPort: 8080, memoryLimitMiB: 1024');
  developer.source.commit();
  const run = await developer.push();
  expect(run.results).toEqual(ALL_GREEN);
  expect(run.step('build-fargatestack-api', 'Build and push').outcome).toBe('skipped');
  expect({ images: await images(), tags: await developer.imageTags(REPOSITORY) }).toEqual(before);
  expect((await developer.service()).memory).toBe('1024');
});

test('a failed check prevents all further jobs', async () => {
  developer.source.edit('service/server.mjs', /$/, '}');
  developer.source.commit();
  const run = await developer.push();
  expect(run.result).toBe('failure');
  expect(run.results).toEqual({
    'typecheck': 'success', 'test': 'failure', 'deploy-registry': 'skipped', 'build-fargatestack-api': 'skipped', 'order': 'skipped', 'deploy': 'skipped',
  });
  developer.source.revert();
});

test('a failed build deploys nothing', async () => {
  const before = await images();
  developer.source.edit('service/Dockerfile', 'USER node', 'RUN false');
  const sha = developer.source.commit();
  const run = await developer.push();
  expect(run.result).toBe('failure');
  expect(run.results).toMatchObject({ 'build-fargatestack-api': 'failure', 'deploy': 'skipped' });
  expect((await developer.imageTags(REPOSITORY)).join()).not.toContain(sha);
  expect(await images()).toEqual(before);
  developer.source.revert();
});

test('a stack rollback fails the run and restores the previous image', async () => {
  const before = await images();
  developer.source.edit('service/server.mjs', 'second', 'third');
  developer.source.edit('app.ts', /$/, `
    import { CustomResource } from 'aws-cdk-lib';
    const broken = app.node.findChild('FargateStack');
    new CustomResource(broken, 'Broken', { serviceToken: 'arn:aws:lambda:us-east-1:111122223333:function:none' })
      .node.addDependency(broken.node.findChild('Api'));
  `);
  developer.source.commit();
  const run = await developer.push();
  expect(run.results).toEqual({ ...ALL_GREEN, deploy: 'failure' });
  expect(run.step('deploy', 'Deploy').outcome).toBe('failure');
  expect(run.jobs.deploy.summary).toContain('| failure |');
  expect(await images()).toEqual(before);
  developer.source.revert();
});

test('a release that does not start fails the run, and the previous image answers requests', async () => {
  const before = await images();
  developer.source.edit('service/server.mjs', 'second', 'broken');
  developer.source.edit('service/server.mjs', /^/, "console.log('no database'); process.exit(1);\n");
  const sha = developer.source.commit();
  const run = await developer.push();
  expect(run.results).toEqual({ ...ALL_GREEN, deploy: 'failure' });
  expect(run.step('deploy', 'Deploy').outcome).toBe('failure');
  expect(run.screen).toContain("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.");
  expect(await developer.imageTags(REPOSITORY)).toContainEqual(expect.stringMatching(`^${sha}-`));
  expect(await images()).toEqual(before);
  const [host] = await developer.aws.loadBalancerHosts();
  expect(await developer.aws.get(host)).toMatchObject({ status: 200, text: 'Hello from the second release\n' });
  developer.source.revert();
});

test('a service that ECS rolls back without telling CloudFormation fails the run', async () => {
  const { taskDefinition } = await developer.service();
  const before = await images();
  developer.source.edit('service/server.mjs', 'second', 'fourth');
  developer.source.commit();
  const run = await developer.push(undefined, async (job, step) => {
    if (job === 'deploy' && step.startsWith('Check the running images')) await developer.runTaskDefinition(taskDefinition);
  });
  expect(run.results).toEqual({ ...ALL_GREEN, deploy: 'failure' });
  expect(run.step('deploy', 'Deploy').outcome).toBe('success');
  const { digest } = run.jobs['build-fargatestack-api'].outputs;
  expect(run.screen).toMatch(new RegExp(`::error::service \\S+ runs @${before[0].split('@')[1]}, expected @${digest}: ECS rolled the service back`));
  expect(run.jobs.deploy.summary).toContain('| failure |');
});

test('the run of an older commit with a slow build fails, and the newer image stays deployed', async () => {
  let release = () => {};
  const newerIsDeployed = new Promise<void>((resolve) => release = resolve);
  developer.source.edit('service/server.mjs', 'fourth', 'older');
  developer.source.commit();
  let begin = () => {};
  const olderBuilds = new Promise<void>((resolve) => begin = resolve);
  const slow = developer.push(undefined, async (job, step) => {
    if (job !== 'build-fargatestack-api' || step !== 'Build and push') return;
    begin();
    await newerIsDeployed;
  });
  // If the newer commit started earlier, it would already stop this run at the registry.
  await Promise.race([olderBuilds, slow]);
  developer.source.edit('service/server.mjs', 'older', 'newer');
  const newer = developer.source.commit();
  const run = await developer.push();
  expect(run.results).toEqual(ALL_GREEN);
  release();

  const stopped = await slow;
  expect(stopped.results).toEqual({ ...ALL_GREEN, order: 'failure', deploy: 'skipped' });
  expect(stopped.screen).toContain(`::error::The run of a newer commit, ${newer.slice(0, 7)}, has already started this job: https://github.com/octo-org/shop/actions/runs/`);
  expect(await images()).toEqual([`${URI}@${run.jobs['build-fargatestack-api'].outputs.digest}`]);

  // To go back on purpose, re-run it.
  const { digest } = stopped.jobs['build-fargatestack-api'].outputs;
  expect((await stopped.again()).results).toEqual(ALL_GREEN);
  expect(await images()).toEqual([`${URI}@${digest}`]);
});

test('a stale workflow file fails the run before anything is deployed, and the reason gives the remedy', async () => {
  developer.source.edit('app.ts', "checks: { typecheck: 'npm run check', test: 'npm test' },", '');
  developer.source.commit();
  const run = await developer.push();
  expect(run.results).toMatchObject({ 'deploy-registry': 'failure', 'deploy': 'skipped' });
  expect(run.screen).toContain('.github/workflows/deploy.yml is stale: it is generated from this app, so run "npx cdk synth" on your machine');
  developer.source.revert();
});

test('deploy.sh runs the same steps in the same order', async () => {
  developer.source.edit('service/server.mjs', 'newer', 'fifth');
  expect(await developer.run('./deploy.sh')).toMatchObject({ exitCode: 1, output: expect.stringContaining('error: there are uncommitted changes: commit them first') });

  const sha = developer.source.commit();
  const { exitCode, output } = await developer.run('./deploy.sh');
  expect(output).not.toMatch(/error/i);
  expect(exitCode).toBe(0);
  const [tag] = (await developer.imageTags(REPOSITORY)).filter((name) => name.startsWith(sha));
  expect(await images()).toEqual([`${URI}@${await developer.aws.imageDigest(REPOSITORY, tag)}`]);

  const again = await developer.run('./deploy.sh');
  expect(again).toMatchObject({ exitCode: 0, output: expect.stringContaining('(no changes)') });
});

async function images(): Promise<string[]> {
  return (await developer.service()).images;
}
