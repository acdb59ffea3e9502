import { parse } from 'yaml';
import { faultsInWorkflow } from './github-reader';
import { Contexts, holds } from '../../e2e/pipeline/expressions';
import { stages, workflow } from '../shop';

const DIFF = { diffRoleArn: 'arn:aws:iam::111122223333:role/diff', checks: { test: 'npm test' } };
const text = workflow(stages().app, DIFF).render();
const { on, jobs } = parse(text);

const PUSH = { event_name: 'push', repository: 'octo-org/shop' };
const PULL_REQUEST = { event_name: 'pull_request', repository: 'octo-org/shop', event: { pull_request: { head: { repo: { full_name: 'octo-org/shop' } } } } };
const FROM_A_FORK = { ...PULL_REQUEST, event: { pull_request: { head: { repo: { full_name: 'mallory/shop' } } } } };
const FROM_A_DELETED_FORK = { ...PULL_REQUEST, event: { pull_request: { head: { repo: null } } } };

/** The jobs that run if no job fails. */
function ran(github: object): string[] {
  const succeeded: string[] = [];
  for (const [id, job] of Object.entries<any>(jobs)) {
    const needs: string[] = job.needs ?? [];
    const contexts: Contexts = { github, needs: Object.fromEntries(needs.map((need) => [need, { result: succeeded.includes(need) ? 'success' : 'skipped' }])) };
    if (holds(job.if, contexts, { success: needs.every((need) => succeeded.includes(need)), failure: false })) succeeded.push(id);
  }
  return succeeded;
}

test('a pull request runs only the checks and the diff', () => {
  expect(on).toEqual({ push: { branches: ['main'] }, pull_request: { branches: ['main'] } });
  expect(ran(PULL_REQUEST)).toEqual(['test', 'diff']);
});

test.each([['a fork', FROM_A_FORK], ['a deleted fork', FROM_A_DELETED_FORK]])('a pull request from %s runs only the checks', (_, github) => {
  expect(ran(github)).toEqual(['test']);
});

test('a push runs all jobs except the diff', () => {
  expect(ran(PUSH)).toEqual(Object.keys(jobs).filter((id) => id !== 'diff'));
});

test('each job that uses AWS has its own condition, in addition to the conditions of the jobs that it needs', () => {
  for (const [id, job] of Object.entries<any>(jobs)) {
    if (['test', 'diff'].includes(id)) continue;
    const needs = Object.fromEntries((job.needs ?? []).map((need: string) => [need, { result: 'success' }]));
    expect({ id, runs: holds(job.if, { github: PULL_REQUEST, needs }, { success: true, failure: false }) }).toEqual({ id, runs: false });
  }
});

test('the diff has read-only access to every stack, and always shows its result', () => {
  const { permissions, steps, environment } = jobs.diff;
  expect(permissions).toEqual({ 'contents': 'read', 'id-token': 'write' });
  expect(environment).toBeUndefined();
  const step = (name: string) => steps.find((candidate: any) => candidate.name === name);
  expect(step('Log in to AWS').with['role-to-assume']).toBe(DIFF.diffRoleArn);
  expect(step('Compare with the deployed stacks').run)
    .toBe('npx cdk diff Images Staging/Shop Production/Shop --no-change-set --no-color 2>&1 | tee "$RUNNER_TEMP/diff"');
  expect(step('Summarize')).toMatchObject({ if: "${{ !cancelled() && steps.diff.outcome != 'skipped' }}", run: expect.stringContaining('>> "$GITHUB_STEP_SUMMARY"') });
});

test('a newer commit of a pull request replaces the previous one', () => {
  expect(jobs.diff.concurrency).toEqual({ 'group': 'deploy-diff-${{ github.event.pull_request.number }}', 'cancel-in-progress': true });
});

test('without a role, the workflow does not run on pull requests', () => {
  const without = parse(workflow(stages().app).render());
  expect(without.on).toEqual({ push: { branches: ['main'] } });
  expect(Object.keys(without.jobs)).not.toContain('diff');
});

test('GitHub finds no fault in the workflow', async () => {
  expect(await faultsInWorkflow(text)).toEqual([]);
});
