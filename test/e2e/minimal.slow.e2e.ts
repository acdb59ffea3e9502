import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal, updates } from './expectations';
import { imageTag, User } from './user';
import { IMAGES } from '../../scripts/pictures';
import { eventsPicture } from '../../scripts/pictures/events';
import { StackEvent } from '../emulator/aws';

/** The example `minimal` from its first deployment. Each test continues where the previous one ended. */

const REPOSITORY = 'fargatestack-api';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
const PLATFORM = 'linux/amd64';

let user: User;
const digests: Record<string, string> = {};
const events: Record<'refused' | 'released', StackEvent[]> = { refused: [], released: [] };

beforeAll(async () => {
  user = await User.of('minimal');
});

afterAll(async () => {
  await user?.leave();
});

test('phase 1 deploys the registry and shows the commands of phase 2', async () => {
  const { screen } = await user.deploy('FargateStack/Registry');
  expect(screen).toContain(`docker buildx build --platform ${PLATFORM} --tag ${URI}:$TAG --push .`);
  expect(await user.aws.repositoryNames()).toContain(REPOSITORY);
});

test('the service is refused if no image is named', async () => {
  const run = await user.deployInVain('FargateStack');
  expect(refusal(run)).toContain('cdk deploy FargateStack --parameters FargateStack:ApiImageTag=<tag>');
});

test('if phase 2 was skipped, the service is refused before anything expensive is created, and the registry stays', async () => {
  const run = await user.deployInVain('FargateStack', ...imageTag('v1'));
  const reason = refusal(run);
  expect(reason).toContain(`Image ${URI}:v1 does not exist (account 111122223333, region us-east-1). The repository is empty.`);
  expect(reason).toContain(`docker buildx build --platform ${PLATFORM} --tag ${URI}:v1 --push .`);
  expect(reason).toContain('cdk deploy FargateStack --parameters FargateStack:ApiImageTag=v1');

  expect(run.screen).not.toMatch(/CREATE_\w+ \| AWS::(EC2::VPC|EC2::NatGateway|ECS::Service|ElasticLoadBalancingV2)/);
  expect(await user.aws.stackStatus('FargateStack')).toBe('ROLLBACK_COMPLETE');
  expect(await user.aws.stackStatus('FargateStack-Registry')).toBe('CREATE_COMPLETE');
  expect(await user.aws.imageTags(REPOSITORY)).toEqual([]);
  events.refused = await user.aws.stackEvents('FargateStack');
});

test('an image for another platform is refused with the command that builds the right one', async () => {
  await user.push(REPOSITORY, 'v0', 'linux/arm64');
  const run = await user.deployInVain('FargateStack', ...imageTag('v0'));
  expect(refusal(run)).toMatch(/does not run on linux\/amd64, .* the image offers linux\/arm64 .*docker buildx build --platform linux\/amd64 /);
});

test('after phases 2 and 3, the service runs the image by the digest that the registry reports', async () => {
  digests.v1 = await user.push(REPOSITORY, 'v1', PLATFORM);
  await user.deploy('FargateStack', ...imageTag('v1'));
  expect(await user.aws.imageDigest(REPOSITORY, 'v1')).toBe(digests.v1);
  expect((await user.service()).images).toEqual([`${URI}@${digests.v1}`]);
  expect(Object.values(await user.aws.stackOutputs('FargateStack'))).toEqual(expect.arrayContaining(['v1', digests.v1]));
  events.released = await user.aws.stackEvents('FargateStack');
});

test('both deployments happened in the order that the picture in the docs shows (update it with npx projen docs:pictures)', () => {
  expect(readFileSync(join(IMAGES, 'events.svg'), 'utf8')).toBe(eventsPicture(events));
});

test('a deployment without the parameter changes only infrastructure, keeps the image and does not invoke the guard', async () => {
  expect((await user.service()).memory).toBe('512');
  user.edit('app.ts', "'Api')", "'Api', { memoryLimitMiB: 1024 })");
  const run = await user.deploy('FargateStack');
  expect(run.guard).toEqual([]);
  expect(await user.service()).toEqual({ images: [`${URI}@${digests.v1}`], desiredCount: 1, memory: '1024' });
});

test('repeating the same deployment changes nothing', async () => {
  const run = await user.deploy('FargateStack');
  expect(run.screen).toContain('FargateStack (no changes)');
  expect(run.guard).toEqual([]);
});

test('another tag deploys another image', async () => {
  digests.v2 = await user.push(REPOSITORY, 'v2', PLATFORM);
  await user.deploy('FargateStack', ...imageTag('v2'));
  expect((await user.service()).images).toEqual([`${URI}@${digests.v2}`]);
});

test('a missing tag is refused with a list of the existing images, and the previous image keeps running', async () => {
  const run = await user.deployInVain('FargateStack', ...imageTag('v3'));
  expect(refusal(run)).toMatch(/:v3 does not exist .* Latest images: v2 .*, v1 /);
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await user.service()).images).toEqual([`${URI}@${digests.v2}`]);
  expect(updates(run)).toEqual([undefined, digests.v2]);
});

test('a failure after the guard restores the previous image, and the next deployment succeeds as usual', async () => {
  digests.v3 = await user.push(REPOSITORY, 'v3', PLATFORM);
  const repair = user.failLater();
  const run = await user.deployInVain('FargateStack', ...imageTag('v3'));
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(updates(run)).toEqual([digests.v3, digests.v2]);
  expect((await user.service()).images).toEqual([`${URI}@${digests.v2}`]);

  repair();
  await user.deploy('FargateStack', ...imageTag('v3'));
  expect((await user.service()).images).toEqual([`${URI}@${digests.v3}`]);
});

test('the registry outlives the service', async () => {
  const { screen } = await user.destroyAll();
  expect(screen).toMatch(/FargateStack: destroyed.*FargateStack-Registry\)?: destroying/);
  expect(await user.aws.clusterNames()).toEqual([]);
  expect(await user.aws.imageTags(REPOSITORY)).toContain('v3');
});
