import { parse } from 'yaml';
import { inSources, serviceIn, workflow } from '../shop';
import { JobRecord, Repository, RunRecord } from './model/api';
import { REPOSITORY, runOrderStep } from './model/order-step';
import { testApp } from '../../util/synth';

/** Runs the step of the rendered workflow, with a stand-in for GitHub's API. */

const [OLDER, OWN, NEWER] = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const STEP = 'Check the commit order';

const app = testApp();
serviceIn(app);
const { run: SCRIPT, env: ENV } = parse(workflow(app).render()).jobs.deploy.steps.find(({ name }: any) => name === STEP);

function job(conclusion: string | null, step?: string, more: Partial<JobRecord> = {}): JobRecord {
  return { name: 'Deploy', attempt: 1, conclusion, steps: step ? [{ name: 'Check out', conclusion: 'success' }, { name: STEP, conclusion: step }] : [], ...more };
}

const DEPLOYED = job('success', 'success');
const STOPPED = job('failure', 'failure');

function run(id: number, sha: string, ...jobs: JobRecord[]): RunRecord {
  return { id, number: id, sha, event: 'push', jobs };
}

async function look(runs: RunRecord[], { attempt = 1, ...more }: Partial<Repository> & { attempt?: number } = {}, trouble: (number | Error)[] = []) {
  const repository: Repository = { ...REPOSITORY, workflow: 'deploy.yml', commits: [OLDER, OWN, NEWER], runs, ...more };
  return runOrderStep(SCRIPT, repository, { ...ENV, GITHUB_SHA: OWN, GITHUB_RUN_ID: '2', GITHUB_RUN_ATTEMPT: String(attempt) }, trouble);
}

const MINE = run(2, OWN, job(null));

describe('the step passes', () => {
  test.each<[string, RunRecord[], Partial<Repository>]>([
    ['for the newest commit', [MINE], { commits: [OLDER, OWN] }],
    ['if the newer commit has no run, for example because it skips CI', [MINE], {}],
    ['if the newer run has not reached this job', [MINE, run(3, NEWER, job('success', undefined, { name: 'test' }))], {}],
    ['if the newer run waits in the queue behind this run', [MINE, run(3, NEWER, job(null))], {}],
    ['if the newer run skipped this job after a failure', [MINE, run(3, NEWER, job('skipped'))], {}],
    ['if an older commit was deployed', [run(1, OLDER, DEPLOYED), MINE], {}],
    ['if a run with a higher number deployed an older commit', [MINE, run(3, OLDER, DEPLOYED)], {}],
    ['if another run deployed the same commit', [MINE, run(3, OWN, DEPLOYED)], {}],
    ['if only a pull request with the newer commit has a job of this name', [MINE, { ...run(3, NEWER, DEPLOYED), event: 'pull_request' }], {}],
    ['if a force-push went back to an older commit and nothing has run since', [run(1, OLDER, DEPLOYED), MINE], { commits: [OLDER], removed: [OWN] }],
  ])('%s', async (_, runs, repository) => {
    expect(await look(runs, repository)).toMatchObject({ passed: true });
  });
});

