import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ImageGuard, ImageRegistry, ImageVersion } from '../../src';
import { logIn } from '../../src/private/docker-commands';
import { Fixture } from '../guard/handler/fixtures';
import { event, REPOSITORY, Simulation } from '../guard/handler/simulation';
import { testApp } from '../util/synth';

// One test synthesizes an app for every pair of users of an image.
jest.setTimeout(60_000);

const MACHINE = 'linux/amd64';
const MEDIA_TYPE = 'application/vnd.oci.image';

/** The image that `docker buildx build` creates for its flags, according to its documentation. */
function built(command: string): { tag: string; fixture: Fixture } {
  const flag = (name: string) => new RegExp(`--${name}[ =](\\S+)`).exec(command)?.[1];
  const platforms = (flag('platform') ?? MACHINE).split(',');
  const attested = flag('provenance') !== 'false';
  const tag = /:([^:]+)$/.exec(flag('tag')!)![1];
  const from = command;
  if (platforms.length === 1 && !attested) {
    const [os, architecture] = platforms[0].split('/');
    const config = JSON.stringify({ os, architecture });
    const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
    const manifest = JSON.stringify({
      mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
      config: { mediaType: `${MEDIA_TYPE}.config.v1+json`, digest },
      layers: [{ mediaType: `${MEDIA_TYPE}.layer.v1.tar+gzip` }],
    });
    return { tag, fixture: { from, mediaType: `${MEDIA_TYPE}.manifest.v1+json`, manifest, config } };
  }
  const entry = (platform: string) => {
    const [os, architecture] = platform.split('/');
    return { mediaType: `${MEDIA_TYPE}.manifest.v1+json`, platform: { os, architecture } };
  };
  const manifests = [...platforms, ...attested ? platforms.map(() => 'unknown/unknown') : []].map(entry);
  const mediaType = `${MEDIA_TYPE}.index.v1+json`;
  return { tag, fixture: { from, mediaType, manifest: JSON.stringify({ mediaType, manifests }) } };
}

function builds(text: string): string[] {
  return text.match(/docker buildx build .*? --push \./g) ?? [];
}

type Use = 'task on x86' | 'task on arm' | 'task on EC2' | 'function on x86' | 'function on arm';
const USES: Use[] = ['task on x86', 'task on arm', 'task on EC2', 'function on x86', 'function on arm'];

function use(stack: Stack, guard: ImageGuard, user: Use): void {
  const id = `${guard.node.id} ${user}`;
  const arm = user.endsWith('arm');
  if (user.startsWith('function')) {
    new lambda.Function(stack, id, {
      code: guard.lambdaCode,
      handler: lambda.Handler.FROM_IMAGE,
      runtime: lambda.Runtime.FROM_IMAGE,
      architecture: arm ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
    });
  } else if (user === 'task on EC2') {
    new ecs.Ec2TaskDefinition(stack, id).addContainer('app', { image: guard.image, memoryLimitMiB: 64 });
  } else {
    const cpuArchitecture = arm ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64;
    new ecs.FargateTaskDefinition(stack, id, { runtimePlatform: { cpuArchitecture } }).addContainer('app', { image: guard.image });
  }
}

/** Creates a guard of one registry for each set of users. Returns their requests, and the push commands of the registry. */
function shop(...guards: Use[][]): { properties: object[]; pushCommands: string } {
  const stack = new Stack(testApp(), 'Shop', { env: { account: '111122223333', region: 'eu-west-1' } });
  const registry = new ImageRegistry(new Stack(stack, 'Images'), 'Images', { repositoryName: REPOSITORY });
  guards.forEach((users, index) => {
    const guard = new ImageGuard(stack, `Guard${index}`, { registry, imageVersion: ImageVersion.tag('v1'), retainReleasedImages: false });
    users.forEach((user) => use(stack, guard, user));
  });
  const asked = Object.values(Template.fromStack(stack).findResources('Custom::ImageGuard')).map(({ Properties }) => Properties);
  const [output] = Object.entries(Template.fromStack(registry.stack).findOutputs('*')).filter(([id]) => id.includes('PushCommands'));
  return {
    properties: asked.map(({ RepositoryUri, ServiceToken, ...properties }) => properties),
    pushCommands: output[1].Value['Fn::Sub'],
  };
}

function registryWith(commands: string[]): Simulation {
  const aws = new Simulation();
  for (const { tag, fixture } of commands.map(built)) aws.push(tag, { fixture });
  return aws;
}

const ONE_GUARD: Use[][] = [
  ...USES.map((user) => [user]),
  ['task on x86', 'task on arm'], ['task on arm', 'task on EC2'], ['task on x86', 'function on x86'], ['function on arm', 'task on EC2', 'task on arm'],
];

describe('a guard accepts', () => {
  test.each(ONE_GUARD.map((users) => [users]))('the image that the command in its failure reason pushes, for %j', async (users) => {
    const [properties] = shop(users).properties;
    const { Reason = '' } = await new Simulation().request(event({}, properties));
    expect(builds(Reason)).toHaveLength(1);

    expect(await registryWith(builds(Reason)).request(event({}, properties))).toMatchObject({ Status: 'SUCCESS' });
  });

  test.each(['oneGuard', 'twoGuards'] as const)('an image that the commands in the output of its registry push, with %s', async (guards) => {
    const sets = guards === 'oneGuard' ? ONE_GUARD.map((users) => [users]) : USES.flatMap((one) => USES.map((other) => [[one], [other]]));
    for (const set of sets) {
      const { properties, pushCommands } = shop(...set);
      for (const asked of properties) {
        const images = builds(pushCommands.replaceAll('$TAG', 'v1'));
        const answers = await Promise.all(images.map(async (command) =>
          (await registryWith(images).request(event({}, { ...asked, VersionValue: built(command).tag }))).Status));
        expect({ set, pushCommands, answers }).toEqual({ set, pushCommands, answers: expect.arrayContaining(['SUCCESS']) });
      }
    }
  });
});

test('a registry whose guards all accept the same image gets one build', () => {
  expect(builds(shop(['task on x86'], ['function on x86'], ['task on EC2']).pushCommands)).toEqual([
    expect.stringContaining(' --platform linux/amd64 --provenance=false --sbom=false --tag '),
  ]);
  expect(builds(shop(['task on x86'], ['task on arm']).pushCommands)).toEqual([
    expect.stringMatching(/--platform linux\/amd64,linux\/arm64 --tag \S+:\$TAG /),
  ]);
});

test('a registry whose guards accept no common image gets a build and a tag for each kind of image', () => {
  const tags = (...guards: Use[][]) => builds(shop(...guards).pushCommands).map((command) => built(command).tag);
  expect(tags(['function on x86'], ['function on arm'])).toEqual(['$TAG-amd64', '$TAG-arm64']);
  expect(tags(['function on x86'], ['task on arm'])).toEqual(['$TAG', '$TAG-amd64']);
  expect(tags(['function on x86'], ['task on arm', 'task on x86'])).toEqual(['$TAG', '$TAG-amd64']);
  expect(tags(['function on x86'], ['function on arm'], ['task on arm'])).toEqual(['$TAG-amd64', '$TAG-arm64']);
});

test('the login uses the host of the registry, for any repository name', () => {
  expect(logIn({ uri: '1.dkr.ecr.r.amazonaws.com/a/b/c', region: 'r' })).toMatch(/ --region r \| .* 1\.dkr\.ecr\.r\.amazonaws\.com$/);
});
