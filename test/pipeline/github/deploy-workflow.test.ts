import { App, CliCredentialsStackSynthesizer, DefaultStackSynthesizer, Duration, IStackSynthesizer, Stack, Stage, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';

import * as lambda from 'aws-cdk-lib/aws-lambda';
import { parse } from 'yaml';
import { faultsInWorkflow } from './github-reader';
import { DeployScript, DeployWorkflow, GitHubDeployRole, ImageGuard, ImageRegistry, ImageVersion, JsonPatch, PhasedFargateService } from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, ROLES, serviceIn, stages, workflow } from '../shop';

describe('the order', () => {
  test('is checks in parallel, then the registry, the image, and the service', () => {
    const app = testApp();
    serviceIn(app);
    const { jobs } = rendered(workflow(app, { checks: { lint: 'npm run lint', test: 'npm test' } }));
    expect(needs(jobs)).toEqual({
      'lint': undefined,
      'test': undefined,
      'deploy-registry': ['lint', 'test'],
      'build-shop-api': ['deploy-registry'],
      'order': ['build-shop-api'],
      'deploy': ['build-shop-api', 'order'],
    });
  });

  test('contains no deployment of a registry that the app does not create', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    new PhasedFargateService(stack, 'Api', { registry: ecr.Repository.fromRepositoryName(stack, 'Registry', 'theirs') });
    expect(needs(rendered(workflow(app, { checks: { test: 'npm test' } })).jobs)).toEqual({
      'test': undefined, 'build-theirs': ['test'], 'order': ['build-theirs'], 'deploy': ['build-theirs', 'order'],
    });
  });

  test('is stage by stage, and each stage needs the images that it runs', () => {
    const { app } = stages();
    expect(needs(rendered(workflow(app)).jobs)).toEqual({
      'deploy-registry': undefined,
      'build-shop': ['deploy-registry'],
      'order': ['build-shop'],
      'deploy-staging': ['build-shop', 'order'],
      'deploy-production': ['build-shop', 'deploy-staging'],
    });
  });

  test('can be changed by listing all stages', () => {
    const { app, staging, production } = stages();
    const { jobs } = rendered(workflow(app, { environments: [{ stage: production }, { stage: staging }] }));
    expect(needs(jobs)).toMatchObject({ 'deploy-production': ['build-shop', 'order'], 'deploy-staging': ['build-shop', 'deploy-production'] });
  });

  test('does not change if only one stage is listed, to set its environment name', () => {
    const { app, production } = stages();
    const { jobs } = rendered(workflow(app, { environments: [{ stage: production, environmentName: 'prod', deployRoleArn: `${ROLES.deployRoleArn}-prod` }] }));
    expect(needs(jobs)).toEqual(needs(rendered(workflow(stages().app)).jobs));
    expect(jobs['deploy-production'].environment).toBe('prod');
    expect(jobs['deploy-staging'].environment).toBe('Staging');
    expect(inputs(jobs, 'deploy-production', 'Log in to AWS')['role-to-assume']).toBe(`${ROLES.deployRoleArn}-prod`);
    expect(inputs(jobs, 'deploy-staging', 'Log in to AWS')['role-to-assume']).toBe(ROLES.deployRoleArn);
  });

  test('contains no build for an image with a fixed digest, only the deployment of its stack', () => {
    const app = testApp();
    const service = serviceIn(app);
    const proxy = new Stack(app, 'Proxy', { env: ENV });
    for (const scope of [proxy, Stack.of(service)]) proxyIn(scope);
    const { jobs } = rendered(workflow(app));
    expect(needs(jobs)).toEqual({
      'deploy-registry': undefined, 'build-shop-api': ['deploy-registry'], 'order': ['build-shop-api'], 'deploy': ['build-shop-api', 'order'],
    });
    expect(step(jobs, 'deploy', 'Deploy').run).toBe(
      'npx cdk deploy Shop Proxy --require-approval never \\\n  --parameters "Shop:ApiImageTag=$IMAGE_SHOP_API"');
  });

  test('contains the deployment of a stage right after the checks if all of its images have fixed digests', () => {
    const app = testApp();
    proxyIn(new Stack(app, 'Proxy', { env: ENV }));
    const { jobs } = rendered(workflow(app, { checks: { test: 'npm test' } }));
    expect(needs(jobs)).toEqual({ test: undefined, order: ['test'], deploy: ['test', 'order'] });
    expect(jobs.deploy.steps.map(({ name }: any) => name)).toEqual(['Check out', 'Set up Node.js', 'Install', 'Check the commit order', 'Log in to AWS', 'Deploy']);
  });

  test('contains only the stage that is the scope of the workflow', () => {
    const { production } = stages();
    expect(Object.keys(rendered(workflow(production)).jobs)).toEqual(['deploy-registry', 'build-shop', 'order', 'deploy-production']);
  });
});

