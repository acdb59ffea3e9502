import { User } from './user';

/** The example `minimal`, released with CDK CLI options whose effect is not obvious. */

const REPOSITORY = 'fargatestack-api';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;

let user: User;
const digests: Record<string, string> = {};

beforeAll(async () => {
  user = await User.of('minimal');
  await user.deploy('FargateStack/Registry');
  for (const release of ['v1', 'v2', 'v3']) digests[release] = await user.push(REPOSITORY, release, 'linux/amd64');
});

afterAll(async () => {
  await user?.leave();
});

async function running(): Promise<string | undefined> {
  const { images: [image] } = await user.service();
  return Object.keys(digests).find((release) => image === `${URI}@${digests[release]}`);
}

async function environment(): Promise<unknown> {
  const [cluster] = await user.aws.clusterNames();
  const [name] = Object.keys(await user.services());
  const { taskDefinition } = await user.aws.describeService(cluster, name);
  const { taskDefinition: { containerDefinitions } } = await user.aws.ecs('DescribeTaskDefinition', { taskDefinition });
  return containerDefinitions[0].environment ?? [];
}

test('--parameters without a stack name also reaches the registry stack, which accepts it', async () => {
  await user.deploy('FargateStack', '--parameters', 'ApiImageTag=v1');
  expect(await running()).toBe('v1');
  await user.deploy('FargateStack', '--parameters', 'ApiImageTag=v2');
  expect(await running()).toBe('v2');
});

test('later deployments can omit the parameter or give it with the stack name', async () => {
  await user.deploy('FargateStack');
  expect(await running()).toBe('v2');
  await user.deploy('FargateStack', '--parameters', 'FargateStack:ApiImageTag=v1');
  expect(await running()).toBe('v1');
});

test('the registry stack refuses a parameter that is not for an image tag, unless the stack name is given', async () => {
  user.edit('app.ts', /$/, `
    import { CfnParameter } from 'aws-cdk-lib';
    new CfnParameter(app.node.findChild('FargateStack') as any, 'Size', { default: '' });
  `);
  const { screen } = await user.deployInVain('FargateStack', '--parameters', 'Size=large');
  expect(screen).toContain('Parameters: [Size] do not exist in the template');
  await user.deploy('FargateStack', '--parameters', 'FargateStack:Size=large');
});

test.each(['--hotswap', '--hotswap-fallback'])('a parameter with %s releases nothing, yet the CLI reports success', async (option) => {
  const { screen, guard } = await user.deploy('FargateStack', option, '--parameters', 'FargateStack:ApiImageTag=v3');
  expect(screen).toContain('✅ FargateStack (no changes)');
  expect(guard).toEqual([]);
  expect(await running()).toBe('v1');
});

test('the same parameter without the option releases the image', async () => {
  await user.deploy('FargateStack', '--parameters', 'FargateStack:ApiImageTag=v3');
  expect(await running()).toBe('v3');
});

test('with --hotswap, a change to the container deploys nothing, yet the CLI reports success', async () => {
  user.edit('app.ts', "'Api')", "'Api', { environment: { LOG_LEVEL: 'debug' } })");
  const { screen } = await user.deploy('FargateStack', '--hotswap');
  expect(screen).toContain('Could not perform a hotswap deployment, because the CloudFormation template could not be resolved');
  expect(await environment()).toEqual([]);
});

test('with --hotswap-fallback, CloudFormation deploys a change to the container', async () => {
  await user.deploy('FargateStack', '--hotswap-fallback');
  expect(await environment()).toEqual([{ name: 'LOG_LEVEL', value: 'debug' }]);
  expect(await running()).toBe('v3');
});

test('--express succeeds before the service is stable and says so', async () => {
  const { screen } = await user.deploy('FargateStack', '--express', '--parameters', 'FargateStack:ApiImageTag=v1');
  expect(screen).toMatch(/Stack deployed using Express Mode. Resources still stabilizing: /);
});

test('a refusal with --express leaves the previous image running', async () => {
  await user.deployInVain('FargateStack', '--express', '--parameters', 'FargateStack:ApiImageTag=none');
  expect(await running()).toBe('v1');
});
