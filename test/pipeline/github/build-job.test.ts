import { spawnSync } from 'node:child_process';
import { App, Stack, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { faultsInWorkflow } from './github-reader';
import { DeployScript, DeployWorkflowProps, ImageBuild, ImageCompression, ImageGuard, ImageRegistry, PhasedFargateService, PhasedFargateServiceProps } from '../../../src';
import { buildxArguments } from '../../e2e/pipeline/build-push-action';
import { BuildRequest, parseBuild } from '../../e2e/pipeline/buildx-arguments';
import { testApp } from '../../util/synth';
import { ENV, inSources, workflow } from '../shop';

type Build = Omit<ImageBuild, 'registry'>;

const URI = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-api';

/** Excludes names that the commands of a script use as variables. */
const ARGUMENTS: Record<string, string> = {
  BANNER: 'first line\n  second line\n',
  CONFIG: '{"mode":"prod","debug":false}',
  LIST: 'a,"b c",d',
  PADDED: ' x ',
  TAB: '\tx',
  CRLF: 'a\r\nb',
  QUOTES: '"quoted"',
  QUOTE: '"',
  SINGLE: "it's",
  DOLLAR: '$HOME ${HOME} $(id) `id`',
  BACKSLASH: 'a\\nb\\',
  EQUALS: 'a=b=c',
  COMMENT: '# no comment',
  YAML: '- a: b',
  EMPTY: '',
  PLAIN: 'p',
  UNICODE: 'é \u2028 \u0085 🚀',
};

describe('the arguments of buildx', () => {
  test('are the same in the workflow and in the script', () => {
    const build = {
      context: 'web app',
      dockerfile: 'docker/web',
      target: 'release',
      buildArgs: ARGUMENTS,
      additionalContexts: { lib: 'packages/lib, "x"', base: 'docker-image://alpine:3.22' },
      secrets: { npm: 'NPM_TOKEN', pip: 'PIP_TOKEN' },
      compression: ImageCompression.zstd(19),
    };
    const [inWorkflow, inScript] = requests(build, { NPM_TOKEN: 'secret', PIP_TOKEN: ' with, "blanks"\n' });
    expect(inWorkflow).toEqual({ ...inScript, cacheTo: expect.any(String) });
    expect(inScript).toEqual({
      context: 'web app',
      dockerfile: 'docker/web',
      platforms: ['linux/amd64'],
      tags: [`${URI}:the-tag`],
      target: 'release',
      buildArgs: ARGUMENTS,
      contexts: build.additionalContexts,
      secrets: { npm: 'secret', pip: ' with, "blanks"\n' },
      compression: 'zstd',
      provenance: true,
      fromScratch: false,
      cacheTo: undefined,
    });
  });

  test('contain every build argument unchanged', () => {
    const values = fc.dictionary(
      fc.stringMatching(/^[A-Z]_[A-Z0-9_]{0,8}$/),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', ' ', '\t', "'", '\\', '$', '=', '{', 'a', '#', ':', '-', '\u00a0') })),
      { maxKeys: 8 },
    );
    fc.assert(fc.property(values.filter((args) => !JSON.stringify(args).includes('${{') && !JSON.stringify(args).includes('\\u0000')), (buildArgs) => {
      for (const request of requests({ buildArgs })) expect(request.buildArgs).toEqual(buildArgs);
    }), { numRuns: 15 });
  });

  test('request a single manifest for a Lambda function, in the workflow and in the script', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    const guard = new ImageGuard(stack, 'Guard', { registry: ImageRegistry.inCompanionStack(stack, 'Function') });
    new lambda.Function(stack, 'Function', { code: guard.lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE });
    const job = parse(workflow(app).render()).jobs['build-shop-function'];
    expect(stepOf(job, 'Build and push').with).toMatchObject({ provenance: false, sbom: false });
    expect(new DeployScript(app, 'Script').render()).toContain('--provenance=false \\\n    --sbom=false');
  });

  test('contain several platforms if services run on several platforms', () => {
    const both = requests({}, {}, [{}, { cpuArchitecture: ecs.CpuArchitecture.ARM64 }]);
    for (const { platforms } of both) expect(platforms).toEqual(['linux/amd64', 'linux/arm64']);
  });

  test.each<[string, Build]>([
    ['buildArgs.SHA "${{ github.sha }}"', { buildArgs: { SHA: '${{ github.sha }}' } }],
    ['target "${{x}}"', { target: '${{x}}' }],
    ['additionalContexts.lib "docker-image://{{defaultContext}}"', { additionalContexts: { lib: 'docker-image://{{defaultContext}}' } }],
  ])('must not be changed by GitHub or the action: %s', (what, build) => {
    expect(() => jobOf(build)).toThrow(`images: ${what} contains an expression that the workflow would evaluate`);
  });
});

