import { refusal } from './expectations';
import { User } from './user';

/** The example `recipes`: sidecars, a volume, Service Connect, API Gateway, CloudFront, Batch, and Express Mode behind one guard. */

let user: User;

beforeAll(async () => {
  user = await User.of('recipes');
  await user.deploy('RegistryStack');
});

afterAll(async () => {
  await user?.leave();
});

test('CloudFormation accepts the stack, and the guard refuses all of it if the image is missing', async () => {
  const run = await user.deployInVain('RecipesStack', '--parameters', 'RecipesStack:ImageTag=v1');
  expect(refusal(run)).toContain('Image 111122223333.dkr.ecr.us-east-1.amazonaws.com/recipes:v1 does not exist');
  expect(await user.aws.stackStatus('RecipesStack')).toBe('ROLLBACK_COMPLETE');
});