describe('every job', () => {
  const jobs = (): [string, any][] => Object.entries(rendered(workflow(stages().app, { checks: { test: 'npm test' } })).jobs);

  test('has a timeout, and is never canceled if it changes AWS', () => {
    for (const [, job] of jobs()) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      if (goesToAws(job)) expect(job.concurrency['cancel-in-progress']).toBe(false);
    }
  });

  test('runs only if each job that it needs has succeeded', () => {
    for (const [, job] of jobs()) {
      expect(job.if).toBe(job.needs?.map((need: string) => `needs.${need}.result == 'success'`).join(' && '));
    }
  });

  test('has read-only permissions, and can request a token only if it uses AWS', () => {
    for (const [, { permissions, ...job }] of jobs()) {
      const { 'id-token': token, ...others } = permissions;
      expect(token).toBe(goesToAws(job) ? 'write' : undefined);
      expect(others).toEqual(job.steps.some(({ name }: any) => name === 'Check the commit order') ? { actions: 'read', contents: 'read' } : { contents: 'read' });
    }
  });

  test('pins actions to full commit IDs with version comments, and keeps no git credentials', () => {
    const text = workflow(stages().app).render();
    const uses = text.split('\n').filter((line) => line.includes('uses:'));
    expect(uses.length).toBeGreaterThan(10);
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(text.match(/persist-credentials: false/g)).toHaveLength(text.match(/actions\/checkout@/g)!.length);
  });

  test('passes only tags and digests to other jobs', () => {
    for (const [, job] of jobs()) expect(Object.keys(job.outputs ?? {})).toEqual(job.outputs ? ['tag', 'digest'] : []);
  });

  test('has no expression in its commands', () => {
    for (const [, job] of jobs()) {
      for (const { run = '' } of job.steps) expect(run).not.toContain('${{');
    }
  });
});

describe('GitHub\'s own validator', () => {
  test('finds no fault in the workflow', async () => {
    expect(await faultsInWorkflow(workflow(stages().app, { checks: { test: 'npm test' } }).render())).toEqual([]);
  });

  test('finds errors in a changed workflow', async () => {
    const text = workflow(stages().app).render();
    expect(await faultsInWorkflow(text.replace('cancel-in-progress', 'cancel_in_progress'))).not.toEqual([]);
    expect(await faultsInWorkflow(text.replace('timeout-minutes: 60', 'timeout-minutes: ${{ secrets.X }}'))).not.toEqual([]);
    expect(await faultsInWorkflow(text.replace('- deploy-registry', '- deploy-registries'))).not.toEqual([]);
  });
});