test.each(['GITHUB_SHA', 'PATH', 'CI'])('a build argument %s must not end with whitespace, because the runner has a variable with that name', (name) => {
  expect(() => jobOf({ buildArgs: { [name]: 'x\n' } })).toThrow(`images: buildArgs.${name} "x\n" ends with whitespace`);
  expect(stepOf(jobOf({ buildArgs: { [name]: ' x' } }), 'Build and push').with['build-args']).toBe(`${name}= x`);
});

describe('secrets', () => {
  const SECRETS = { secrets: { npm: 'NPM_TOKEN', pip: 'PIP_TOKEN' } };

  test('are only in the environment of the build step, and are never printed', () => {
    const job = jobOf(SECRETS);
    for (const { name, env = {}, run = '' } of job.steps) {
      const values = Object.values(env).filter((value) => /^\$\{\{ secrets\.\w+ \}\}$/.test(String(value)));
      expect({ name, values }).toEqual({ name, values: name === 'Build and push' ? ['${{ secrets.NPM_TOKEN }}', '${{ secrets.PIP_TOKEN }}'] : [] });
      expect(run).not.toContain('secrets.');
    }
    expect(JSON.stringify(job.steps.map((step: any) => step.with))).not.toContain('secrets.');
  });

  test('are checked before the build without reading their values', () => {
    const { env, if: condition } = stepOf(jobOf(SECRETS), 'Check the build secrets');
    expect(env.NPM_TOKEN).toBe("${{ secrets.NPM_TOKEN != '' && 'set' || '' }}");
    expect(condition).toBe("steps.image.outputs.digest == ''");
  });

  test('can be secrets of an environment, in which every job with the push role then runs', () => {
    const { registry, app } = shop([{}]);
    const { jobs } = parse(inSources({ directories: ['.'] }, () => workflow(app, { images: [{ registry, ...SECRETS, tags: ['latest'] }], buildEnvironmentName: 'build' }).render()));
    expect([jobs['build-shop-api'].environment, jobs['tag-shop-api'].environment, jobs.deploy.environment]).toEqual(['build', 'build', undefined]);
  });
});

describe('the cache', () => {
  test('is in the registry if its tags can move', () => {
    const inputs = stepOf(jobOf({}), 'Build and push').with;
    expect(inputs['cache-from']).toBe(`type=registry,ref=${URI}:cache`);
    expect(inputs['cache-to']).toBe(`type=registry,ref=${URI}:cache,mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`);
  });

  test('is the GitHub cache if no tag of the registry can move, with a scope for each repository', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    for (const name of ['team/api', 'team-api']) new PhasedFargateService(stack, name.replace('/', '0').replace('-', '1'), { registry: ecr.Repository.fromRepositoryName(stack, name, name) });
    const { jobs } = parse(workflow(app).render());
    const inputs = Object.values<any>(jobs).flatMap(({ steps }) => steps).filter(({ name }) => name === 'Build and push').map((step) => step.with);
    expect(inputs).toHaveLength(2);
    for (const key of ['cache-from', 'cache-to']) {
      const scopes = inputs.map((input) => /^type=gha,scope=([^,]+)(,|$)/.exec(input[key])![1]);
      expect(scopes).toEqual(['team/api', 'team-api'].map((name) => `111122223333.dkr.ecr.eu-west-1.amazonaws.com/${name}`));
    }
  });
});

