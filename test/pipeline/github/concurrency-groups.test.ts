import { App, Stack, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { parse } from 'yaml';
import { ImageRegistry, PhasedFargateService } from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, serviceIn, stages, workflow } from '../shop';

/** Concurrency groups apply to the whole repository, across workflows. */
function groupsOf(scope: App | Stage, workflowName: string): Record<string, string> {
  const { jobs } = parse(workflow(scope, { workflowName, checks: { test: 'npm test' } }).render());
  return Object.fromEntries(Object.entries<any>(jobs).flatMap(([id, { concurrency }]) => concurrency ? [[id, concurrency.group.toLowerCase()]] : []));
}

test('two apps of one repository share no concurrency group, even if their stages have the same names', () => {
  const [shop, billing] = ['shop', 'billing'].map((name) => {
    const app = testApp();
    serviceIn(new Stage(app, 'Prod', { env: ENV }), name);
    return Object.values(groupsOf(app, name));
  });
  expect(shop).toHaveLength(5);
  expect(shop.filter((group) => billing.includes(group))).toEqual([]);
});

test('two workflows that deploy the same stage share only the group of its deployments', () => {
  const { app, production } = stages();
  const [all, one] = [groupsOf(app, 'all'), groupsOf(production, 'one')];
  expect(one['deploy-production']).toBe(all['deploy-production']);
  expect(one['deploy-production']).toMatch(/111122223333-eu-west-1$/);
  expect(one['deploy-registry']).toBe(all['deploy-registry']);
  expect(Object.keys(one).filter((job) => Object.values(all).includes(one[job]))).toEqual(['deploy-registry', 'deploy-production']);
});

test('stages of one app are deployed independently of each other, in any account and region', () => {
  const app = testApp();
  const registry = ecr.Repository.fromRepositoryName(new Stack(app, 'Images', { env: ENV }), 'Registry', 'theirs');
  for (const region of ['eu-west-1', 'us-east-1']) {
    new PhasedFargateService(new Stack(new Stage(app, region), 'Shop', { env: { ...ENV, region }, stackName: 'Shop' }), 'Api', { registry });
  }
  const { 'deploy-eu-west-1': one, 'deploy-us-east-1': other } = groupsOf(app, 'deploy');
  expect([one, other]).toEqual(['deploy-shop-111122223333-eu-west-1', 'deploy-shop-111122223333-us-east-1']);
});

test('the groups of checks and builds contain the name of the workflow', () => {
  const { test: check, 'build-shop': build } = groupsOf(stages().app, 'release');
  expect([check, build]).toEqual(['release-check-test-${{ github.sha }}', 'release-build-shop-${{ github.sha }}']);
});

describe('ids of jobs', () => {
  test('are different for stages whose names differ only in special characters, and for a stage with the name of another job', () => {
    const app = testApp();
    const registry = new ImageRegistry(new Stack(app, 'Images', { env: ENV }), 'Shop', { repositoryName: 'shop' });
    for (const [index, name] of ['a-b', 'a_b', 'registry'].entries()) {
      new PhasedFargateService(new Stack(new Stage(app, name), 'Shop', { env: ENV, stackName: `Shop${index}` }), 'Api', { registry });
    }
    const { jobs } = parse(workflow(app).render());
    expect(Object.keys(jobs)).toEqual(['deploy-registry', 'build-shop', 'order', 'deploy-a-b', 'deploy-a-b-2', 'deploy-registry-2']);
    expect(jobs['deploy-a-b-2'].environment).toBe('a_b');
    expect(jobs['deploy-registry-2'].needs).toEqual(['build-shop', 'deploy-a-b-2']);
  });

  test('are different for repositories whose names differ only in special characters', () => {
    const app = testApp();
    const stack = new Stack(app, 'Shop', { env: ENV });
    for (const [id, name] of [['One', 'team/api'], ['Two', 'team-api']]) {
      new PhasedFargateService(stack, id, { registry: ecr.Repository.fromRepositoryName(stack, `${id}Registry`, name) });
    }
    const { jobs } = parse(workflow(app).render());
    const builds = Object.keys(jobs).filter((id) => id.startsWith('build-'));
    expect(builds).toHaveLength(2);
    expect(jobs.deploy.needs).toEqual([...builds, 'order']);
  });

  test('names of jobs, which the commit order depends on, are different too', () => {
    const app = testApp();
    for (const region of ['eu-west-1', 'us-east-1']) {
      const stack = new Stack(app, `Shop-${region}`, { env: { ...ENV, region } });
      new PhasedFargateService(stack, 'Api', { registry: ecr.Repository.fromRepositoryName(stack, 'Registry', 'theirs') });
    }
    const names = Object.values<any>(parse(workflow(app).render()).jobs).map(({ name }) => name);
    expect(names).toEqual(['Build theirs', 'Build theirs (2)', 'Check the commit order', 'Deploy']);
  });

  test('two checks cannot differ only in case', () => {
    const app = testApp();
    serviceIn(app);
    expect(() => workflow(app, { checks: { test: 'npm test', Test: 'npm test' } }).render())
      .toThrow('checks: "test" and "Test" differ only in case, and GitHub treats them as the same (at Deploy)');
  });

  test.each(['deploy', 'order', 'Deploy', 'ORDER', 'build-shop-api'])('a check cannot have the name %s of a job of the workflow', (name) => {
    const app = testApp();
    serviceIn(app);
    expect(() => workflow(app, { checks: { [name]: 'npm test' } }).render())
      .toThrow(`checks: "${name}" is the name of another job of the workflow: give the check another name (at Deploy)`);
  });
});