describe('the step stops the run', () => {
  test.each<[string, RunRecord[], Partial<Repository>, string]>([
    ['if the newer commit was deployed', [MINE, run(3, NEWER, DEPLOYED)], {}, 'has already started this job'],
    ['if a run with a lower number deployed the newer commit', [run(1, NEWER, DEPLOYED), MINE], {}, 'has already started this job'],
    ['if the deployment of the newer commit has begun', [MINE, run(3, NEWER, job(null, 'success'))], {}, 'has already started this job'],
    ['if the deployment of the newer commit failed, because it may have changed resources', [MINE, run(3, NEWER, job('failure', 'success'))], {}, 'has already started this job'],
    ['if the first attempt of the newer run deployed and a second attempt waits', [MINE, run(3, NEWER, DEPLOYED, job(null, undefined, { attempt: 2 }))], {}, 'has already started this job'],
    ['if the newer run was canceled in the queue', [MINE, run(3, NEWER, job('cancelled'))], {}, 'was canceled while it waited in the queue'],
    ['if a force-push replaced its commit and the new commit was deployed', [MINE, run(3, NEWER, DEPLOYED)], { commits: [OLDER, NEWER], removed: [OWN] }, 'has already started this job'],
    ['if a force-push went back to an older commit and that commit was deployed', [run(1, OLDER, DEPLOYED), MINE, run(3, OLDER, DEPLOYED)], { commits: [OLDER], removed: [OWN] }, 'has already started this job'],
  ])('%s', async (_, runs, repository, reason) => {
    const { passed, said } = await look(runs, repository);
    expect({ passed, said }).toEqual({ passed: false, said: expect.stringContaining(reason) });
    expect(said).toMatch(/^::error::The run of a newer commit, [ac]{7}, .*: https:\/\/github\.com\/octo-org\/shop\/actions\/runs\/\d\. .* To go back to bbbbbbb anyway, re-run this job\.$/);
  });

  test('if GitHub returns an error, and the message contains the request', async () => {
    expect(await look([MINE], { commits: [OLDER, NEWER] })).toEqual({
      passed: false,
      said: expect.stringMatching(/^::error::cannot tell whether a newer commit was deployed: GET https:\/\/api\.github\.com\/repos\/octo-org\/shop\/compare\/b+\.\.\.main\?per_page=100&page=1: 404$/),
    });
  });

  test.each([[502], [429], [new TypeError('fetch failed', { cause: new Error('getaddrinfo EAI_AGAIN') })]])('only after the third transient error of GitHub (%p)', async (trouble) => {
    expect(await look([MINE], {}, [trouble, trouble])).toMatchObject({ passed: true });
    expect(await look([MINE], {}, [trouble, trouble, trouble])).toEqual({
      passed: false,
      said: expect.stringMatching(/page=1: (502|429|getaddrinfo EAI_AGAIN)$/),
    });
  });

  test.each([[401], [403]])('at once if GitHub denies access (%p)', async (trouble) => {
    expect(await look([MINE], {}, [trouble])).toMatchObject({ passed: false });
  });

  test('even if the newer run is among hundreds of commits and runs', async () => {
    const later = Array.from({ length: 250 }, (_, index) => (index + 1).toString(16).padStart(40, '0'));
    const runs = [MINE, run(3, later[120], DEPLOYED), ...later.slice(121).map((sha, index) => run(index + 4, sha, job('skipped')))];
    expect(await look(runs, { commits: [OWN, ...later] })).toMatchObject({ passed: false });
  });
});

