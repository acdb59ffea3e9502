import { cpSync } from 'node:fs';
import { join } from 'node:path';
import * as recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { updates } from './expectations';
import { imageTag, User } from './user';

/**
 * A stack that the library created at contract version 1, including its handler. `fixtures/contract-1` is the output of
 * `cdk synth` for the example `minimal` at that time. Each test continues where the previous one ended.
 */

const REPOSITORY = 'fargatestack-api';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
const THEN = ['--app', 'contract-1'];

let user: User;
let v1: string;

beforeAll(async () => {
  user = await User.of('minimal');
  cpSync(join(__dirname, 'fixtures', 'contract-1'), user.file('contract-1'), { recursive: true });

  await user.deploy('FargateStack/Registry', ...THEN);
  v1 = await user.push(REPOSITORY, 'v1', 'linux/amd64');
  await user.deploy('FargateStack', ...THEN, ...imageTag('v1'));
});

afterAll(async () => {
  await user?.leave();
});

test('an upgrade that fails later restores the previous image and handler', async () => {
  const repair = user.failLater();
  const run = await user.deployInVain('FargateStack');
  repair();
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(updates(run)).toEqual([v1, v1]);
  expect(run.guard.map(({ properties }) => properties.ContractVersion)).toEqual(expect.arrayContaining(['3', '1']));
  expect((await user.service()).images).toEqual([`${URI}@${v1}`]);
});

test('an upgrade invokes the guard with the current contract and keeps the image', async () => {
  const run = await user.deploy('FargateStack');
  expect(updates(run)).toEqual([v1]);
  expect((await user.service()).images).toEqual([`${URI}@${v1}`]);
  expect(await user.aws.imageTags(REPOSITORY)).toEqual(expect.arrayContaining([expect.stringMatching(/^deployed-fargatestack-api-[0-9a-f]{8}$/)]));
});

test('a release after the upgrade adds release tags to its image and to the image from before the upgrade', async () => {
  const v2 = await user.push(REPOSITORY, 'v2', 'linux/amd64');
  await user.deploy('FargateStack', ...imageTag('v2'));
  expect((await user.service()).images).toEqual([`${URI}@${v2}`]);

  const releaseTags = (await user.aws.imageTags(REPOSITORY)).filter((name) => name.startsWith('deployed-')).sort();
  expect(await Promise.all(releaseTags.map((releaseTag) => user.aws.imageDigest(REPOSITORY, releaseTag)))).toEqual([v2, v1]);
});

test('a release that fails later moves the release tag back', async () => {
  const [releaseTag] = (await user.aws.imageTags(REPOSITORY)).filter((name) => name.startsWith('deployed-')).sort();
  const before = await user.aws.imageDigest(REPOSITORY, releaseTag);
  await user.push(REPOSITORY, 'v3', 'linux/amd64');
  const repair = user.failLater();
  await user.deployInVain('FargateStack', ...imageTag('v3'));
  repair();
  expect(await user.aws.imageDigest(REPOSITORY, releaseTag)).toBe(before);
});

test('setting all recommended feature flags at once replaces and removes nothing', async () => {
  const context = JSON.stringify(recommendedFlags);
  const restore = user.edit('cdk.json', '{', `{ "context": ${context},`);
  const { screen } = await user.diff('FargateStack', '--exclusively', '--method', 'template');
  restore();
  expect(screen).toContain('[~] AWS::IAM::Role ');
  expect(screen).not.toMatch(/replace|\[-\] AWS::/);
});

test('the upgraded stack can be deleted', async () => {
  await user.destroyAll();
  expect(await user.aws.clusterNames()).toEqual([]);
});
