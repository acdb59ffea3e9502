import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Developer } from './developer';

/** The example `pipeline-codepipeline`, whose stages run in the order of CodePipeline: registry, build, service. */

const REPOSITORY = 'production-shop-api';

let developer: Developer;

beforeAll(async () => {
  developer = await Developer.of('pipeline-codepipeline');
});

afterAll(async () => {
  await developer?.leave();
});

test('the image of a commit is built and pushed under the commit id, after the registry is deployed and before the service is', async () => {
  const { sha } = developer.source;
  await synthesize(sha);
  await deploy('Production/Shop/Registry');
  expect(await build(sha)).toMatchObject({ exitCode: 0 });
  expect(await developer.imageTags(REPOSITORY)).toEqual([expect.stringMatching(new RegExp(`^${sha}-[0-9a-f]{8}$`))]);

  await deploy('Production/Shop');
  expect(await images()).toEqual([await image(sha)]);
});

test('running the same commit again builds nothing', async () => {
  const { sha } = developer.source;
  const before = await image(sha);
  const { exitCode, output } = await build(sha);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: '' });
  expect(await image(sha)).toBe(before);
});

test('the same commit with another build argument builds another image', async () => {
  developer.source.edit('app.ts', 'stackSteps: BuildAndPush.stackSteps(production, { pipeline, source }),', `
    stackSteps: BuildAndPush.stackSteps(production, { pipeline, source, images: [{ registry: production.registry, buildArgs: { MODE: process.env.MODE! } }] }),`);
  developer.source.edit('shop-stage.ts', 'new PhasedFargateService', 'this.registry = new PhasedFargateService');
  developer.source.edit('shop-stage.ts', /\}\);\n  \}/, '}).registry;\n  }\n  public readonly registry: import("aws-cdk-lib/aws-ecr").IRepository;');
  const sha = developer.source.commit();
  const tags: string[] = [];
  for (const mode of ['debug', 'release\n  with "more"']) {
    await cdk(`CODEBUILD_RESOLVED_SOURCE_VERSION=${sha}`, `MODE=${mode}`, 'npx', 'cdk', 'synth', '--quiet');
    expect(await build(sha)).toMatchObject({ exitCode: 0 });
    const pushed = (await developer.imageTags(REPOSITORY)).filter((tag) => tag.startsWith(sha) && !tags.includes(tag));
    expect(pushed).toHaveLength(1);
    tags.push(...pushed);
    expect(developer.builds().at(-1)).toMatchObject({ buildArgs: { MODE: mode }, tags: [expect.stringMatching(`:${pushed[0]}$`)] });
  }
  developer.source.revert();
});

test('the step fails if the image cannot be built', async () => {
  developer.source.edit('Dockerfile', /$/, '\nRUN false\n');
  const sha = developer.source.commit();
  await synthesize(sha);
  expect(await build(sha)).toEqual({ exitCode: 1, output: expect.stringContaining('did not complete successfully') });
  expect((await developer.imageTags(REPOSITORY)).join()).not.toContain(sha);
});

test('the step fails and builds nothing if it cannot query the registry', async () => {
  const sha = developer.source.revert();
  await synthesize(sha);
  const tags = await developer.imageTags(REPOSITORY);
  const { exitCode, output } = await build(sha, (spec) => spec.replace(`us-east-1 ${REPOSITORY}`, 'us-east-1 another-repository'));
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('RepositoryNotFoundException') });
  expect(await developer.imageTags(REPOSITORY)).toEqual(tags);
});

async function synthesize(sha: string): Promise<void> {
  await cdk(`CODEBUILD_RESOLVED_SOURCE_VERSION=${sha}`, 'npx', 'cdk', 'synth', '--quiet');
}

async function deploy(stack: string): Promise<void> {
  await cdk('npx', 'cdk', 'deploy', '--app', 'cdk.out', '--exclusively', '--require-approval', 'never', stack);
}

async function cdk(...command: string[]): Promise<void> {
  const { exitCode, output } = await developer.run('env', ...command);
  if (exitCode !== 0) throw new Error(output);
}

/** Runs the CodeBuild build that the template defines. */
async function build(sha: string, change = (spec: string) => spec) {
  const assembly = join(developer.source.directory, 'cdk.out');
  const { Resources } = JSON.parse(readFileSync(join(assembly, 'PipelineStack.template.json'), 'utf8'));
  const specs = Object.values<any>(Resources)
    .filter(({ Type, Properties }) => Type === 'AWS::CodeBuild::Project' && /Build_/.test(Properties.Description))
    .map(({ Properties }) => Properties.Source.BuildSpec);
  expect(specs).toHaveLength(1);
  return developer.build(JSON.parse(change(specs[0])), { sha, artifact: { CODEBUILD_SRC_DIR_Synth_Output: assembly } });
}

async function image(sha: string): Promise<string> {
  const [tag] = (await developer.imageTags(REPOSITORY)).filter((name) => name.startsWith(sha));
  return `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}@${await developer.aws.imageDigest(REPOSITORY, tag)}`;
}

async function images(): Promise<string[]> {
  return (await developer.service('Production-Shop')).images;
}
