import { refusal } from './expectations';
import { User } from './user';

/** Registry and service in one stack, which `WhenMissing.startWithoutTasks` makes possible. Each test continues where the previous one ended. */

const REPOSITORY = 'fargatestack-registry';
const URI = `111122223333.dkr.ecr.us-east-1.amazonaws.com/${REPOSITORY}`;

let user: User;

beforeAll(async () => {
  user = await User.of('minimal');
  user.edit('app.ts', "new PhasedFargateService(stack, 'Api');", `
    import { ImageRegistry, ImageVersion, Scaling, WhenMissing } from '@org/phased-fargate';
    new PhasedFargateService(stack, 'Api', {
      registry: new ImageRegistry(stack, 'Registry'),
      imageVersion: ImageVersion.tag('v1'),
      whenMissing: WhenMissing.startWithoutTasks(),
      scaling: Scaling.exactly(2),
    });
  `);
});

afterAll(async () => {
  await user?.leave();
});

test('without an image, everything is deployed with 0 tasks', async () => {
  await user.deploy('FargateStack');
  expect(await user.service()).toMatchObject({ desiredCount: 0 });
});

test('another deployment without an image changes nothing', async () => {
  await user.deploy('FargateStack');
  expect(await user.service()).toMatchObject({ desiredCount: 0 });
});

test('after the image is pushed, the next deployment with the same tag starts the tasks', async () => {
  const digest = await user.push(REPOSITORY, 'v1', 'linux/amd64');
  await user.deploy('FargateStack');
  expect(await user.service()).toMatchObject({ desiredCount: 2, images: [`${URI}@${digest}`] });
});

test('once tasks run, a missing image does not stop them', async () => {
  const before = await user.service();
  user.edit('app.ts', "ImageVersion.tag('v1')", "ImageVersion.tag('v2')");
  const run = await user.deployInVain('FargateStack');
  expect(refusal(run)).toContain(`Image ${URI}:v2 does not exist`);
  expect(await user.service()).toEqual(before);
});
