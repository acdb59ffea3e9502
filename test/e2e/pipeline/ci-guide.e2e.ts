import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from './actions-service';
import { Developer } from './developer';

/** `docs/guides/ci.md`, followed from a plain service. Each test continues where the previous one ended. */

const GUIDE = readFileSync(join(__dirname, '../../../docs/guides/ci.md'), 'utf8');
const [APP, WITH_STAGES] = [...GUIDE.matchAll(/^```ts nofixture\n([^]*?)^```$/gm)].map(([, app]) => app);
const WORKFLOW = '.github/workflows/deploy.yml';

let developer: Developer;

beforeAll(async () => {
  developer = await Developer.of('pipeline-github');
  developer.source.remove(WORKFLOW);
  developer.source.remove('deploy.sh');
  developer.source.write('app.ts', APP);
});

afterAll(async () => {
  await developer?.leave();
});

test('synthesis writes the workflow with the job names of the guide', async () => {
  await succeeds('npx', 'cdk', 'synth', '--quiet');
  expect(existsSync(join(developer.source.directory, WORKFLOW))).toBe(true);
  const names = Object.values<any>(parse(readFileSync(join(developer.source.directory, WORKFLOW), 'utf8')).jobs).map(({ name }) => name);
  for (const name of names.filter((one) => one !== 'Diff')) expect(GUIDE).toContain(`\`${name}\``);
});

test('the roles can be deployed manually', async () => {
  await succeeds('npx', 'cdk', 'deploy', 'GitHubStack', '--require-approval', 'never');
  expect(await developer.aws.stackStatus('GitHubStack')).toBe('CREATE_COMPLETE');
});

test('the first run succeeds, and the service runs the image that it built', async () => {
  developer.source.commit();
  const run = await developer.push();
  expect(Object.values(run.results).filter((result) => result !== 'success')).toEqual(['skipped']);
  expect(run.results.diff).toBe('skipped');
  const [image] = (await developer.service('ShopStack')).images;
  expect(image).toMatch(new RegExp(`@${run.jobs['build-shopstack-api'].outputs.digest}$`));
});

test('a pull request shows what it would change and changes nothing', async () => {
  const before = await developer.service('ShopStack');
  developer.source.edit('app.ts', 'containerPort: 8080', 'containerPort: 8080, memoryLimitMiB: 1024');
  developer.source.commit();
  const run = await developer.workflowRun({ pullRequestFrom: REPOSITORY });
  expect(Object.entries(run.results).filter(([, result]) => result !== 'skipped')).toEqual([['test', 'success'], ['diff', 'success']]);
  expect(run.jobs.diff.summary).toMatch(/^~~~~~~~~diff\n[^]*Stack ShopStack[^]*1024[^]*\n~~~~~~~~\n$/);
  expect(await developer.service('ShopStack')).toEqual(before);
});

test('a pull request from a fork runs only the checks', async () => {
  const run = await developer.workflowRun({ pullRequestFrom: 'mallory/shop' });
  expect(Object.entries(run.results).filter(([, result]) => result !== 'skipped')).toEqual([['test', 'success']]);
});

test('the app with stages synthesizes unchanged and deploys each stage in its environment', async () => {
  developer.source.write('app.ts', WITH_STAGES);
  await succeeds('npx', 'cdk', 'synth', '--quiet');
  const { jobs } = parse(readFileSync(join(developer.source.directory, WORKFLOW), 'utf8'));
  expect(Object.values<any>(jobs).flatMap(({ environment }) => environment ?? [])).toEqual(['Staging', 'Production']);
});

async function succeeds(command: string, ...args: string[]): Promise<void> {
  const { exitCode, output } = await developer.run(command, ...args);
  if (exitCode !== 0) throw new Error(output);
}
