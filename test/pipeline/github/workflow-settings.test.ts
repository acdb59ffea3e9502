import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Duration, Lazy, Stack, Stage } from 'aws-cdk-lib';
import { parse } from 'yaml';
import { faultsInWorkflow } from './github-reader';
import { DeployWorkflowProps, ImageRegistry, JsonPatch, PhasedFargateService } from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, inSources, serviceIn, workflow } from '../shop';

test.each<[Partial<DeployWorkflowProps>, string]>([
  [{ deployTimeout: Duration.seconds(90) }, 'deployTimeout 1 minute 30 seconds is not valid: pass a whole number of minutes, 1 or more'],
  [{ checkTimeout: Duration.seconds(30) }, 'checkTimeout 30 seconds is not valid: pass a whole number of minutes, 1 or more'],
  [{ buildTimeout: Duration.hours(13) }, 'buildTimeout 13 hours is longer than 12 hours, the longest lifetime of AWS credentials'],
  [{ deployTimeout: Duration.days(1) }, 'deployTimeout 1 day is longer than 12 hours'],
  [{ deployTimeout: Duration.minutes(Lazy.number({ produce: () => 1 })) }, 'deployTimeout must be known at synthesis'],
  [{ workflowName: '../deploy' }, 'workflowName "../deploy" cannot be a file name'],
  [{ workflowName: '' }, 'workflowName "" cannot be a file name'],
  [{ branch: 'release/*' }, 'branch "release/*" is not the name of one branch'],
  [{ branch: '' }, 'branch "" is not the name of one branch'],
  [{ pushRoleArn: '' }, 'pushRoleArn is empty'],
  [{ diffRoleArn: Lazy.string({ produce: () => 'arn' }) }, 'diffRoleArn must be known at synthesis'],
  [{ diffRoleArn: 'arn', checkTimeout: Duration.hours(13) }, 'checkTimeout 13 hours is longer than 12 hours'],
  [{ installCommand: ' ' }, 'installCommand is empty'],
  [{ environments: [{ stage: new App(), environmentName: '' }] }, 'environments[0].environmentName is empty'],
  [{ checks: { test: ' ' } }, 'checks: test has no command'],
  [{ checks: { '1st': 'npm test' } }, 'checks: "1st" cannot be a job ID'],
])('%j is refused', (props, message) => {
  expect(() => workflow(testApp(), props)).toThrow(message);
  expect(() => workflow(testApp(), props)).toThrow('(at Deploy)');
});

test.each<[string, Partial<DeployWorkflowProps>, JsonPatch[], string]>([
  ['a property', { checks: { test: `npm test ${Lazy.string({ produce: () => 'x' })}` } }, [], '/jobs/test/steps/3/run'],
  ['a patch', {}, [JsonPatch.add('/run-name', Lazy.string({ produce: () => 'x' }))], '/run-name'],
])('a token in %s is refused, because a file cannot contain it', (_, props, patches, pointer) => {
  const app = testApp();
  serviceIn(app);
  const deploy = workflow(app, props);
  deploy.patch(...patches);
  expect(() => deploy.render()).toThrow(`${pointer} is not known at synthesis, so it cannot be written to the workflow file: pass a value instead of a token (at Deploy)`);
});

describe('credentials', () => {
  function durations(props: Partial<DeployWorkflowProps>): Record<string, number | undefined> {
    const app = testApp();
    serviceIn(app);
    const { jobs } = parse(workflow(app, props).render());
    return Object.fromEntries(['deploy-registry', 'build-shop-api', 'deploy'].map((id) =>
      [id, jobs[id].steps.find(({ name }: any) => name === 'Log in to AWS').with['role-duration-seconds']]));
  }

  test('are valid for one hour, the AWS default', () => {
    expect(durations({})).toEqual({});
  });

  test('are valid for the timeout of a longer job', () => {
    expect(durations({ deployTimeout: Duration.hours(3) })).toEqual({ 'deploy-registry': 10800, 'deploy': 10800 });
    expect(durations({ buildTimeout: Duration.hours(2) })).toEqual({ 'build-shop-api': 7200 });
  });
});