describe('the workflow', () => {
  test('contains the names of stacks and parameters', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV, stackName: 'the-shop' });
    new PhasedFargateService(stack, 'Api');
    new PhasedFargateService(stack, 'Worker', { imageVersion: ImageVersion.parameter('WorkerVersion') });
    const { jobs } = rendered(workflow(app));
    expect(step(jobs, 'deploy-registry', 'Deploy').run).toBe('npx cdk deploy Shop/Registry --require-approval never');
    expect(step(jobs, 'deploy', 'Deploy').run.split(' \\\n  ')).toEqual([
      'npx cdk deploy Shop --require-approval never',
      '--parameters "the-shop:ApiImageTag=$IMAGE_THE_SHOP_API"',
      '--parameters "the-shop:WorkerVersion=$IMAGE_THE_SHOP_WORKER"',
    ]);
    expect(step(jobs, 'deploy', 'Deploy').env).toEqual({
      IMAGE_THE_SHOP_API: '${{ needs.build-the-shop-api.outputs.tag }}@${{ needs.build-the-shop-api.outputs.digest }}',
      IMAGE_THE_SHOP_WORKER: '${{ needs.build-the-shop-worker.outputs.tag }}@${{ needs.build-the-shop-worker.outputs.digest }}',
    });
  });

  test('contains the region and the domain of each registry', () => {
    const app = testApp();
    serviceIn(app, 'Shop', { env: { account: '111122223333', region: 'cn-north-1' } });
    const { jobs } = rendered(workflow(app));
    expect(inputs(jobs, 'build-shop-api', 'Log in to AWS')['aws-region']).toBe('cn-north-1');
    expect(inputs(jobs, 'build-shop-api', 'Build and push').tags)
      .toBe('111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/shop-api:${{ steps.image.outputs.tag }}');
    expect(step(jobs, 'deploy', 'Check the running images').run)
      .toContain('"RoleArn":"arn:aws-cn:iam::111122223333:role/cdk-hnb659fds-lookup-role-111122223333-cn-north-1"');
  });

  test.each<[string, IStackSynthesizer, string]>([
    ['the lookup role of the synthesizer', new DefaultStackSynthesizer({
      lookupRoleArn: 'arn:aws:iam::${AWS::AccountId}:role/own-lookup',
      lookupRoleExternalId: "it's",
      lookupRoleAdditionalOptions: { Tags: [{ Key: 'team', Value: 'shop' }] },
    }), 'as_reader eu-west-1 \'{"RoleSessionName":"phased-fargate","Tags":[{"Key":"team","Value":"shop"}],"ExternalId":"it\'\\\'\'s","RoleArn":"arn:aws:iam::111122223333:role/own-lookup"}\' \\\n  verify Shop'],
    ['the credentials of the deployment if the synthesizer has no lookup role', new CliCredentialsStackSynthesizer(), '\nverify Shop'],
  ])('checks the running images with %s, as the script does', (_, synthesizer, expected) => {
    const app = testApp();
    serviceIn(app, 'Shop', { env: ENV, synthesizer });
    const { jobs } = rendered(workflow(app));
    expect(step(jobs, 'deploy', 'Check the running images').run).toContain(expected);
    expect(new DeployScript(app, 'Script').render()).toContain(expected);
  });

  test('contains one image per repository, no matter how often the app imports it', () => {
    const app = testApp();
    for (const id of ['One', 'Two']) {
      const stack = new Stack(app, id, { env: ENV });
      new PhasedFargateService(stack, 'Api', { registry: ecr.Repository.fromRepositoryName(stack, 'Registry', 'theirs') });
    }
    const { jobs } = rendered(workflow(app));
    expect(Object.keys(jobs)).toEqual(['build-theirs', 'order', 'deploy']);
    expect(step(jobs, 'deploy', 'Deploy').run).toContain('cdk deploy One Two ');
  });

  test('builds an image without attestations for a Lambda function', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    const guard = new ImageGuard(stack, 'Guard', { registry: ImageRegistry.inCompanionStack(stack, 'Function') });
    new lambda.Function(stack, 'Function', { code: guard.lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE });
    expect(inputs(rendered(workflow(app)).jobs, 'build-shop-function', 'Build and push')).toMatchObject({ provenance: false, platforms: 'linux/amd64' });
  });
});

