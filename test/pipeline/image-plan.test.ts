import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Stack, Stage, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as fc from 'fast-check';
import { ENV, inSources } from './shop';
import { ImageBuild, ImageCompression, ImageGuard, ImageRegistry, PhasedFargateService, PhasedFargateServiceProps } from '../../src';
import { DeployPlan, deployPlan } from '../../src/pipeline/deploy-plan';
import { testApp } from '../util/synth';

type Build = Omit<ImageBuild, 'registry'>;

describe('the settings in the tag', () => {
  const settings = (build: Build, props: PhasedFargateServiceProps = {}): string => {
    const app = testApp();
    const { registry } = new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api', props);
    return planOf(app, [{ registry, ...build }]).images[0].settings;
  };

  test('are the same at each synthesis, in any order of the options', () => {
    expect(settings({})).toMatch(/^[0-9a-f]{8}$/);
    expect(settings({ context: './', dockerfile: 'Dockerfile' })).toBe(settings({}));
    expect(settings({ buildArgs: { A: '1', B: '2' } })).toBe(settings({ buildArgs: { B: '2', A: '1' } }));
  });

  const ARM = { cpuArchitecture: ecs.CpuArchitecture.ARM64 };
  const others: [string, Build, PhasedFargateServiceProps?][] = [
    ['a build argument', { buildArgs: { MODE: 'debug' } }],
    ['another value of it', { buildArgs: { MODE: 'release' } }],
    ['another name of it', { buildArgs: { MODES: 'debug' } }],
    ['an empty value of it', { buildArgs: { MODE: '' } }],
    ['a target', { target: 'dev' }],
    ['another target', { target: 'release' }],
    ['an architecture', {}, ARM],
    ['a context', { context: 'api' }],
    ['a Dockerfile', { dockerfile: 'api/Dockerfile' }],
    ['an additional context', { additionalContexts: { lib: 'api' } }],
    ['another name of it', { additionalContexts: { libs: 'api' } }],
    ['an image as additional context', { additionalContexts: { lib: 'docker-image://alpine:3.22' } }],
    ['a secret', { secrets: { npm: 'NPM_TOKEN' } }],
    ['another secret', { secrets: { npmrc: 'NPM_TOKEN' } }],
    ['a compression', { compression: ImageCompression.zstd() }],
    ['another level of it', { compression: ImageCompression.zstd(19) }],
    ['no setting at all', {}],
  ];

  test('differ if any build setting differs', () => {
    const all = others.map(([, build, props]) => settings(build, props));
    expect(new Set(all).size).toBe(others.length);
  });

  test.each<[string, Build]>([
    ['tags', { tags: ['latest'] }],
    ['the variable that a secret is read from', { secrets: {} }],
    ['where and when it is built', { runsOn: 'ubuntu-24.04-arm', rebuildSchedule: '17 3 * * 1' }],
  ])('do not depend on %s', (_, build) => {
    expect(settings(build)).toBe(settings({}));
  });

  test('change with any build argument', () => {
    const args = fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/), fc.string(), { maxKeys: 3 });
    fc.assert(fc.property(args, args, (one, other) => {
      const same = JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
      expect(settings({ buildArgs: one }) === settings({ buildArgs: other })).toBe(same);
    }), { numRuns: 25 });
  });
});

describe('the sources of an image are', () => {
  const sources = (build: Build) => {
    const app = testApp();
    const { registry } = new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api');
    return planOf(app, [{ registry, ...build }]).images[0].sources;
  };

  test.each<[string, Build, string[]]>([
    ['the whole repository by default', {}, ['.']],
    ['its build context', { context: './api/' }, ['api']],
    ['also a Dockerfile outside the context and its ignore file', { context: 'api', dockerfile: 'docker/api' }, ['api', 'docker/api', 'docker/api.dockerignore']],
    ['also additional contexts that are directories', { context: 'api', additionalContexts: { lib: 'packages/lib', base: 'docker-image://alpine' } }, ['api', 'packages/lib']],
    ['no paths within other paths', { context: 'api', additionalContexts: { all: '.' }, dockerfile: 'docker/api' }, ['.']],
    ['separate directories even if one name begins with the other', { context: 'api', additionalContexts: { lib: 'api-lib' } }, ['api', 'api-lib']],
  ])('%s', (_, build, expected) => {
    expect(sources(build)).toEqual(expected);
  });
});

