import { refusal, updates } from './expectations';
import { User } from './user';

/** The example `app-and-fargate-stack`, in which the tag is a commit. Each test continues where the previous one ended. */

const REPOSITORY = 'app-mp';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

let user: User;

beforeAll(async () => {
  user = await User.of('app-and-fargate-stack');
});

afterAll(async () => {
  await user?.leave();
});

test('deploying everything at once creates the registry, and the guard refuses the service within seconds, before it is created', async () => {
  const run = await user.deployInVain('--all', ...commit('aaa1'));
  expect(refusal(run)).toContain(`Image ${URI}:aaa1 does not exist`);
  // Measured at the emulator, because the speed of the CLI varies.
  const [{ sentAt, answeredAt }] = run.guard;
  expect(answeredAt! - sentAt).toBeLessThan(5000);
  expect(run.screen).not.toMatch(/CREATE_\w+ \| AWS::(ECS::(Service|TaskDefinition)|ElasticLoadBalancingV2::L)/);
  expect(await user.aws.stackStatus('AppStack')).toBe('CREATE_COMPLETE');
  expect(await user.aws.stackStatus('FargateStack')).toBe('ROLLBACK_COMPLETE');
});

test('after a multi-platform image is pushed, deploying everything at once pins the digest of its index, and the service answers', async () => {
  const digest = await user.push(REPOSITORY, 'aaa1', ...PLATFORMS);
  await user.deploy('--all', ...commit('aaa1'));
  expect(await user.aws.imageDigest(REPOSITORY, 'aaa1')).toBe(digest);
  expect((await user.service()).images).toEqual([`${URI}@${digest}`]);
  expect(await user.get()).toMatchObject({ status: 200, text: expect.stringMatching(/^aaa1 /) });
});

test('an index without the platform of the task is refused, and the previous image keeps running', async () => {
  const before = await user.service();
  await user.push(REPOSITORY, 'bbb2', 'linux/arm64', 'linux/arm');
  const run = await user.deployInVain('FargateStack', ...commit('bbb2'));
  expect(refusal(run)).toMatch(/does not run on linux\/amd64, .* the image offers linux\/arm64 and linux\/arm /);
  expect(await user.service()).toEqual(before);
});

test('a deployment whose guard waits for the image continues by itself once the image is pushed', async () => {
  user.edit('fargate-stack.ts', 'ImageVersion.tag(props.sha),', 'ImageVersion.tag(props.sha), whenMissing: WhenMissing.waitFor(Duration.minutes(2)),');
  user.edit('fargate-stack.ts', 'ImageVersion,', 'ImageVersion, WhenMissing,');
  user.edit('fargate-stack.ts', 'import { Stack,', 'import { Duration, Stack,');

  const deployment = user.deploy('FargateStack', ...commit('ccc3'));
  await user.untilGuardWaits();
  const digest = await user.push(REPOSITORY, 'ccc3', ...PLATFORMS);
  const pushedAt = Date.now();
  const run = await deployment;

  expect(run.guard[0].sentAt).toBeLessThan(pushedAt);
  expect(run.guard[0].answeredAt! - pushedAt).toBeLessThan(10_000);
  expect((await user.service()).images).toEqual([`${URI}@${digest}`]);
});

describe('when a tag moves', () => {
  let good: string;

  test('the same tag with another image causes another deployment', async () => {
    user.edit('fargate-stack.ts', 'ImageVersion.tag(props.sha)', "ImageVersion.movingTag('latest')");
    const first = await user.push(REPOSITORY, 'latest', ...PLATFORMS);
    await user.deploy('FargateStack', ...commit('any'));
    expect((await user.service()).images).toEqual([`${URI}@${first}`]);

    good = await user.push(REPOSITORY, 'latest', ...PLATFORMS);
    await user.deploy('FargateStack', ...commit('any'), '--output', 'good.out');
    expect((await user.service()).images).toEqual([`${URI}@${good}`]);
  });

  test('a failure after the guard restores the previous image, although the tag now names another one', async () => {
    const bad = await user.push(REPOSITORY, 'latest', ...PLATFORMS);
    const repair = user.failLater();
    const run = await user.deployInVain('FargateStack', ...commit('any'));
    repair();
    expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(updates(run)).toEqual([bad, good]);
    expect((await user.service()).images).toEqual([`${URI}@${good}`]);
  });

  test('deploying the same template with other stack tags keeps the image and does not invoke the guard', async () => {
    const run = await user.deploy('FargateStack', '--app', 'good.out', '--tags', 'team=web');
    expect(run.screen).toContain('UPDATE_COMPLETE | AWS::CloudFormation::Stack');
    expect(run.guard).toEqual([]);
    expect((await user.service()).images).toEqual([`${URI}@${good}`]);
  });
});

test('the stacks are destroyed in the right order, and the registry and its images stay', async () => {
  const { screen } = await user.destroyAll(...commit('aaa1'));
  expect(screen).toMatch(/FargateStack: destroyed.*AppStack: destroying/);
  expect(await user.aws.clusterNames()).toEqual([]);
  expect(await user.aws.imageTags(REPOSITORY)).toEqual(expect.arrayContaining(['aaa1', 'ccc3', 'latest']));
});

function commit(sha: string): string[] {
  return ['--context', `sha=${sha}`];
}