describe('settings', () => {
  test('appear in the workflow', () => {
    const app = testApp();
    serviceIn(app);
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const deploy = workflow(app, {
      workflowName: 'release',
      branch: 'trunk',
      installCommand: 'make install',
      cdkCommand: 'cdk',
      nodeVersion: '24',
      runsOn: 'ours',
      checks: { test: 'make test' },
      checkTimeout: Duration.minutes(1),
      buildTimeout: Duration.minutes(2),
      deployTimeout: Duration.minutes(3),
      actions: { 'actions/checkout': `${commit} # v9.9.9`, 'actions/setup-node': commit },
    });
    expect(deploy.workflowPath).toBe('.github/workflows/release.yml');
    expect(deploy.render()).toContain(`uses: actions/checkout@${commit} # v9.9.9\n`);
    expect(deploy.render()).toContain(`uses: actions/setup-node@${commit}\n`);
    const { on, jobs } = rendered(deploy);
    expect(on).toEqual({ push: { branches: ['trunk'] } });
    expect(step(jobs, 'test', 'Install').run).toBe('make install');
    expect(step(jobs, 'deploy', 'Deploy').run).toMatch(/^cdk deploy /);
    expect(inputs(jobs, 'deploy', 'Set up Node.js')['node-version']).toBe('24');
    expect(Object.values<any>(jobs).map((job) => job['runs-on'])).toEqual(['ours', 'ours', 'ours', 'ours', 'ours']);
    expect(Object.values<any>(jobs).map((job) => job['timeout-minutes'])).toEqual([1, 3, 2, 10, 3]);
  });

  test('can be changed by patches if there is no property', () => {
    const app = testApp();
    serviceIn(app);
    const deploy = workflow(app);
    deploy.patch(JsonPatch.add('/on/workflow_dispatch', {}), JsonPatch.remove('/jobs/deploy/permissions'));
    deploy.patch(JsonPatch.replace('/name', 'mine'));
    expect(rendered(deploy)).toMatchObject({ name: 'mine', on: { workflow_dispatch: {} } });
    expect(rendered(deploy).jobs.deploy.permissions).toBeUndefined();
  });

  test('result in the same text for the same app', () => {
    expect(workflow(stages().app).render()).toBe(workflow(stages().app).render());
  });

  test('include constructs that are defined after the workflow', () => {
    const app = testApp();
    const deploy = workflow(app);
    serviceIn(app);
    expect(deploy.render()).toContain('cdk deploy Shop ');
  });

  test('can use the ARN of a role in the same app', () => {
    const app = testApp();
    serviceIn(app);
    const { roleArn } = new GitHubDeployRole(new Stack(app, 'GitHub', { env: ENV }), 'Deploy', { repository: 'a/b', ownerId: '1', repositoryId: '2' });
    expect(inputs(rendered(workflow(app, { deployRoleArn: roleArn })).jobs, 'deploy', 'Log in to AWS')['role-to-assume'])
      .toBe('arn:aws:iam::111122223333:role/GitHub-Deploy');
  });
});

