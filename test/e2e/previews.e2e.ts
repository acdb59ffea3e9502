import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { User } from './user';

/** The guide on preview environments: two pull requests are opened and one is closed. */

const GUIDE = readFileSync(join(__dirname, '../../docs/guides/preview-environments.md'), 'utf8');
const [, APP] = /^```ts nofixture\n([^]*?)^```$/m.exec(GUIDE)!;
const REGISTRY = 'shop-previews';

/** The hosted zone that readers of the guide already have. */
const ZONE = `
  import { App, CfnOutput, Stack } from 'aws-cdk-lib';
  import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
  const stack = new Stack(new App(), 'Zone');
  new CfnOutput(stack, 'Id', { value: new PublicHostedZone(stack, 'Zone', { zoneName: 'example.com' }).hostedZoneId });
`;

let user: User;

beforeAll(async () => {
  user = await User.of('minimal');
  user.write('zone.ts', ZONE);
  await user.deploy('--app', 'npx tsx zone.ts');
  user.write('previews.ts', APP.replace('Z0123456789', (await user.aws.stackOutputs('Zone')).Id));
  await user.deploy('Previews', 'PreviewImages', ...previews());
  await user.push(REGISTRY, 'c0ffee1', 'linux/amd64');
});

afterAll(async () => {
  await user?.leave();
});

test('previews of the lowest and the highest pull request run the same image behind the shared listener', async () => {
  for (const number of [1, 50_000]) await user.deploy(`Pr${number}/Shop`, ...previews(number), '--parameters', `Pr${number}-Shop:ApiImageTag=c0ffee1`);
  expect(Object.keys(await user.services()).map((name) => name.replace(/-Shop-.*/, ''))).toEqual(['Pr1', 'Pr50000']);
  expect(await user.aws.imageTags(REGISTRY)).toEqual(['c0ffee1']);
});

test('closing a pull request removes its preview with all logs and leaves the other one and the image', async () => {
  const logs = async () => [...await user.aws.logGroups('/'), ...await user.aws.logGroups('Pr')].filter((name) => name.includes('Pr1-Shop'));
  expect(await logs()).not.toEqual([]);
  await user.destroy('Pr1/Shop', ...previews(1));
  expect(await logs()).toEqual([]);
  expect(Object.keys(await user.services()).map((name) => name.replace(/-Shop-.*/, ''))).toEqual(['Pr50000']);
  expect(await user.aws.imageTags(REGISTRY)).toEqual(['c0ffee1']);
});

function previews(pullRequest?: number): string[] {
  return ['--app', 'npx tsx previews.ts', ...pullRequest === undefined ? [] : ['--context', `pr=${pullRequest}`]];
}