describe('to return to an earlier commit,', () => {
  const newer = run(3, NEWER, DEPLOYED);

  test('users can re-run a run that deployed it', async () => {
    const { passed, said } = await look([run(2, OWN, DEPLOYED, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 });
    expect({ passed, said }).toEqual({ passed: true, said: expect.stringMatching(/^::notice::The run of a newer commit, ccccccc, .* Continuing because this run was re-run\.$/) });
  });

  test('users can re-run a run that this step stopped', async () => {
    expect(await look([run(2, OWN, STOPPED, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: true });
  });

  test('users can re-run any job of a run that this step stopped', async () => {
    const order = { ...STOPPED, name: STEP };
    expect(await look([run(2, OWN, order, job('skipped'), { ...order, attempt: 2, conclusion: 'success', steps: [] }, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 }))
      .toMatchObject({ passed: true });
  });

  test('users must re-run a run twice if it failed for another reason, because the first re-run may only be to repeat a check', async () => {
    const failed = { ...job('failure'), name: 'test' };
    expect(await look([run(2, OWN, failed, job('skipped'), job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: false });
    expect(await look([run(2, OWN, job('failure', 'success'), job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: false });
  });
});

describe('a run that looked up its image before a scheduled rebuild pushed a newer one', () => {
  const rebuildApp = testApp();
  const { registry } = serviceIn(rebuildApp);
  const { run: script, env } = parse(inSources({ directories: ['.'] }, () =>
    workflow(rebuildApp, { images: [{ registry, rebuildSchedule: '17 3 * * 1' }] }).render()))
    .jobs.deploy.steps.find(({ name }: any) => name === STEP);
  const [BUILD] = JSON.parse(env.REBUILDS);

  async function lookAt(own: JobRecord[], others: RunRecord[], { attempt = 1, event = 'push' } = {}) {
    const runs = [{ ...run(2, OWN, ...own), event }, ...others];
    return runOrderStep(script, { ...REPOSITORY, workflow: 'deploy.yml', commits: [OLDER, OWN], runs }, {
      ...env, GITHUB_SHA: OWN, GITHUB_RUN_ID: '2', GITHUB_RUN_ATTEMPT: String(attempt), GITHUB_EVENT_NAME: event,
    });
  }

  function build(started: number, completed: number, built: 'success' | 'skipped', attempt = 1): JobRecord {
    const time = (minute: number) => `2026-11-29T10:${String(minute).padStart(2, '0')}:00Z`;
    return { name: BUILD, attempt, conclusion: 'success', steps: [{ name: 'Build and push', conclusion: built }], started: time(started), completed: time(completed) };
  }

  function rebuild(sha: string, built: JobRecord, deploy: JobRecord): RunRecord {
    return { ...run(3, sha, built, deploy), event: 'schedule' };
  }

  const mine = job(null);

  test.each([
    ['was deployed in the meantime', DEPLOYED, 'has already started this job'],
    ['is being deployed', job(null, 'success'), 'has already started this job'],
    ['was canceled in the queue', job('cancelled'), 'was canceled while it waited in the queue'],
  ])('is stopped if the rebuild of the same commit or of an older one %s', async (_, theirs, reason) => {
    for (const sha of [OWN, OLDER]) {
      expect(await lookAt([build(2, 3, 'skipped'), mine], [rebuild(sha, build(1, 5, 'success'), theirs)])).toEqual({
        passed: false,
        said: `::error::A later run that rebuilt the images ${reason}: https://github.com/octo-org/shop/actions/runs/3. ` +
          'To deploy its images, re-run all jobs of this run, not just this job. To deploy the earlier images anyway, re-run this job.',
      });
    }
  });

  test.each<[string, JobRecord, RunRecord]>([
    ['found the rebuilt image', build(6, 7, 'skipped'), rebuild(OWN, build(1, 5, 'success'), DEPLOYED)],
    ['built its own image from newer sources', build(2, 6, 'success'), rebuild(OLDER, build(1, 5, 'success'), DEPLOYED)],
    ['deploys before the rebuild', build(2, 3, 'skipped'), rebuild(OWN, build(1, 5, 'success'), job(null))],
    ['only overlapped with a rebuild of other images', build(2, 3, 'skipped'), rebuild(OWN, build(1, 5, 'skipped'), DEPLOYED)],
  ])('passes if the run itself %s', async (_, own, other) => {
    expect(await lookAt([own, mine], [other])).toMatchObject({ passed: true });
  });

  test('passes after users re-run all of its jobs or only this job', async () => {
    const other = rebuild(OWN, build(1, 5, 'success'), DEPLOYED);
    const again = job(null, undefined, { attempt: 2 });
    expect(await lookAt([build(2, 3, 'skipped'), STOPPED, build(8, 9, 'skipped', 2), again], [other], { attempt: 2 }))
      .toEqual({ passed: true, said: 'No run of a newer commit has started this job.' });
    expect(await lookAt([build(2, 3, 'skipped'), STOPPED, again], [other], { attempt: 2 }))
      .toEqual({ passed: true, said: expect.stringContaining('::notice::A later run that rebuilt the images has already started this job') });
  });

  test('and that is a rebuild itself is stopped only by a rebuild that began later', async () => {
    const other = (start: number) => rebuild(OWN, build(start, 9, 'success'), DEPLOYED);
    expect(await lookAt([build(2, 8, 'success'), mine], [other(3)], { event: 'schedule' })).toMatchObject({ passed: false });
    expect(await lookAt([build(2, 8, 'success'), mine], [other(1)], { event: 'schedule' })).toMatchObject({ passed: true });
  });

  test('and that is a rebuild itself says how to deploy the rebuilt images if a newer commit was deployed', async () => {
    const repository = { ...REPOSITORY, workflow: 'deploy.yml', commits: [OWN, NEWER], runs: [{ ...MINE, event: 'schedule' }, run(3, NEWER, DEPLOYED)] };
    const { said } = await runOrderStep(script, repository, { ...env, GITHUB_SHA: OWN, GITHUB_RUN_ID: '2', GITHUB_RUN_ATTEMPT: '1', GITHUB_EVENT_NAME: 'schedule' });
    expect(said).toContain('To deploy the rebuilt images now, re-run all jobs of that run.');
  });
});
