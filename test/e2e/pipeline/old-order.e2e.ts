import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { Developer } from './developer';

/** The workflow that revealed the problem, in the same harness as the rendered one. */

const WORKFLOW = '.github/workflows/old-order.yml';
const URI = '111122223333.dkr.ecr.us-east-1.amazonaws.com/fargatestack-api';

let developer: Developer;

beforeAll(async () => {
  developer = await Developer.of('pipeline-github');
  cpSync(join(__dirname, 'old-order.yml'), join(developer.source.directory, WORKFLOW));
  developer.source.commit();
});

afterAll(async () => {
  await developer?.leave();
});

test('deploying infrastructure before the image fails with the reason of the guard, and the registry stays', async () => {
  const { sha } = developer.source;
  const run = await developer.push(WORKFLOW);
  expect(run.results).toEqual({
    'lint': 'success', 'test': 'success', 'typecheck': 'success', 'deploy-infrastructure': 'failure', 'build-and-push': 'skipped',
  });
  expect(run.screen).toContain(`Image ${URI}:${sha} does not exist (account 111122223333, region us-east-1). The repository is empty.`);
  expect(run.screen).toContain(`docker buildx build --platform linux/amd64 --tag ${URI}:${sha} --push .`);
  expect(await developer.aws.stackStatus('FargateStack')).toBe('ROLLBACK_COMPLETE');
  expect(await developer.aws.stackStatus('FargateStack-Registry')).toBe('CREATE_COMPLETE');
});

test('the next run in the right order succeeds as usual', async () => {
  const run = await developer.push();
  expect(run.result).toBe('success');
  const { digest } = run.jobs['build-fargatestack-api'].outputs;
  expect((await developer.service()).images).toEqual([`${URI}@${digest}`]);
});
