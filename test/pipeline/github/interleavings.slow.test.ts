import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { parse, stringify } from 'yaml';
import { Commit, Interleavings, Options, World } from './model/interleavings';
import { PhasedFargateService } from '../../../src';
import { testApp } from '../../util/synth';
import { ENV, inSources, stages, workflow } from '../shop';

/**
 * Explores every order in which the runs of two or three commits can arrive, begin, and end according to GitHub's
 * documentation. Runs the step of the rendered workflow that checks the commit order, with a stand-in for GitHub's API.
 */

const SHAS = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const RENDERED = workflow(stages().app, { checks: { test: 'npm test' } }).render();
const OLD_ORDER = readFileSync(join(__dirname, '..', '..', 'e2e', 'pipeline', 'old-order.yml'), 'utf8');

describe('the rendered workflow', () => {
  let ofThree: Promise<Findings>;
  beforeAll(() => {
    ofThree = explore(3, RENDERED);
  });

  test('with two runs, the newer commit is deployed everywhere at the end, and is never undone', async () => {
    const { ends, newest, silent, undone } = await explore(2, RENDERED);
    expect({ silent, undone, newest }).toEqual({ silent: [], undone: [], newest: ends });
  });

  test('with three runs, the newest commit is deployed at the end or a failed run reports that it is not, and nothing is ever undone', async () => {
    const { ends, newest, silent, undone } = await ofThree;
    expect({ silent, undone }).toEqual({ silent: [], undone: [] });
    expect(newest).toBeGreaterThan(ends * 0.8);
  });

  test('with two runs whose deployments can fail, a failed run reports if the newest commit is not deployed, and nothing is ever undone', async () => {
    const { silent, undone } = await explore(2, RENDERED, { mayFail: (job) => job.startsWith('deploy-') });
    expect({ silent, undone }).toEqual({ silent: [], undone: [] });
  });

  test('a run that fails because of the commit order reports the newer commit, its run, and the remedy', async () => {
    const { said } = await ofThree;
    expect(said.length).toBeGreaterThan(3);
    for (const message of said) {
      expect(message).toMatch(/^::error::The run of a newer commit, [abc]{7}, (has already started this job|was canceled while it waited in the queue): https:\/\/github\.com\/octo-org\/shop\/actions\/runs\/\d\. (You do not need to do anything unless that run fails|Re-run that run)\. To go back to [abc]{7} anyway, re-run this job\.$/);
    }
  });
});

describe('a slow build of an older commit', () => {
  const app = testApp();
  const stack = new Stack(app, 'Shop', { env: ENV });
  new PhasedFargateService(stack, 'Api', { registry: ecr.Repository.fromRepositoryName(stack, 'Registry', 'theirs') });
  const text = workflow(app).render();

  test('stops before it can replace a newer commit in the queue', async () => {
    const { ends, newest } = await explore(3, text, { brief: (job) => job === 'order' });
    expect(newest).toBe(ends);
  });

  test('would replace the newer commit if only the deployment job had the step', async () => {
    const { ends, newest, silent } = await explore(3, changed(text, ({ jobs }) => {
      delete jobs.order;
      Object.assign(jobs.deploy, { needs: ['build-theirs'], if: undefined });
    }));
    expect(newest).toBeLessThan(ends);
    expect(silent).toEqual([]);
  });
});

describe('a commit that races with a scheduled rebuild', () => {
  const { app, registry } = stages();
  const text = inSources({ directories: ['.'] }, () => workflow(app, {
    cdkCommand: 'npx cdk', images: [{ registry, rebuildSchedule: '17 3 * * 1' }],
  }).render());
  const [older, newer] = SHAS;

  test.each<[string, Commit[]]>([
    ['of the previous commit', [{ sha: older, workflow: text, event: 'schedule' }, { sha: newer, workflow: text }]],
    ['of the same commit', [{ sha: newer, workflow: text, event: 'schedule' }, { sha: newer, workflow: text }]],
    ['of a newer commit', [{ sha: older, workflow: text }, { sha: newer, workflow: text, event: 'schedule' }]],
  ])('%s neither undoes the rebuild nor is undone by it, and a failed run reports if one of the two is not deployed', async (_, commits) => {
    const ends = await new Interleavings(commits).ends();
    expect(ends.filter(({ world }) => world.undone.length > 0)).toEqual([]);
    const isLatest = ({ live, liveImages, pushed }: World) => ['deploy-staging', 'deploy-production'].every((job) =>
      live[job] === new Set(commits.map(({ sha }) => sha)).size - 1 && liveImages[job] === pushed);
    expect(ends.filter(({ world }) => Object.keys(world.said).length === 0 && !isLatest(world))).toEqual([]);
    expect(ends.some(({ world }) => isLatest(world))).toBe(true);
  });

  test('would undo the rebuild if the step did not look for it', async () => {
    const blind = changed(text, ({ jobs }) => {
      for (const { steps } of Object.values<any>(jobs)) for (const { env } of steps) delete env?.REBUILDS;
    });
    const ends = await new Interleavings([{ sha: older, workflow: blind, event: 'schedule' }, { sha: newer, workflow: blind }]).ends();
    expect(ends.some(({ world }) => world.undone.length > 0)).toBe(true);
  });
});

describe('the model finds errors', () => {
  test('in the old order, in which the older commit is deployed last and all runs succeed', async () => {
    const { silent, undone } = await explore(2, OLD_ORDER);
    expect(undone).toEqual([
      ['1/deploy-infrastructure arrives', '1/deploy-infrastructure ends', '0/deploy-infrastructure arrives', '0/deploy-infrastructure ends'],
    ]);
    expect(silent).toEqual(undone);
  });

  test('in concurrency groups alone, which separate deployments but do not order them', async () => {
    const { silent, undone } = await explore(2, changed(RENDERED, ({ jobs }) => {
      for (const job of Object.values<any>(jobs)) job.steps = job.steps.filter(({ name }: any) => name !== 'Check the commit order');
    }));
    expect(silent).not.toEqual([]);
    expect(undone).not.toEqual([]);
  });
});

interface Findings {
  readonly ends: number;

  /** Number of ends in which the newest commit is deployed everywhere. */
  readonly newest: number;

  /** Event sequences after which the newest commit is not deployed and no failed run reports it. */
  readonly silent: string[][];

  /** Event sequences in which an older commit was deployed over a newer one. */
  readonly undone: string[][];

  readonly said: string[];
}

async function explore(count: number, text: string, options: Options = {}): Promise<Findings> {
  const runs = new Interleavings(SHAS.slice(0, count).map((sha) => ({ sha, workflow: text })), options);
  const ends = await runs.ends();
  const isNewest = ({ live }: World) => runs.deployments.every((job) => live[job] === count - 1);
  const saysSo = ({ said }: World) => Object.values(said).some((message) => message.includes(SHAS[count - 1].slice(0, 7)));
  return {
    ends: ends.length,
    newest: ends.filter(({ world }) => isNewest(world)).length,
    silent: ends.filter(({ world }) => !isNewest(world) && !saysSo(world)).map(({ events }) => events),
    undone: ends.filter(({ world }) => world.undone.length > 0).map(({ events }) => events),
    said: [...new Set(ends.flatMap(({ world }) => Object.values(world.said)))],
  };
}

function changed(text: string, change: (workflow: any) => void): string {
  const document = parse(text);
  change(document);
  return stringify(document);
}
