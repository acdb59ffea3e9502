import { writeFileSync } from 'node:fs';
import { updates } from './expectations';
import { imageTag, User } from './user';

/**
 * The guide `existing-repository`: ids, names and owners change, and the service keeps running the existing image. Each test
 * continues where the previous one ended.
 */

const REPOSITORY = 'fargatestack-api';
const GUARD = 'ShopGuard1FB0FAB0';
const HOST = '111122223333.dkr.ecr.us-east-1.amazonaws.com';

let user: User;
let v1: string;

beforeAll(async () => {
  user = await User.of('minimal');
  await user.deploy('FargateStack/Registry');
  v1 = await user.push(REPOSITORY, 'v1', 'linux/amd64');
  await user.deploy('FargateStack', ...imageTag('v1'));
});

afterAll(async () => {
  await user?.leave();
});

test('a new construct id for the service changes neither the registry, which keeps its old id, nor the image', async () => {
  app(`
    new PhasedFargateService(stack, 'Shop', { registry: ImageRegistry.inCompanionStack(stack, 'Api') });
  `);
  const { screen } = await user.deploy('FargateStack', ...imageTag('v1', 'Shop'));
  expect(screen).toContain('FargateStack-Registry) (no changes)');
  expect((await user.service()).images).toEqual([`${HOST}/${REPOSITORY}@${v1}`]);
});

describe('moving from the default registry to an explicit one', () => {
  test('fails while the repository still belongs to the old stack', async () => {
    app(`
      const registry = new ImageRegistry(new Stack(app, 'AppStack'), 'Registry', { repositoryName: '${REPOSITORY}' });
      new PhasedFargateService(stack, 'Shop', { registry });
    `);
    const { screen } = await user.deployInVain('AppStack', '--import-existing-resources');
    expect(screen).toContain('already exists in stack');
  });

  test('deletes the old stack, keeps its repository and does not create it again', async () => {
    await user.aws.deleteStack('FargateStack-Registry');
    const { screen } = await user.deployInVain('AppStack');
    expect(screen).toContain(`with identifier '${REPOSITORY}' already exists`);
  });

  test('imports the repository, and the service keeps its image without another build or push', async () => {
    await user.deploy('AppStack', '--import-existing-resources');
    expect(Object.values(await user.aws.stackResources('AppStack'))).toContainEqual({ type: 'AWS::ECR::Repository', physicalId: REPOSITORY });

    const before = await user.aws.stackResources('FargateStack');
    const run = await user.deploy('FargateStack');
    expect(updates(run)).toEqual([v1]);
    // The physical id of the guard records its answers. The other registry stack is a new question, so there is one more answer.
    const after = await user.aws.stackResources('FargateStack');
    const [prefix, record] = before[GUARD].physicalId.split(new RegExp(`(?<=${GUARD}/)`));
    expect(after[GUARD].physicalId).toMatch(new RegExp(`^${prefix}[0-9a-f]{16}@${v1.slice('sha256:'.length)}/${record}$`));
    expect({ ...after, [GUARD]: before[GUARD] }).toEqual(before);
  });

  test('adds release tags to later releases as before', async () => {
    const v2 = await user.push(REPOSITORY, 'v2', 'linux/amd64');
    await user.deploy('FargateStack', ...imageTag('v2', 'Shop'));
    expect((await user.service()).images).toEqual([`${HOST}/${REPOSITORY}@${v2}`]);
    const [releaseTag] = (await user.aws.imageTags(REPOSITORY)).filter((name) => /^deployed-fargatestack-shop-[0-9a-f]{8}$/.test(name));
    expect(await user.aws.imageDigest(REPOSITORY, releaseTag)).toBe(v2);
  });
});

test('an image from a repository created elsewhere is deployed, and its tags are left alone', async () => {
  await user.aws.ecr('CreateRepository', { repositoryName: 'theirs' });
  const theirs = await user.push('theirs', 'v1', 'linux/amd64');
  app(`
    const registry = ecr.Repository.fromRepositoryName(stack, 'Images', 'theirs');
    new PhasedFargateService(stack, 'Shop', { registry });
  `);
  await user.deploy('FargateStack', ...imageTag('v1', 'Shop'));
  expect((await user.service()).images).toEqual([`${HOST}/theirs@${theirs}`]);
  expect(await user.aws.imageTags('theirs')).toEqual(['v1']);
});

test('renaming the stack creates a second stack with the same image, and then the first one can be deleted', async () => {
  app(`
    const registry = ecr.Repository.fromRepositoryName(stack, 'Images', '${REPOSITORY}');
    new PhasedFargateService(stack, 'Shop', { registry, retainReleasedImages: true });
  `, 'ShopStack');
  await user.deploy('ShopStack', '--parameters', 'ShopStack:ShopImageTag=v1');
  await user.aws.deleteStack('FargateStack');
  expect((await user.service()).images).toEqual([`${HOST}/${REPOSITORY}@${v1}`]);
  expect(await user.aws.imageTags(REPOSITORY)).toContainEqual(expect.stringMatching(/^deployed-shopstack-shop-[0-9a-f]{8}$/));
});

/** The app of the example with other constructs in its stack. */
function app(constructs: string, stackId = 'FargateStack'): void {
  writeFileSync(user.file('app.ts'), `
    import { ImageRegistry, PhasedFargateService } from '@org/phased-fargate';
    import { App, Stack } from 'aws-cdk-lib';
    import * as ecr from 'aws-cdk-lib/aws-ecr';

    const app = new App();
    const stack = new Stack(app, '${stackId}');
    ${constructs}
  `);
}