describe('rendering refuses', () => {
  test.each<[string, (app: App) => void, RegExp]>([
    ['an app without a service', () => undefined, /^there is no ImageGuard below the app, so there is nothing to deploy: add a PhasedFargateService or an ImageGuard \(at the app\)$/],
    ['a stack without an environment', (app) => serviceIn(app, 'Shop', {}),
      /^registry Shop\/Registry\/Api needs a name, account, and region that are known at synthesis, .* \(at Shop\/Api\/Guard\)$/],
    ['a registry in the stack of the service', (app) => {
      const stack = new Stack(app, 'Shop', { env: ENV });
      new PhasedFargateService(stack, 'Api', { registry: new ImageRegistry(stack, 'Mine') });
    }, /^registry Shop\/Mine is in the same stack, .* \(at Shop\/Api\/Guard\)$/],
    ['an image that is fixed at synthesis', (app) => {
      new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api', { imageVersion: ImageVersion.tag('1.0') });
    }, /^imageVersion is a tag, .*: leave out imageVersion, or pass ImageVersion\.parameter\(\); for an image that is built elsewhere, pass ImageVersion\.digest\(\) \(at Shop\/Api\/Guard\)$/],
    ['a registry of a stack without an environment', (app) => {
      const registry = new ImageRegistry(new Stack(app, 'Images'), 'Shop', { repositoryName: 'shop' });
      new PhasedFargateService(new Stack(app, 'Shop', { env: ENV }), 'Api', { registry });
    }, /^registry Images\/Shop needs a name, account, and region that are known at synthesis/],
  ])('%s', (_, define, message) => {
    const app = testApp();
    define(app);
    expect(() => workflow(app).render()).toThrow(message);
  });

  test.each<[string, Partial<Parameters<typeof workflow>[1]> & object, string]>([
    ['a check whose name is not a valid job ID', { checks: { 'unit tests': 'npm test' } }, 'checks: "unit tests" cannot be a job ID: '],
    ['an ARN that is a token', { pushRoleArn: Token.asString({ Ref: 'Role' }) }, 'pushRoleArn must be known at synthesis'],
    ['an action that is pinned by a tag', { actions: { 'actions/checkout': 'v7' } }, 'actions: "v7" does not pin actions/checkout'],
    ['an unknown action', { actions: { 'actions/cache': 'x' } }, 'actions: "actions/cache" is not an action of the workflow'],
  ])('%s', (_, props, message) => {
    expect(() => workflow(testApp(), props)).toThrow(message);
    expect(() => workflow(testApp(), props)).toThrow('(at Deploy)');
  });

  test('a check with the name of a job of the workflow', () => {
    const app = testApp();
    serviceIn(app);
    expect(() => workflow(app, { checks: { deploy: 'true' } }).render()).toThrow('checks: "deploy" is the name of another job of the workflow: give the check another name (at Deploy)');
  });

  test('a stage without a service, or a stage that is listed twice', () => {
    const { app, staging } = stages();
    const empty = new Stage(app, 'Empty');
    expect(() => new DeployWorkflow(app, 'One', { ...ROLES, environments: [{ stage: empty }] }).render())
      .toThrow('environments: stage "Empty" contains no ImageGuard: leave it out (at One)');
    expect(() => new DeployWorkflow(app, 'Two', { ...ROLES, environments: [{ stage: staging }, { stage: staging }] }).render())
      .toThrow('environments: stage "Staging" is listed twice (at Two)');
  });

  test('an image of a registry that no service uses', () => {
    const app = testApp();
    serviceIn(app);
    const registry = new ImageRegistry(new Stack(app, 'Other', { env: ENV }), 'Unused');
    expect(() => workflow(app, { images: [{ registry }] }).render()).toThrow('images[0].registry: no ImageGuard uses Other/Unused');
  });

  test('a patch that does not fit the workflow', () => {
    const app = testApp();
    serviceIn(app);
    const deploy = workflow(app);
    deploy.patch(JsonPatch.remove('/jobs/nothing'));
    expect(() => deploy.render()).toThrow('JsonPatch.remove: path "/jobs/nothing": there is no "nothing" (at Deploy)');
  });
});

function rendered(deploy: DeployWorkflow): any {
  return parse(deploy.render());
}

function needs(jobs: any): Record<string, string[] | undefined> {
  return Object.fromEntries(Object.entries<any>(jobs).map(([id, job]) => [id, job.needs]));
}

function goesToAws({ steps }: any): boolean {
  return steps.some(({ uses = '' }) => uses.startsWith('aws-actions/configure-aws-credentials'));
}

function step(jobs: any, id: string, name: string): any {
  const found = jobs[id].steps.find((candidate: any) => candidate.name === name);
  if (!found) throw new Error(`job ${id} has no step "${name}"`);
  return found;
}

function inputs(jobs: any, id: string, name: string): any {
  return step(jobs, id, name).with;
}

function proxyIn(stack: Stack): void {
  new PhasedFargateService(stack, 'Proxy', {
    registry: ecr.Repository.fromRepositoryName(stack, 'Proxies', 'proxies'),
    imageVersion: ImageVersion.digest(`sha256:${'0'.repeat(64)}`),
  });
}