describe('the IDs of images', () => {
  test('are readable, and differ if names differ only in separators, account, or region', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    const names = ['team/api', 'team-api', 'team_api', 'web'];
    for (const [index, name] of names.entries()) new PhasedFargateService(stack, `Api${index}`, { registry: ecr.Repository.fromRepositoryName(stack, `${name} it`, name) });
    for (const region of ['us-east-1', 'us-west-2']) {
      new PhasedFargateService(stack, region, { registry: new ImageRegistry(new Stack(app, region, { env: { ...ENV, region } }), 'R', { repositoryName: 'both' }) });
    }
    const ids = planOf(app, []).images.map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(ids.filter((id) => /^team-api-[0-9a-f]{8}$/.test(id))).toHaveLength(3);
    expect(ids.filter((id) => /^both-[0-9a-f]{8}$/.test(id))).toHaveLength(2);
    expect(ids).toContain('web');
  });
});

describe('a promoted image', () => {
  const twoStages = (props: PhasedFargateServiceProps = {}) => {
    const app = testApp();
    const [dev, prod] = [['Dev', ENV], ['Prod', { account: '444455556666', region: 'us-east-1' }]].map(([id, env]: any) =>
      new PhasedFargateService(new Stack(new Stage(app, id, { env }), 'Shop'), 'Api', id === 'Prod' ? props : {}));
    return { app, dev, prod };
  };

  test('is built once, and the next stage runs a copy with the same tag', () => {
    const { app, dev, prod } = twoStages();
    const { images, environments, registryStacks } = planOf(app, [{ registry: dev.registry, promoteTo: [prod.registry], tags: ['latest'] }]);
    expect(images.map(({ id }) => id)).toEqual(['dev-dev-shop-api']);
    expect(environments.map(({ releases: [{ image }] }) => [image.repositoryUri, image.copyOf?.repositoryUri])).toEqual([
      ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/dev-shop-api', undefined],
      ['444455556666.dkr.ecr.us-east-1.amazonaws.com/prod-shop-api', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/dev-shop-api'],
    ]);
    expect(environments[1].releases[0].image.settings).toBe(images[0].settings);
    expect(registryStacks.map(({ deployId }) => deployId)).toEqual(['Dev/Shop/Registry', 'Prod/Shop/Registry']);
  });

  test('is built for the platforms of all its stages, even if only one is deployed', () => {
    const { app, dev, prod } = twoStages({ cpuArchitecture: ecs.CpuArchitecture.ARM64 });
    const builds = [{ registry: dev.registry, promoteTo: [prod.registry] }];
    for (const scope of [app, Stage.of(dev)!, Stage.of(prod)!]) {
      expect(planOf(scope, builds).images.map(({ platforms }) => platforms)).toEqual([['linux/amd64', 'linux/arm64']]);
    }
  });

  test('can come from a registry that no service uses', () => {
    const { app, dev, prod } = twoStages();
    const central = new ImageRegistry(new Stack(app, 'Tools', { env: ENV }), 'Shop', { repositoryName: 'shop' });
    const { images, registryStacks } = planOf(app, [{ registry: central, promoteTo: [dev.registry, prod.registry] }]);
    expect(images.map(({ id, fromApp }) => ({ id, fromApp }))).toEqual([{ id: 'shop', fromApp: true }]);
    expect(registryStacks.map(({ deployId }) => deployId)).toEqual(['Dev/Shop/Registry', 'Prod/Shop/Registry', 'Tools']);
  });

  test('needs a stage that runs it', () => {
    const { app, dev } = twoStages();
    const unused = new ImageRegistry(new Stack(app, 'Other', { env: ENV }), 'Unused');
    expect(() => planOf(app, [{ registry: dev.registry, promoteTo: [unused] }]))
      .toThrow('images[0].promoteTo[0]: no ImageGuard uses Other/Unused, except with ImageVersion.digest(), which needs no build: remove this entry, or pass the registry of another guard (at the app)');
  });

  test('has only one origin', () => {
    const { app, dev, prod } = twoStages();
    const again = ecr.Repository.fromRepositoryAttributes(Stack.of(prod), 'Again', {
      repositoryName: 'prod-shop-api', repositoryArn: 'arn:aws:ecr:us-east-1:444455556666:repository/prod-shop-api',
    });
    const uri = '444455556666.dkr.ecr.us-east-1.amazonaws.com/prod-shop-api';
    expect(() => planOf(app, [{ registry: dev.registry, promoteTo: [prod.registry] }, { registry: again }]))
      .toThrow(`images[1].registry: Prod/Shop/Again is the repository ${uri}, which is already in images: list each repository once (at the app)`);
    expect(() => planOf(app, [{ registry: dev.registry, promoteTo: [prod.registry, again] }]))
      .toThrow(`images[0].promoteTo[1]: Prod/Shop/Again is the repository ${uri}, which is already in images: list each repository once (at the app)`);
  });
});

describe('build settings', () => {
  const render = (build: Record<string, unknown>, content: Parameters<typeof inSources>[0] = { directories: ['api', '.'] }) => inSources(content, (root) => {
    const app = testApp();
    const { registry } = new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api');
    fs.symlinkSync('..', path.join(root, 'outside'));
    fs.symlinkSync('api', path.join(root, 'linked'));
    fs.symlinkSync('loop', path.join(root, 'loop'));
    return planOf(app, [{ registry, ...build }], root);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ context: 'web' }, 'images[0].context "web" is not a directory of the source repository: pass the path relative to its root (at the app)'],
    [{ context: 'api/Dockerfile' }, 'images[0].context "api/Dockerfile" is not a directory of the source repository'],
    [{ context: '../api' }, 'images[0].context "../api" is outside the source repository: pass a path relative to its root (at the app)'],
    [{ context: 'api/../..' }, 'images[0].context "api/../.." is outside the source repository'],
    [{ context: '/api' }, 'images[0].context "/api" is outside the source repository'],
    [{ context: 'linked' }, 'images[0].context "linked" is a symbolic link, so a change of its target would not produce a new image: pass "api" (at the app)'],
    [{ context: 'outside' }, 'images[0].context "outside" is a symbolic link to a path outside the source repository: pass a path inside it (at the app)'],
    [{ context: 'loop' }, 'images[0].context "loop" is not a directory of the source repository'],
    [{ context: 'https://github.com/octo-org/web.git' }, 'images[0].context "https://github.com/octo-org/web.git" is an address: pass a path relative to the root of the source repository (at the app)'],
    [{ dockerfile: 'linked/Dockerfile' }, 'images[0].dockerfile "linked/Dockerfile" is a symbolic link'],
    [{ additionalContexts: { lib: 'linked' } }, 'images[0].additionalContexts.lib "linked" is a symbolic link'],
    [{ context: './-api' }, 'images[0].context "-api" begins with "-", so Docker would read it as an option: rename the directory (at the app)'],
    [{ context: ' api' }, 'images[0].context " api" is not valid: pass a path that is known at synthesis, without leading or trailing spaces'],
    [{ context: '' }, 'images[0].context "" is not valid: pass a path that is known at synthesis, without'],
    [{ context: 'a\nb' }, 'images[0].context "a\nb" is not valid: pass a path that is known at synthesis, without'],
    [{ context: Token.asString({ Ref: 'Context' }) }, 'is not valid: pass a path that is known at synthesis, without'],
    [{ context: 'api', dockerfile: 'api/dockerfile' }, 'images[0].dockerfile "api/dockerfile" is not a file of the source repository'],
    [{ dockerfile: 'api' }, 'images[0].dockerfile "api" is not a file of the source repository'],
    [{ dockerfile: '../Dockerfile' }, 'images[0].dockerfile "../Dockerfile" is outside'],
    [{ additionalContexts: { lib: 'lib' } }, 'images[0].additionalContexts.lib "lib" is not a directory of the source repository'],
    [{ additionalContexts: { lib: '../lib' } }, 'images[0].additionalContexts.lib "../lib" is outside'],
    ...['oci-layout://api', 'file:///api', 'docker-image://', 'https://a b'].map((address): [Record<string, unknown>, string] => [
      { additionalContexts: { lib: address } }, `images[0].additionalContexts.lib "${address}" is neither a directory of the source repository nor an address with one of these schemes: docker-image://, https://, http://, git://, ssh://`,
    ]),
    [{ additionalContexts: { 'a=b': 'api' } }, 'images[0].additionalContexts: "a=b" is not the name of a build context'],
    [{ buildArgs: { 'A B': '1' } }, 'images[0].buildArgs: "A B" is not the name of a build argument'],
    [{ buildArgs: { A: undefined } }, 'images[0].buildArgs.A undefined is not a string that is known at synthesis'],
    [{ buildArgs: { A: Token.asString({ Ref: 'A' }) } }, 'is not a string that is known at synthesis'],
    [{ buildArgs: { A: 'a\0b' } }, 'is not a string that is known at synthesis'],
    [{ buildArgs: { A: 'half of a character: \ud83d' } }, 'is not a string that is known at synthesis'],
    [{ target: 'a b' }, 'images[0].target "a b" is not a single word that is known at synthesis'],
    [{ target: '' }, 'images[0].target "" is not a single word that is known at synthesis'],
    [{ secrets: { 'a,b': 'A' } }, 'images[0].secrets: "a,b" is not the id of a secret'],
    [{ secrets: { npm: 'npm-token' } }, 'images[0].secrets.npm "npm-token" is not the name of an environment variable for a secret: '],
    [{ secrets: { npm: 'GITHUB_TOKEN' } }, 'images[0].secrets.npm "GITHUB_TOKEN" is not the name of an environment variable for a secret: '],
    [{ secrets: { npm: 'A' }, buildArgs: { A: '' } }, 'images[0].secrets.npm is read from A, which is also the name of a build argument: rename one of them'],
    [{ tags: ['-a'] }, 'images[0].tags[0] "-a" is not a tag: '],
    [{ tags: ['latest', 'latest'] }, 'images[0].tags[1] "latest" is in the list twice'],
    [{ tags: ['deployed-shop'] }, 'images[0].tags[0] "deployed-shop": tags that begin with "deployed-" or "cache" are reserved'],
    [{ tags: [Token.asString({ Ref: 'Tag' })] }, 'is not a tag: '],
    [{ rebuildSchedule: 'weekly' }, 'images[0].rebuildSchedule "weekly" is not a cron expression of GitHub Actions: pass five fields, such as "17 3 * * 1"'],
    [{ rebuildSchedule: '0 0 3 * * 1' }, 'images[0].rebuildSchedule "0 0 3 * * 1" is not a cron expression'],
    [{ runsOn: 'a b' }, 'images[0].runsOn "a b" is not a single word'],
  ])('%j', (build, message) => {
    expect(() => render(build)).toThrow(message);
  });

  test('are accepted if they are valid', () => {
    expect(() => render({
      context: './api/',
      dockerfile: 'api/Dockerfile',
      target: 'release',
      buildArgs: { _a: '', B1: 'x\ny' },
      additionalContexts: { 'lib': 'api', 'node:22': 'docker-image://node:22@sha256:0', 'web': 'https://github.com/octo-org/web.git#main' },
      secrets: { 'npm.token-1': 'NPM_TOKEN' },
      tags: ['latest', '1.2.3', '_'],
      rebuildSchedule: '*/5 0-3 1,15 JAN MON-FRI',
      runsOn: 'self-hosted-arm',
    })).not.toThrow();
  });

  test.each(['github.com/octo-org/web', 'target:web'])('contain a relative path for a directory that buildx would mistake for an address: %s', (directory) => {
    const { images: [image] } = render({ context: 'api', additionalContexts: { web: directory } }, { directories: ['api', directory] });
    expect(image.additionalContexts).toEqual({ web: `./${directory}` });
    expect(image.sources).toContain(directory);
  });

  test('can have any path if the root of the repository is unknown', () => {
    const app = testApp();
    const { registry } = new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api');
    expect(() => planOf(app, [{ registry, context: 'somewhere' }])).not.toThrow();
  });

  test('can omit the Dockerfile, which does not have to exist at synthesis', () => {
    expect(() => inSources({}, (root) => {
      const app = testApp();
      new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api');
      planOf(app, [], root);
    })).not.toThrow();
  });

  test('cannot have a compression that Lambda does not support if a Lambda function uses the image', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    const registry = ImageRegistry.inCompanionStack(stack, 'Function');
    const { lambdaCode } = new ImageGuard(stack, 'Guard', { registry });
    new lambda.Function(stack, 'Function', { code: lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE });
    expect(() => planOf(app, [{ registry, compression: ImageCompression.zstd() }])).toThrow('images[0].compression: Lambda functions cannot run an image with this compression');
    expect(() => planOf(app, [{ registry, compression: ImageCompression.gzip(9) }])).not.toThrow();
  });

  test.each([0, 23, 1.5, NaN, Infinity])('cannot have a compression level of %d', (level) => {
    expect(() => ImageCompression.zstd(level)).toThrow(`ImageCompression.zstd: level ${level} is not a whole number from 1 to 22`);
  });
});

function planOf(scope: App | Stage, builds: ImageBuild[], root?: string): DeployPlan {
  return deployPlan(scope, builds, root);
}
