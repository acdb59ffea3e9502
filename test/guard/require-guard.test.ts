import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { App, Aws, Fn, Lazy, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as assets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct } from 'constructs';
import { ImageGuard, ImageRegistry, ImageVersion, PhasedFargateService } from '../../src';
import { testApp } from '../util/synth';

let app: App;
let stack: Stack;
let registry: ImageRegistry;
let guard: ImageGuard;

beforeEach(() => {
  app = testApp();
  stack = new Stack(app, 'Web');
  registry = ImageRegistry.inCompanionStack(stack, 'Images');
  guard = new ImageGuard(stack, 'Guard', { registry, imageVersion: ImageVersion.tag('v1') });
});

function task(scope: Construct, image: ecs.ContainerImage | string, id = 'Task'): ecs.FargateTaskDefinition {
  const definition = new ecs.FargateTaskDefinition(scope, id);
  definition.addContainer('app', { image: typeof image === 'string' ? ecs.ContainerImage.fromRegistry(image) : image });
  return definition;
}

/** What is found fault with, one line each, as the user sees it. */
function faults(scope: IConstruct = app, strict?: boolean): string[] {
  ImageGuard.requireOn(scope, { strict });
  try {
    app.synth();
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').filter((line) => line.includes('passes no guard'));
  }
}

const dockerContext = fs.mkdtempSync(path.join(os.tmpdir(), 'phased-fargate-test-'));
fs.writeFileSync(path.join(dockerContext, 'Dockerfile'), 'FROM scratch\n');
afterAll(() => fs.rmSync(dockerContext, { recursive: true }));

describe('refuses', () => {
  test.each([
    ['a tag of the registry', () => ecs.ContainerImage.fromEcrRepository(registry, 'v1')],
    ['a literal digest', () => registry.repositoryUriForDigest(`sha256:${'0'.repeat(64)}`)],
    ['the tag that the guard answered with', () => registry.repositoryUriForTag(guard.imageTag)],
    ['a literal URI', () => '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1'],
    ['a literal URI of an IPv6 endpoint', () => '111111111111.dkr-ecr.eu-west-1.on.aws/app:v1'],
    ['a URI written with Fn::Sub', () => Fn.sub('${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:v1')],
    ['a URI written with Fn::Join', () => Fn.join('.', [Aws.ACCOUNT_ID, 'dkr', 'ecr', Aws.REGION, 'amazonaws.com/app:v1'])],
    ['a URI that is produced at synthesis', () => Lazy.string({ produce: () => registry.repositoryUriForTag('v1') })],
    ['a plain repository of the same stack', () => ecs.ContainerImage.fromEcrRepository(new ecr.Repository(stack, 'Plain'), 'v1')],
    ['a URI written with Fn::Sub and variables', () => Fn.sub('${Account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1', { Account: Aws.ACCOUNT_ID })],
    ['the digest of a guard with something after it', () => `${guard.imageUri}-suffix`],
  ])('%s', (_, image) => {
    task(stack, image());
    expect(faults()).toHaveLength(1);
  });

  test('saying which container, where, and what to do', () => {
    task(stack, '111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1');
    expect(faults()).toEqual([expect.stringContaining(
      'image 111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:v1 of container "app" passes no guard: ' +
      "take it from new ImageGuard(this, 'Guard', { registry, imageVersion }).image (at Web/Task/Resource)")]);
  });

  test('each container by itself', () => {
    const definition = task(stack, guard.image);
    definition.addContainer('one', { image: ecs.ContainerImage.fromEcrRepository(registry, 'v1') });
    definition.addContainer('two', { image: ecs.ContainerImage.fromEcrRepository(registry, 'v2') });
    expect(faults()).toHaveLength(2);
  });

  test('what is in an L1 construct too', () => {
    new ecs.CfnTaskDefinition(stack, 'Raw', { containerDefinitions: [{ name: 'app', image: registry.repositoryUriForTag('v1') }] });
    expect(faults()).toHaveLength(1);
  });

  test.each([
    ['in a nested stack', () => new NestedStack(stack, 'Nested')],
    ['in a stage', () => new Stack(new Stage(app, 'Prod'), 'Web')],
    ['in another stack of the app', () => new Stack(app, 'Other')],
  ])('%s', (_, scope) => {
    task(scope(), ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(faults()).toHaveLength(1);
  });

  test('what is added after requireOn', () => {
    ImageGuard.requireOn(app);
    task(stack, ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(() => app.synth()).toThrow('passes no guard');
  });
});

describe('accepts', () => {
  test.each([
    ['the image of a guard', () => guard.image],
    ['the URI of a guard', () => guard.imageUri],
    ['the digest of a guard', () => registry.repositoryUriForDigest(guard.imageDigest)],
    ['the digest of a guard, put together with Fn::Join', () => Fn.join('@', [registry.repositoryUri, guard.imageDigest])],
    ['the digest of a guard, put together with Fn::Sub', () => Fn.sub('1.dkr.ecr.r.amazonaws.com/app@${Digest}', { Digest: guard.imageDigest })],
    ['an image of a public registry', () => 'public.ecr.aws/docker/library/nginx:1'],
    ['an image of Docker Hub', () => 'nginx'],
  ])('%s', (_, image) => {
    task(stack, image());
    expect(faults()).toEqual([]);
  });

  test('an image that CDK builds and pushes by itself', () => {
    task(stack, ecs.ContainerImage.fromAsset(dockerContext));
    task(stack, ecs.ContainerImage.fromDockerImageAsset(new assets.DockerImageAsset(stack, 'Asset', { directory: dockerContext })), 'Other');
    expect(faults()).toEqual([]);
  });

  test('the image of a guard in a nested stack of the guard', () => {
    task(new NestedStack(stack, 'Nested'), guard.image);
    expect(faults()).toEqual([]);
  });

  test('a whole service', () => {
    new PhasedFargateService(stack, 'Api');
    new PhasedFargateService(new NestedStack(stack, 'Nested'), 'Api');
    new PhasedFargateService(new Stack(new Stage(app, 'Prod'), 'Web'), 'Api');
    expect(faults()).toEqual([]);
  });

  test('what is not below the scope', () => {
    task(new Stack(app, 'Other'), ecs.ContainerImage.fromEcrRepository(registry, 'v1'));
    expect(faults(stack)).toEqual([]);
  });
});

describe('with strict', () => {
  test.each([
    ['an image of Docker Hub', () => ecs.ContainerImage.fromRegistry('nginx')],
    ['an image of a public registry', () => ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/nginx:1')],
    ['an image that CDK builds', () => ecs.ContainerImage.fromAsset(dockerContext)],
    ['a tag of the registry', () => ecs.ContainerImage.fromEcrRepository(registry, 'v1')],
  ])('refuses %s too', (_, image) => {
    task(stack, image());
    expect(faults(app, true)).toHaveLength(1);
  });

  test('accepts the image of a guard', () => {
    task(stack, guard.image);
    expect(faults(app, true)).toEqual([]);
  });
});
