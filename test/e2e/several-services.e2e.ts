import { updates } from './expectations';
import { imageTag, User } from './user';

/**
 * The example `several-services`: two services behind one listener, a worker that shares the image of one of them, and a
 * repository that already existed. Each test continues where the previous one ended.
 */

const HOST = '111122223333.dkr.ecr.us-east-1.amazonaws.com';
const PLATFORM = 'linux/amd64';

let user: User;
let web: string;
const api: Record<string, string> = {};

beforeAll(async () => {
  user = await User.of('several-services');
  await user.aws.ecr('CreateRepository', { repositoryName: 'web' });
  web = await user.push('web', 'v1', PLATFORM);
});

afterAll(async () => {
  await user?.leave();
});

test('phase 1 creates only the missing repository', async () => {
  await user.deploy('ShopStack/Registry');
  expect(await user.aws.repositoryNames()).toEqual(expect.arrayContaining(['shopstack-api', 'web']));
});

test('the first release runs each service with its image and routes each path to its service', async () => {
  api.v1 = await user.push('shopstack-api', 'v1', PLATFORM);
  await user.deploy('ShopStack', ...imageTag('v1', 'Api', 'ShopStack'), ...imageTag('v1', 'Web', 'ShopStack'));
  expect(await images()).toEqual(running('v1'));

  const resources = Object.entries(await user.aws.stackResources('ShopStack'));
  const physicalId = (prefix: string) => resources.find(([id]) => id.startsWith(prefix))![1].physicalId;
  expect(await user.aws.pathRules(physicalId('LoadBalancerListener'))).toEqual({
    '/api/*': physicalId('ApiServiceTargetGroup'),
    '/*': physicalId('WebServiceTargetGroup'),
  });
});

test('running images have release tags, except in a repository created elsewhere', async () => {
  expect(await releaseTags()).toEqual({ 'deployed-shopstack-api': 'v1' });
  expect(await user.aws.imageTags('web')).toEqual(['v1']);
});

test('the second release of one image also updates the worker and does not invoke the guard of the other service', async () => {
  api.v2 = await user.push('shopstack-api', 'v2', PLATFORM);
  const run = await user.deploy('ShopStack', ...imageTag('v2', 'Api', 'ShopStack'));
  expect(updates(run)).toEqual([api.v2]);
  expect(await images()).toEqual(running('v2'));
  expect(await releaseTags()).toEqual({ 'deployed-shopstack-api': 'v2', 'deployed-shopstack-api-previous': 'v1' });
});

test('when CloudFormation rolls a release back, services and release tags are as before', async () => {
  api.v3 = await user.push('shopstack-api', 'v3', PLATFORM);
  const repair = user.failLater({ stack: 'ShopStack' });
  await user.deployInVain('ShopStack', ...imageTag('v3', 'Api', 'ShopStack'));
  repair();
  expect(await images()).toEqual(running('v2'));
  expect(await releaseTags()).toEqual({ 'deployed-shopstack-api': 'v2', 'deployed-shopstack-api-previous': 'v1' });
});

test('the previous release can be deployed again by its tag', async () => {
  await user.deploy('ShopStack', ...imageTag('v1', 'Api', 'ShopStack'));
  expect(await images()).toEqual(running('v1'));
  expect(await releaseTags()).toEqual({ 'deployed-shopstack-api': 'v1', 'deployed-shopstack-api-previous': 'v2' });
});

/** The images of the services, by the id of the construct. */
async function images(): Promise<Record<string, string[]>> {
  return Object.fromEntries(Object.entries(await user.services()).map(([name, service]) => [/^ShopStack-(Api|Web|Worker)/.exec(name)![1], service.images]));
}

function running(release: string): Record<string, string[]> {
  const image = `${HOST}/shopstack-api@${api[release]}`;
  return { Api: [image], Worker: [image], Web: [`${HOST}/web@${web}`] };
}

/** The tags of the latest and the previous release, without their hashes, and the release that each tag names. */
async function releaseTags(): Promise<Record<string, string>> {
  const tags = Object.entries(await user.aws.releaseTags('shopstack-api'));
  return Object.fromEntries(tags.map(([name, digest]) => [name.replace(/-[0-9a-f]{8}/, ''), Object.keys(api).find((release) => api[release] === digest)!]));
}
