import { parse } from 'yaml';
import { inSources, serviceIn, workflow } from '../shop';
import { JobRecord, Repository, RunRecord } from './model/api';
import { REPOSITORY, runOrderStep } from './model/order-step';
import { testApp } from '../../util/synth';

/** The step as it stands in the rendered workflow, with a stand-in for GitHub's API. */

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

describe('a run passes', () => {
  test.each<[string, RunRecord[], Partial<Repository>]>([
    ['for the newest commit', [MINE], { commits: [OLDER, OWN] }],
    ['where nothing runs for the newer commit, as for one that skips CI', [MINE], {}],
    ['where the newer run has not come to this job', [MINE, run(3, NEWER, job('success', undefined, { name: 'test' }))], {}],
    ['where the newer run waits behind it', [MINE, run(3, NEWER, job(null))], {}],
    ['where the newer run was skipped here, since it failed before', [MINE, run(3, NEWER, job('skipped'))], {}],
    ['where an older commit was deployed', [run(1, OLDER, DEPLOYED), MINE], {}],
    ['where an older commit was deployed by a run with a higher number', [MINE, run(3, OLDER, DEPLOYED)], {}],
    ['where the same commit was deployed by another run', [MINE, run(3, OWN, DEPLOYED)], {}],
    ['where a pull request with the newer commit has a job of that name', [MINE, { ...run(3, NEWER, DEPLOYED), event: 'pull_request' }], {}],
    ['where the branch was set back, and nothing has run since', [run(1, OLDER, DEPLOYED), MINE], { commits: [OLDER], removed: [OWN] }],
  ])('%s', async (_, runs, repository) => {
    expect(await look(runs, repository)).toMatchObject({ passed: true });
  });
});

describe('a run is stopped', () => {
  test.each<[string, RunRecord[], Partial<Repository>, string]>([
    ['where the newer commit was deployed', [MINE, run(3, NEWER, DEPLOYED)], {}, 'has already started this job'],
    ['whatever the numbers of the runs', [run(1, NEWER, DEPLOYED), MINE], {}, 'has already started this job'],
    ['where the deployment of the newer commit has begun', [MINE, run(3, NEWER, job(null, 'success'))], {}, 'has already started this job'],
    ['where it has failed, since it may have changed something', [MINE, run(3, NEWER, job('failure', 'success'))], {}, 'has already started this job'],
    ['where a first attempt has deployed, and a second one waits', [MINE, run(3, NEWER, DEPLOYED, job(null, undefined, { attempt: 2 }))], {}, 'has already started this job'],
    ['where the newer commit lost its place in the queue', [MINE, run(3, NEWER, job('cancelled'))], {}, 'was canceled while it waited in the queue'],
    ['where a force-push has replaced the commit', [MINE, run(3, NEWER, DEPLOYED)], { commits: [OLDER, NEWER], removed: [OWN] }, 'has already started this job'],
    ['where a force-push went back, and that was deployed', [run(1, OLDER, DEPLOYED), MINE, run(3, OLDER, DEPLOYED)], { commits: [OLDER], removed: [OWN] }, 'has already started this job'],
  ])('%s', async (_, runs, repository, reason) => {
    const { passed, said } = await look(runs, repository);
    expect({ passed, said }).toEqual({ passed: false, said: expect.stringContaining(reason) });
    expect(said).toMatch(/^::error::The run of a newer commit, [ac]{7}, .*: https:\/\/github\.com\/octo-org\/shop\/actions\/runs\/\d\. .* To go back to bbbbbbb anyway, re-run this job\.$/);
  });

  test('if GitHub does not answer, with an error that contains the request', async () => {
    expect(await look([MINE], { commits: [OLDER, NEWER] })).toEqual({
      passed: false,
      said: expect.stringMatching(/^::error::cannot tell whether a newer commit was deployed: GET https:\/\/api\.github\.com\/repos\/octo-org\/shop\/compare\/b+\.\.\.main\?per_page=100&page=1: 404$/),
    });
  });

  test.each([[502], [429], [new TypeError('fetch failed', { cause: new Error('getaddrinfo EAI_AGAIN') })]])('not after a transient error of GitHub (%p)', async (trouble) => {
    expect(await look([MINE], {}, [trouble, trouble])).toMatchObject({ passed: true });
    expect(await look([MINE], {}, [trouble, trouble, trouble])).toEqual({
      passed: false,
      said: expect.stringMatching(/page=1: (502|429|getaddrinfo EAI_AGAIN)$/),
    });
  });

  test.each([[401], [403]])('at once if GitHub denies access (%p)', async (trouble) => {
    expect(await look([MINE], {}, [trouble])).toMatchObject({ passed: false });
  });

  test('for any number of later commits and runs', async () => {
    const later = Array.from({ length: 250 }, (_, index) => (index + 1).toString(16).padStart(40, '0'));
    const runs = [MINE, run(3, later[120], DEPLOYED), ...later.slice(121).map((sha, index) => run(index + 4, sha, job('skipped')))];
    expect(await look(runs, { commits: [OWN, ...later] })).toMatchObject({ passed: false });
  });
});