describe('a build uses emulation', () => {
  const ARM = { cpuArchitecture: ecs.CpuArchitecture.ARM64 };

  test.each<[string, PhasedFargateServiceProps[], string | undefined, Build, string | undefined]>([
    ['never for the architecture of the runner', [{}], undefined, {}, undefined],
    ['always for another architecture', [ARM], undefined, {}, ''],
    ['always for two architectures', [{}, ARM], undefined, {}, ''],
    ['never for ARM if the image has an ARM runner', [ARM], undefined, { runsOn: 'ubuntu-24.04-arm' }, undefined],
    ['never for ARM if all jobs have ARM runners', [ARM], 'ubuntu-22.04-arm', {}, undefined],
    ['always for amd64 on an ARM runner', [{}], 'ubuntu-24.04-arm', {}, ''],
    ['for amd64 if the label is custom and the runner has another architecture', [{}], 'ours', {}, " && runner.arch != 'X64'"],
    ['for ARM if the label is custom and the runner has another architecture', [ARM], 'ours', {}, " && runner.arch != 'ARM64'"],
    ['always for two architectures if the label is custom', [{}, ARM], 'ours', {}, ''],
    ['for amd64 if the runner is a larger one and has another architecture', [{}], 'ubuntu-24.04-arm-16-cores', {}, " && runner.arch != 'X64'"],
  ])('%s', (_, services, runsOn, build, condition) => {
    const job = jobOf(build, services, { runsOn });
    expect(job['runs-on']).toBe(build.runsOn ?? runsOn ?? 'ubuntu-24.04');
    expect(job.steps.find(({ name }: any) => name === 'Set up QEMU')?.if).toBe(condition === undefined ? undefined : `steps.image.outputs.digest == ''${condition}`);
  });
});

describe('a rebuild', () => {
  const SCHEDULE = { rebuildSchedule: '17 3 * * 1' };

  test('runs on the schedule, builds from scratch, and has its own tag', () => {
    const { registry, app } = shop([{}]);
    const text = inSources({ directories: ['.'] }, () => workflow(app, { images: [{ registry, ...SCHEDULE }] }).render());
    const { on, jobs } = parse(text);
    expect(on).toEqual({ push: { branches: ['main'] }, schedule: [{ cron: '17 3 * * 1' }] });
    const inputs = stepOf(jobs['build-shop-api'], 'Build and push').with;
    expect([inputs.pull, inputs['no-cache']]).toEqual(Array(2).fill("${{ steps.image.outputs.rebuild == 'true' }}"));
    const look = stepOf(jobs['build-shop-api'], 'Look up the image');
    expect(look.env).toEqual({ SCHEDULE: '${{ github.event.schedule }}' });
    expect(look.run).toContain("if [[ $SCHEDULE == '17 3 * * 1' ]]; then\n  rebuild=true\n  tag=$tag-$(date -u +%Y%m%dT%H%M)\n");
  });

  test('deploys nothing if the default branch is not the branch of the workflow', () => {
    const { registry, app } = shop([{}]);
    const text = inSources({ directories: ['.'] }, () => workflow(app, { branch: "it's", images: [{ registry, ...SCHEDULE }] }).render());
    for (const job of Object.values<any>(parse(text).jobs)) {
      expect(job.if).toMatch(/^\(github\.event_name != 'schedule' \|\| github\.ref_name == 'it''s'\)( && |$)/);
    }
  });

  test('applies only to images with a rebuildSchedule', () => {
    expect(stepOf(jobOf({}), 'Build and push').with).not.toHaveProperty('pull');
    expect(stepOf(jobOf({}), 'Look up the image').run).not.toContain('newest_tag');
  });

  test('is deployed by later runs of a script', () => {
    expect(scriptOf(SCHEDULE)).toContain('tag=$(newest_tag 111122223333 eu-west-1 shop-api "$tag")');
    expect(scriptOf({})).not.toContain('newest_tag');
  });
});

