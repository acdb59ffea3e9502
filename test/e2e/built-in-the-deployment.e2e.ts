import { join } from 'node:path';
import { CodeBuild, ContainerBuild } from './code-build';
import { updates } from './expectations';
import { User } from './user';

/** The example `built-in-the-deployment`: one command, and no image is pushed manually. Each test continues where the previous one ended. */

const REPOSITORY = 'fargatestack-images';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;

let user: User;
let codeBuild: CodeBuild<ContainerBuild>;
let broken = false;
const digests: string[] = [];

beforeAll(async () => {
  // Lambda provides the AWS SDK.
  process.env.NODE_PATH = join(__dirname, '../../node_modules');
  user = await User.of('built-in-the-deployment');
  codeBuild = new CodeBuild(user.aws, push);
});

afterAll(async () => {
  await codeBuild?.stop();
  await user?.leave();
  delete process.env.NODE_PATH;
});

async function push({ repositoryUri, imageTag, buildCommand, sourceS3Url }: ContainerBuild): Promise<void> {
  expect(repositoryUri).toBe(URI);
  const [, platform] = /--platform (\S+)/.exec(buildCommand)!;
  if (broken) throw new Error('broken');
  digests.push(await user.pushContent(REPOSITORY, imageTag, sourceS3Url, platform));
}

const builds = () => codeBuild.builds.length;
const running = async () => (await user.service()).images;

test('one command deploys everything: registry, build, guard and service', async () => {
  const { screen } = await user.deploy('FargateStack');
  expect(screen).not.toContain('registryInServiceStack');
  expect(builds()).toBe(1);
  expect(await running()).toEqual([`${URI}@${digests[0]}`]);
  expect(Object.values(await user.aws.stackOutputs('FargateStack'))).toEqual(expect.arrayContaining([codeBuild.builds[0].imageTag, digests[0]]));
});

test('a change to infrastructure alone builds nothing and does not invoke the guard', async () => {
  user.edit('app.ts', 'containerPort: 8080,', 'containerPort: 8080, memoryLimitMiB: 1024,');
  const { guard } = await user.deploy('FargateStack');
  expect(guard).toEqual([]);
  expect(builds()).toBe(1);
  expect(await user.service()).toMatchObject({ images: [`${URI}@${digests[0]}`], memory: '1024' });
});

test('a change to the sources builds a new image under a new tag and releases it by its digest', async () => {
  user.edit('api/server.mjs', 'first', 'second');
  const run = await user.deploy('FargateStack');
  expect(builds()).toBe(2);
  expect(codeBuild.builds[1].imageTag).not.toBe(codeBuild.builds[0].imageTag);
  expect(updates(run)).toEqual([digests[1]]);
  expect(await running()).toEqual([`${URI}@${digests[1]}`]);
});

test('sources that cannot be built fail the deployment, and the previous image keeps running', async () => {
  const repair = user.edit('api/server.mjs', 'second', 'third');
  broken = true;
  const { screen } = await user.deployInVain('FargateStack');
  broken = false;
  expect(screen).toContain('ContainerImageBuild failed');
  expect(await running()).toEqual([`${URI}@${digests[1]}`]);
  repair();
});

test('when CloudFormation rolls a release back, the previous image keeps running and keeps its release tag', async () => {
  user.edit('api/server.mjs', 'second', 'fourth');
  const repair = user.failLater();
  await user.deployInVain('FargateStack');
  repair();
  expect(await running()).toEqual([`${URI}@${digests[1]}`]);
  const [releaseTag] = (await user.aws.imageTags(REPOSITORY)).filter((tag) => /^deployed-.*[0-9a-f]{8}$/.test(tag));
  expect(await user.aws.imageDigest(REPOSITORY, releaseTag)).toBe(digests[1]);
});

test('the registry is in a separate stack, which remains after the service stack is deleted', async () => {
  await user.destroyAll();
  expect(await user.aws.repositoryNames()).toContain(REPOSITORY);
});
