import { Developer } from './developer';

/** The example `pipeline-stages`: two images are built once and promoted to staging and then to production. */

const URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com';

let developer: Developer;

beforeAll(async () => {
  developer = await Developer.of('pipeline-stages');
});

afterAll(async () => {
  await developer?.leave();
});

test('a failed stage prevents the deployment of the next one', async () => {
  const run = await developer.push(undefined, async (job, step) => {
    if (job === 'deploy-staging' && step === 'Deploy') await developer.aws.ecr('DeleteRepository', { repositoryName: 'shop-api', force: true });
  });
  expect(run.results).toMatchObject({
    'build-shop-api': 'success', 'build-shop-worker': 'success', 'deploy-staging': 'failure', 'deploy-production': 'skipped',
  });
  await developer.aws.ecr('CreateRepository', { repositoryName: 'shop-api' });
});

test('each image is built once, and every stage runs the same digests', async () => {
  const { sha } = developer.source;
  const run = await developer.push();
  expect(run.result).toBe('success');
  expect(run.step('build-shop-worker', 'Build and push').outcome).toBe('skipped'); // by the previous run

  const digests = ['api', 'worker'].map((image) => [`${URI}/shop-${image}`, run.jobs[`build-shop-${image}`].outputs.digest].join('@')).sort();
  expect(await developer.images('Staging-Shop')).toEqual(digests);
  expect(await developer.images('Production-Shop')).toEqual(digests);
  expect(await developer.imageTags('shop-api')).toEqual([expect.stringMatching(new RegExp(`^${sha}-`)), 'latest'].sort());
  expect(await developer.imageTags('shop-worker')).toEqual([expect.stringMatching(new RegExp(`^${sha}-`))]);
});

test('a commit for one image builds only that image', async () => {
  const before = await developer.images('Production-Shop');
  developer.source.edit('worker/worker.mjs', 'at work', 'hard at work');
  developer.source.commit();
  const run = await developer.push();
  expect(run.result).toBe('success');
  expect(run.step('build-shop-api', 'Build and push').outcome).toBe('skipped');
  const after = await developer.images('Production-Shop');
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toBe(`${URI}/shop-worker@${run.jobs['build-shop-worker'].outputs.digest}`);
  expect(after[1]).not.toBe(before[1]);
});