describe('further tags', () => {
  test('are set by a separate job in the order of commits, and not by the build', () => {
    const { registry, app } = shop([{}]);
    const { jobs } = parse(inSources({ directories: ['.'] }, () => workflow(app, { images: [{ registry, tags: ['latest', '1.2.3'] }] }).render()));
    expect(stepOf(jobs['build-shop-api'], 'Build and push').with.tags).toBe(`${URI}:\${{ steps.image.outputs.tag }}`);
    const tag = jobs['tag-shop-api'];
    expect(tag.needs).toEqual(['build-shop-api', 'order']);
    expect(tag.concurrency).toEqual({ 'group': `tag-${URI}`, 'cancel-in-progress': false });
    expect(tag.steps.map(({ name }: any) => name).slice(0, 2)).toEqual(['Set up Node.js', 'Check the commit order']);
    for (const name of ['latest', '1.2.3']) expect(stepOf(tag, 'Set further tags').run).toContain(`111122223333 eu-west-1 shop-api ${URI} "${name}"`);
    expect(jobs.deploy.needs).toEqual(['build-shop-api', 'order']);
  });
});

describe('promotion', () => {
  const ACCOUNTS = { Dev: ENV, Prod: { account: '444455556666', region: 'us-east-1' } };

  function twoStages(): { app: App; dev: PhasedFargateService; prod: PhasedFargateService } {
    const app = testApp();
    const [dev, prod] = Object.entries(ACCOUNTS).map(([id, env]) => new PhasedFargateService(new Stack(new Stage(app, id, { env }), 'Shop'), 'Api'));
    return { app, dev, prod };
  }

  test('copies the image after the previous stage runs it, and the next stage runs the copy with the same digest', () => {
    const { app, dev, prod } = twoStages();
    const { jobs } = parse(inSources({ directories: ['.'] }, () => workflow(app, { images: [{ registry: dev.registry, promoteTo: [prod.registry] }] }).render()));
    const [build, promote] = ['build-dev-dev-shop-api', 'promote-prod-prod-shop-api'];
    expect(Object.keys(jobs).filter((id) => id.startsWith('build-'))).toEqual([build]);
    expect(jobs[promote].needs).toEqual([build, 'deploy-registry', 'deploy-dev']);
    expect(jobs['deploy-prod'].needs).toEqual([build, promote, 'deploy-dev']);

    const [from, to] = ['111122223333.dkr.ecr.eu-west-1.amazonaws.com/dev-shop-api', '444455556666.dkr.ecr.us-east-1.amazonaws.com/prod-shop-api'];
    const { env, run } = stepOf(jobs[promote], 'Copy the image');
    expect(env).toEqual({ TAG: `\${{ needs.${build}.outputs.tag }}`, DIGEST: `\${{ needs.${build}.outputs.digest }}` });
    expect(run).toContain(`\ncopy_image ${from} "$DIGEST" \\\n  444455556666 us-east-1 prod-shop-api ${to} "$TAG"\n`);
    expect(jobs[promote].steps.filter(({ uses = '' }) => uses.includes('ecr-login')).map(({ env: { AWS_REGION }, with: { registries } }: any) => [AWS_REGION, registries]))
      .toEqual([['eu-west-1', '111122223333'], ['us-east-1', '444455556666']]);
    expect(stepOf(jobs['deploy-prod'], 'Deploy').env).toEqual({ IMAGE_DEV_DEV_SHOP_API: `\${{ needs.${build}.outputs.tag }}@\${{ needs.${build}.outputs.digest }}` });
    expect(stepOf(jobs['deploy-prod'], 'Check the running images').run).toContain(`${to} "\${IMAGE_DEV_DEV_SHOP_API#*@}"`);
  });

  test('works the same in a script, and in a workflow for one stage', () => {
    const { app, dev, prod } = twoStages();
    const images = [{ registry: dev.registry, promoteTo: [prod.registry] }];
    inSources({ directories: ['.'] }, () => {
      expect(new DeployScript(app, 'Script', { images }).render()).toMatch(/promote_image eu-west-1 \S+dev-shop-api "\$\{IMAGE_DEV_DEV_SHOP_API#\*@\}" \\\n +444455556666 us-east-1 prod-shop-api \S+prod-shop-api "\$\{IMAGE_DEV_DEV_SHOP_API%@\*\}"\n  [^\n]*deploy Prod\/Shop /);
      const { jobs } = parse(workflow(Stage.of(prod)!, { images }).render());
      expect(Object.keys(jobs)).toEqual(['deploy-registry', 'build-dev-dev-shop-api', 'promote-prod-prod-shop-api', 'order', 'deploy-prod']);
    });
  });
});