describe('the installation', () => {
  function steps(files: Record<string, string | object>, props: Partial<DeployWorkflowProps> = {}, cwd = '.'): { steps: any[]; deploy: string; text: string } {
    return inSources({ directories: ['.'], files: Object.keys(files) }, (root) => {
      for (const [file, content] of Object.entries(files)) {
        fs.writeFileSync(path.join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
      }
      jest.spyOn(process, 'cwd').mockReturnValue(path.join(root, cwd));
      const app = testApp();
      serviceIn(app);
      const text = workflow(app, props).render();
      const { steps: all } = parse(text).jobs.deploy;
      const install = all.slice(2, all.findIndex(({ name }: any) => name === 'Check the commit order'));
      return { steps: install, deploy: all.find(({ name }: any) => name === 'Deploy').run, text };
    });
  }

  test('uses the package manager of the lockfile', () => {
    const { steps: [step], deploy } = steps({ 'package.json': {}, 'yarn.lock': '' });
    expect(step).toEqual({ name: 'Install', run: expect.stringMatching(/^npx --yes corepack@\S+ enable .*\nyarn install --frozen-lockfile$/) });
    expect(deploy).toMatch(/^yarn cdk deploy /);
  });

  test('uses the pnpm version of package.json, or a version that fits the lockfile', () => {
    expect(steps({ 'package.json': {}, 'pnpm-lock.yaml': "lockfileVersion: '9.0'" }).steps).toEqual([
      { name: 'Set up pnpm', uses: expect.stringMatching(/^pnpm\/action-setup@[0-9a-f]{40}$/), with: { version: '10', package_json_file: 'package.json' } },
      { name: 'Install', run: 'pnpm install --frozen-lockfile' },
    ]);
    expect(steps({ 'package.json': { packageManager: 'pnpm@9.15.0' }, 'pnpm-lock.yaml': '' }).steps[0].with).toEqual({ package_json_file: 'package.json' });
  });

  test('runs in the directory of the lockfile', () => {
    const files = { 'package.json': { workspaces: ['infra'] }, 'package-lock.json': '', 'infra/package.json': {} };
    expect(steps(files, {}, 'infra').steps).toEqual([{ 'name': 'Install', 'working-directory': '.', 'run': 'npm ci' }]);
  });

  test('can be set by installCommand', () => {
    const { steps: [step], deploy } = steps({ 'package.json': {}, 'yarn.lock': '', 'package-lock.json': '' }, { installCommand: 'make install' });
    expect(step).toEqual({ name: 'Install', run: 'make install' });
    expect(deploy).toMatch(/^npx cdk deploy /);
  });

  test('must be set if there are lockfiles of two package managers', () => {
    expect(() => steps({ 'package.json': {}, 'yarn.lock': '', 'package-lock.json': '' })).toThrow(
      'the repository has lockfiles of several package managers (package-lock.json, yarn.lock): delete all but one, or set packageManager in package.json (at Deploy)');
  });

  test.each([
    { 'package.json': {}, 'pnpm-lock.yaml': '' },
    { 'cdk.json': { app: 'python3 app.py' }, 'requirements.txt': '' },
    { 'cdk.json': { app: 'mvn exec:java' } },
  ] as Record<string, string | object>[])('makes a workflow that GitHub reads (%j)', async (files) => {
    expect(await faultsInWorkflow(steps(files).text)).toEqual([]);
  });
});

describe('environments', () => {
  function three(): { app: ReturnType<typeof testApp>; dev: Stage; staging: Stage; production: Stage } {
    const app = testApp();
    const registry = new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Shop', { repositoryName: 'shop' });
    const [dev, staging, production] = ['Dev', 'Staging', 'Production'].map((name) => {
      const stage = new Stage(app, name);
      new PhasedFargateService(new Stack(stage, 'Shop', { env: ENV }), 'Api', { registry });
      return stage;
    });
    return { app, dev, staging, production };
  }

  function order(app: ReturnType<typeof testApp>, props: Partial<DeployWorkflowProps>): string[] {
    return Object.keys(parse(workflow(app, props).render()).jobs).filter((id) => id.startsWith('deploy-') && id !== 'deploy-registry');
  }

  test('do not change the order if only some are listed', () => {
    const { app, production } = three();
    expect(order(app, { environments: [{ stage: production, environmentName: 'prod' }] })).toEqual(['deploy-dev', 'deploy-staging', 'deploy-production']);
    const other = three();
    expect(order(other.app, { environments: [other.staging, other.production].map((stage) => ({ stage })) })).toEqual(['deploy-dev', 'deploy-staging', 'deploy-production']);
  });

  test('determine the order if all are listed', () => {
    const { app, dev, staging, production } = three();
    expect(order(app, { environments: [{ stage: staging }, { stage: dev }, { stage: production }] })).toEqual(['deploy-staging', 'deploy-dev', 'deploy-production']);
  });

  test('are refused if only some are listed and these are in a different order', () => {
    const { app, staging, production } = three();
    expect(() => order(app, { environments: [{ stage: production }, { stage: staging }] })).toThrow(
      'environments: stage "Staging" is not in the order of the app, and "Dev" is not listed: to change the order, list all stages that contain services (at Deploy)');
  });
});
