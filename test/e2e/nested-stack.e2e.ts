import { refusal, updates } from './expectations';
import { User } from './user';

/** The service in a nested stack, which CDK cannot deploy on its own. Each test continues where the previous one ended. */

const REPOSITORY = 'app-mp';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;

let user: User;
let digest: string;

beforeAll(async () => {
  user = await User.of('app-and-fargate-stack');
  user.edit('fargate-stack.ts', 'new PhasedFargateService(this', `
    const nested = new NestedStack(this, 'Nested');
    new PhasedFargateService(nested`);
  user.edit('fargate-stack.ts', 'import { Stack,', 'import { NestedStack, Stack,');
  user.edit('fargate-stack.ts', 'new ecs.Cluster(this', 'new ecs.Cluster(nested');
});

afterAll(async () => {
  await user?.leave();
});

test('a missing image is refused with the command that deploys the outermost stack', async () => {
  const run = await user.deployInVain('--all', ...commit('aaa1'));
  expect(refusal(run)).toMatch(/:aaa1 does not exist .* cdk deploy FargateStack$/);
  expect(await user.aws.stackStatus('AppStack')).toBe('CREATE_COMPLETE');
  expect(await user.aws.stackStatus('FargateStack')).toBe('ROLLBACK_COMPLETE');
});

test('the service is deployed once its image is pushed', async () => {
  digest = await user.push(REPOSITORY, 'aaa1', 'linux/amd64');
  await user.deploy('FargateStack', ...commit('aaa1'));
  expect((await user.service()).images).toEqual([`${URI}@${digest}`]);
});

test('a change to infrastructure alone does not invoke the guard', async () => {
  user.edit('fargate-stack.ts', 'containerPort: 8080,', 'containerPort: 8080, memoryLimitMiB: 1024,');
  const { guard } = await user.deploy('FargateStack', ...commit('aaa1'));
  expect(guard).toEqual([]);
  expect(await user.service()).toEqual({ desiredCount: 1, images: [`${URI}@${digest}`], memory: '1024' });
});

test('a missing tag rolls the outermost stack back, and the previous image keeps running', async () => {
  const run = await user.deployInVain('FargateStack', ...commit('bbb2'));
  expect(refusal(run)).toContain(':bbb2 does not exist');
  expect(updates(run)).toEqual([undefined, digest]);
  expect(await user.aws.stackStatus('FargateStack')).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await user.service()).images).toEqual([`${URI}@${digest}`]);
});

function commit(sha: string): string[] {
  return ['--context', `sha=${sha}`];
}