test('GitHub finds no fault in a workflow with all build options', async () => {
  const { registry, app } = shop([{}]);
  const text = inSources({ directories: ['.', 'api'] }, () => workflow(app, {
    buildEnvironmentName: 'build',
    images: [{
      registry,
      buildArgs: ARGUMENTS,
      secrets: { npm: 'NPM_TOKEN' },
      tags: ['latest'],
      rebuildSchedule: '17 3 * * 1',
      additionalContexts: { api: 'api' },
      compression: ImageCompression.zstd(),
      runsOn: 'ubuntu-24.04-arm',
    }],
  }).render());
  expect(await faultsInWorkflow(text)).toEqual([]);
});

function shop(services: PhasedFargateServiceProps[]): { app: App; registry: ecr.IRepository } {
  const app = testApp();
  const stack = new Stack(app, 'Shop', { env: ENV });
  const [first, ...others] = services;
  const { registry } = new PhasedFargateService(stack, 'Api', first);
  others.forEach((props, index) => new PhasedFargateService(stack, `Other${index}`, { ...props, registry }));
  return { app, registry };
}

const SOURCES = { directories: ['.', 'web app', 'packages/lib, "x"'], files: ['docker/web'] };

function jobOf(build: Build, services: PhasedFargateServiceProps[] = [{}], props: Partial<DeployWorkflowProps> = {}): any {
  const { app, registry } = shop(services);
  const text = inSources(SOURCES, () => workflow(app, { ...props, images: [{ registry, ...build }] }).render());
  return parse(text).jobs['build-shop-api'];
}

function scriptOf(build: Build, services: PhasedFargateServiceProps[] = [{}]): string {
  const { app, registry } = shop(services);
  return inSources(SOURCES, () => new DeployScript(app, 'Script', { images: [{ registry, ...build }] }).render());
}

/** The buildx calls of the workflow and the script, with these secrets on GitHub or in the environment of the script. */
function requests(build: Build, secrets: Record<string, string> = {}, services: PhasedFargateServiceProps[] = [{}]): BuildRequest[] {
  const { with: inputs, env = {} } = stepOf(jobOf(build, services), 'Build and push');
  const evaluated = (value: string) => value.replace('${{ steps.image.outputs.tag }}', 'the-tag').replace(/^\$\{\{ secrets\.(\w+) \}\}$/, (_, name) => secrets[name]);
  const environment = Object.fromEntries(Object.entries<string>(env).map(([name, value]) => [name, evaluated(value)]));
  const ofWorkflow = parseBuild(buildxArguments({ ...inputs, tags: evaluated(inputs.tags) }), environment);

  const [, call] = /^ +digest=\$\(push_image \S+ \S+ \S+ "\$tag" ([^]*?)\)\nfi$/m.exec(scriptOf(build, services))!;
  const { stdout } = spawnSync('bash', ['--norc', '-c', `tag=the-tag; printf '%s\\0' ${call}`], { encoding: 'utf8' });
  return [ofWorkflow, parseBuild(['--push', ...stdout.split('\0').slice(0, -1)], secrets)];
}

function stepOf(job: any, name: string): any {
  const found = job.steps.find((step: any) => step.name === name);
  if (!found) throw new Error(`there is no step "${name}"`);
  return found;
}