describe('to go back to an earlier commit', () => {
  const newer = run(3, NEWER, DEPLOYED);

  test('users re-run a run that deployed it', async () => {
    const { passed, said } = await look([run(2, OWN, DEPLOYED, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 });
    expect({ passed, said }).toEqual({ passed: true, said: expect.stringMatching(/^::notice::The run of a newer commit, ccccccc, .* Continuing because this run was re-run\.$/) });
  });

  test('or a run that this step stopped', async () => {
    expect(await look([run(2, OWN, STOPPED, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: true });
  });

  test('at any job', async () => {
    const order = { ...STOPPED, name: STEP };
    expect(await look([run(2, OWN, order, job('skipped'), { ...order, attempt: 2, conclusion: 'success', steps: [] }, job(null, undefined, { attempt: 2 })), newer], { attempt: 2 }))
      .toMatchObject({ passed: true });
  });

  test('but a run that failed for another reason is stopped once, because the user may only want to repeat a check', async () => {
    const failed = { ...job('failure'), name: 'test' };
    expect(await look([run(2, OWN, failed, job('skipped'), job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: false });
    expect(await look([run(2, OWN, job('failure', 'success'), job(null, undefined, { attempt: 2 })), newer], { attempt: 2 })).toMatchObject({ passed: false });
  });
});

describe('a run that looked for its image before a scheduled rebuild had pushed a later one', () => {
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
    ['was deployed meanwhile', DEPLOYED, 'has already started this job'],
    ['is being deployed', job(null, 'success'), 'has already started this job'],
    ['lost its place in the queue', job('cancelled'), 'was canceled while it waited in the queue'],
  ])('is stopped where the rebuild %s, whether of the same commit or an older one', async (_, theirs, reason) => {
    for (const sha of [OWN, OLDER]) {
      expect(await lookAt([build(2, 3, 'skipped'), mine], [rebuild(sha, build(1, 5, 'success'), theirs)])).toEqual({
        passed: false,
        said: `::error::A later run that rebuilt the images ${reason}: https://github.com/octo-org/shop/actions/runs/3. ` +
          'To deploy its images, re-run all jobs of this run. To deploy the earlier build anyway, re-run this job.',
      });
    }
  });

  test.each<[string, JobRecord, RunRecord]>([
    ['found the rebuilt image', build(6, 7, 'skipped'), rebuild(OWN, build(1, 5, 'success'), DEPLOYED)],
    ['has built an image itself, so its sources are other ones', build(2, 6, 'success'), rebuild(OLDER, build(1, 5, 'success'), DEPLOYED)],
    ['is followed by the rebuild', build(2, 3, 'skipped'), rebuild(OWN, build(1, 5, 'success'), job(null))],
    ['raced a schedule of other images', build(2, 3, 'skipped'), rebuild(OWN, build(1, 5, 'skipped'), DEPLOYED)],
  ])('passes if it %s', async (_, own, other) => {
    expect(await lookAt([own, mine], [other])).toMatchObject({ passed: true });
  });

  test('passes once all of its jobs were re-run, and if only this job was', async () => {
    const other = rebuild(OWN, build(1, 5, 'success'), DEPLOYED);
    const again = job(null, undefined, { attempt: 2 });
    expect(await lookAt([build(2, 3, 'skipped'), STOPPED, build(8, 9, 'skipped', 2), again], [other], { attempt: 2 }))
      .toEqual({ passed: true, said: 'No run of a newer commit has started this job.' });
    expect(await lookAt([build(2, 3, 'skipped'), STOPPED, again], [other], { attempt: 2 }))
      .toEqual({ passed: true, said: expect.stringContaining('::notice::A later run that rebuilt the images has already started this job') });
  });

  test('of two rebuilds, the one that began later is deployed in the end', async () => {
    const other = (start: number) => rebuild(OWN, build(start, 9, 'success'), DEPLOYED);
    expect(await lookAt([build(2, 8, 'success'), mine], [other(3)], { event: 'schedule' })).toMatchObject({ passed: false });
    expect(await lookAt([build(2, 8, 'success'), mine], [other(1)], { event: 'schedule' })).toMatchObject({ passed: true });
  });

  test('a rebuild that a newer commit has overtaken says how to deploy its images', async () => {
    const repository = { ...REPOSITORY, workflow: 'deploy.yml', commits: [OWN, NEWER], runs: [{ ...MINE, event: 'schedule' }, run(3, NEWER, DEPLOYED)] };
    const { said } = await runOrderStep(script, repository, { ...env, GITHUB_SHA: OWN, GITHUB_RUN_ID: '2', GITHUB_RUN_ATTEMPT: '1', GITHUB_EVENT_NAME: 'schedule' });
    expect(said).toContain('To deploy the rebuilt images now, re-run all jobs of that run.');
  });
});
