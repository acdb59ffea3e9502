import { parse } from 'yaml';
import { JobRecord, Repository, RunRecord } from './api';
import { Concurrency, ConcurrencyGroups } from './concurrency';
import { REPOSITORY, runOrderStep } from './order-step';
import { Contexts, holds, interpolate } from '../../../e2e/pipeline/expressions';

/** `<run>/<job>` */
type Ref = string;

type Phase = 'to come' | 'waits' | 'runs' | 'deploys' | 'success' | 'failure' | 'cancelled' | 'skipped';

/** The state of all runs, groups, and deployments at one point of an interleaving. */
export interface World {
  /** The phase of each job of each run. */
  readonly phases: Readonly<Record<Ref, Phase>>;
  readonly groups: ConcurrencyGroups<Ref>;

  /** The index of the commit that each job deployed last. */
  readonly live: Readonly<Record<string, number>>;

  /** Messages of failed jobs. */
  readonly said: Readonly<Record<Ref, string>>;

  /** Deployments of an older commit, or an older build, over a newer one. */
  readonly undone: readonly Ref[];

  /** The build that each run has found or started, if there are scheduled runs. Builds are numbered in the order of their start. */
  readonly images: Readonly<Record<number, number>>;

  /** The latest pushed build. */
  readonly pushed: number;

  /** The latest started build. */
  readonly begun: number;

  /** The build that each job has deployed last. */
  readonly liveImages: Readonly<Record<string, number>>;

  /** When each build started and ended. Time is counted in starts and ends of builds. */
  readonly times: Readonly<Record<Ref, { readonly started: number; readonly completed?: number }>>;
}

export interface Commit {
  readonly sha: string;

  /** The workflow file in this commit. */
  readonly workflow: string;

  /** The trigger of the run, a push by default. A scheduled run rebuilds every image. */
  readonly event?: 'push' | 'schedule';
}

export interface Options {
  /** Jobs that can also fail. */
  readonly mayFail?: (job: string) => boolean;

  /** Jobs that take no time: the jobs that need them arrive in the same step. */
  readonly brief?: (job: string) => boolean;
}

const STATUS = { success: true, failure: false };
const ENDED: Phase[] = ['success', 'failure', 'cancelled', 'skipped'];
const ORDER = 'Check the commit order';

/**
 * Runs of one workflow for several commits, in every order in which their jobs can arrive, begin, and end. A job consists of
 * its needs, its concurrency group, its check of the commit order, and its deployment. Jobs that do not interact with other
 * runs take no time, because the next job can also arrive later, which covers their duration.
 */
export class Interleavings {
  private readonly workflows: any[];
  private readonly concurrencies = new Map<Ref, Concurrency | undefined>();
  private readonly answers = new Map<string, { passed: boolean; said: string }>();
  private readonly conditions = new Map<string, boolean>();

  /**
   * @param commits in order, the oldest first
   */
  constructor(private readonly commits: Commit[], private readonly options: Options = {}) {
    this.workflows = commits.map(({ workflow }) => parse(workflow));
  }

  /** Every final state, with the first sequence of events that leads to it. */
  public async ends(): Promise<{ world: World; events: string[] }[]> {
    const ends: { world: World; events: string[] }[] = [];
    const seen = new Set<string>();
    const open: { world: World; events: string[] }[] = [{ world: this.settled(this.beginning()), events: [] }];
    for (let current = open.pop(); current; current = open.pop()) {
      const { world, events } = current;
      const next = await this.next(world);
      if (next.length === 0) ends.push(current);
      for (const [event, successor] of next) {
        const settled = this.settled(successor);
        const key = JSON.stringify(settled);
        if (seen.has(key)) continue;
        seen.add(key);
        open.push({ world: settled, events: [...events, event] });
      }
    }
    return ends;
  }

  /** The jobs that deploy. */
  public get deployments(): string[] {
    return [...new Set(this.commits.flatMap((_, run) => this.refsOf(run)).filter((ref) => this.deploys(ref)).map((ref) => split(ref)[1]))];
  }

  private beginning(): World {
    const refs = this.commits.flatMap((_, run) => this.refsOf(run));
    return {
      phases: Object.fromEntries(refs.map((ref) => [ref, 'to come'])),
      groups: new ConcurrencyGroups(),
      live: {},
      said: {},
      undone: [],
      images: {},
      pushed: 0,
      begun: 0,
      liveImages: {},
      times: {},
    };
  }

  /** All possible next events, with the states after them. */
  private async next(world: World): Promise<[string, World][]> {
    const events: [string, World][] = [];
    for (const ref of Object.keys(world.phases)) {
      switch (world.phases[ref]) {
        case 'to come':
          if (this.isReady(world, ref)) events.push([`${ref} arrives`, this.arrived(world, ref)]);
          break;
        case 'runs':
          if (this.keepsOrder(ref)) events.push([`${ref} looks for newer commits`, await this.ordered(world, ref)]);
          else if (this.builds(ref)) events.push([`${ref} looks for its image`, this.begun(world, ref)]);
          else events.push(...this.ended(world, ref));
          break;
        case 'deploys':
          events.push(...this.ended(world, ref));
      }
    }
    return events;
  }

  /** Completes the jobs that take no time: skipped jobs, and jobs that do not interact with other runs. */
  private settled(world: World): World {
    for (const ref of Object.keys(world.phases)) {
      if (world.phases[ref] !== 'to come' || !this.needsAreOver(world, ref)) continue;
      if (!this.isReady(world, ref)) return this.settled(withPhase(world, ref, 'skipped'));
      if (this.isLocal(ref)) return this.settled(withPhase(world, ref, 'success'));
    }
    return world;
  }

  private arrived(world: World, ref: Ref): World {
    const concurrency = this.concurrencyOf(ref);
    if (!concurrency) return withPhase(world, ref, 'runs');
    const { groups, cancelled } = world.groups.arrive(ref, concurrency);
    const phases = { ...world.phases, [ref]: groups.runs(ref, concurrency) ? 'runs' as const : 'waits' as const };
    for (const other of cancelled) phases[other] = 'cancelled';
    return { ...world, groups, phases };
  }

  private async ordered(world: World, ref: Ref): Promise<World> {
    const { passed, said } = await this.looked(world, ref);
    if (!passed) return this.left({ ...world, said: { ...world.said, [ref]: said } }, ref, 'failure');
    const [run, id] = split(ref);
    if (!this.options.brief?.(id)) return withPhase(world, ref, 'deploys');
    const ended = this.left(world, ref, 'success');
    return this.refsOf(run)
      .filter((next) => ended.phases[next] === 'to come' && this.isReady(ended, next))
      .reduce((current, next) => this.arrived(current, next), ended);
  }

  private begun(world: World, ref: Ref): World {
    const [run] = split(ref);
    const begun = world.begun + (this.isScheduled(run) ? 1 : 0);
    const images = { ...world.images, [run]: this.isScheduled(run) ? begun : world.pushed };
    return withPhase({ ...world, begun, images, times: { ...world.times, [ref]: { started: timeIn(world) } } }, ref, 'deploys');
  }

  private built(world: World, ref: Ref): World {
    const [run] = split(ref);
    const pushed = Math.max(world.pushed, world.images[run]);
    return { ...world, pushed, times: { ...world.times, [ref]: { ...world.times[ref], completed: timeIn(world) } } };
  }

  private deployed(world: World, ref: Ref): World {
    const [run, id] = split(ref);
    const { [run]: image = 0 } = world.images;
    const place = this.placeOf(run);
    return {
      ...world,
      live: { ...world.live, [id]: place },
      liveImages: { ...world.liveImages, [id]: image },
      undone: world.live[id] > place || world.liveImages[id] > image ? [...world.undone, ref] : world.undone,
    };
  }

  private ended(world: World, ref: Ref): [string, World][] {
    const [run, id] = split(ref);
    const done = this.deploys(ref) ? this.deployed(world, ref) : this.builds(ref) ? this.built(world, ref) : world;
    const events: [string, World][] = [[`${ref} ends`, this.left(done, ref, 'success')]];
    if (this.options.mayFail?.(id)) {
      const said = { ...world.said, [ref]: `the deployment of ${this.commits[run].sha} failed` };
      events.push([`${ref} fails`, this.left({ ...world, said }, ref, 'failure')]);
    }
    return events;
  }

  private left(world: World, ref: Ref, phase: Phase): World {
    const concurrency = this.concurrencyOf(ref);
    const ended = withPhase(world, ref, phase);
    if (!concurrency) return ended;
    const groups = world.groups.leave(ref, concurrency);
    const phases = Object.fromEntries(Object.entries(ended.phases).map(([other, current]) =>
      [other, current === 'waits' && groups.runs(other, this.concurrencyOf(other)!) ? 'runs' : current]));
    return { ...ended, groups, phases };
  }

  private async looked(world: World, ref: Ref): Promise<{ passed: boolean; said: string }> {
    const [run, id] = split(ref);
    const repository = this.asGitHubSeesIt(world);
    const key = JSON.stringify([ref, repository]);
    const known = this.answers.get(key);
    if (known) return known;
    const { run: script, env } = this.workflows[run].jobs[id].steps.find(({ name }: any) => name === ORDER);
    const result = await runOrderStep(script, repository, {
      ...env,
      GITHUB_SHA: this.commits[run].sha,
      GITHUB_RUN_ID: String(run),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_EVENT_NAME: this.eventOf(run),
    });
    this.answers.set(key, result);
    return result;
  }

  /** Numbers the runs in the opposite order of their commits, because the step must not rely on the numbers. */
  private asGitHubSeesIt({ phases, times }: World): Repository {
    const runs = this.commits.map(({ sha }, run): RunRecord => ({
      id: run,
      number: this.commits.length - run,
      sha,
      event: this.eventOf(run),
      jobs: this.refsOf(run).flatMap((ref) => this.recordOf(phases[ref], ref, times[ref])),
    }));
    return { ...REPOSITORY, workflow: `${this.workflows[0].name}.yml`, commits: ['0'.repeat(40), ...this.shas], runs };
  }

  private recordOf(phase: Phase, ref: Ref, times: World['times'][Ref] | undefined): JobRecord[] {
    if (phase === 'to come') return [];
    const [run, id] = split(ref);
    const { name } = this.workflows[run].jobs[id];
    const conclusion = ENDED.includes(phase) ? phase : null;
    // The API may not list the steps of a running job yet.
    const hasLooked = this.keepsOrder(ref) && (phase === 'success' || phase === 'failure');
    if (times) {
      const steps = [{ name: 'Build and push', conclusion: this.isScheduled(run) ? 'success' : 'skipped' }];
      return [{ name, attempt: 1, conclusion, steps, started: timestamp(times.started), completed: timestamp(times.completed) }];
    }
    return [{ name, attempt: 1, conclusion, steps: hasLooked ? [{ name: ORDER, conclusion }] : [] }];
  }

  private isReady(world: World, ref: Ref): boolean {
    if (!this.needsAreOver(world, ref)) return false;
    const [run, id] = split(ref);
    const { needs = [], if: condition } = this.workflows[run].jobs[id];
    const results: Phase[] = [needs].flat().map((need: string) => world.phases[`${run}/${need}`]);
    // Cached, because it depends only on the results, which many worlds share.
    const key = [ref, ...results].join();
    if (!this.conditions.has(key)) {
      const status = { success: results.every((result) => result === 'success'), failure: results.includes('failure') };
      this.conditions.set(key, holds(condition, this.contextsOf(world, ref), status));
    }
    return this.conditions.get(key)!;
  }

  private needsAreOver(world: World, ref: Ref): boolean {
    const [run, id] = split(ref);
    return [this.workflows[run].jobs[id].needs ?? []].flat().every((need: string) => ENDED.includes(world.phases[`${run}/${need}`]));
  }

  private contextsOf({ phases }: World, ref: Ref): Contexts {
    const [run, id] = split(ref);
    const needs = Object.fromEntries([this.workflows[run].jobs[id].needs ?? []].flat().map((need: string) =>
      [need, { result: phases[`${run}/${need}`], outputs: {} }]));
    const github = { sha: this.commits[run].sha, workflow: this.workflows[run].name, event_name: this.eventOf(run), ref: 'refs/heads/main', ref_name: 'main' };
    return { needs, github };
  }

  /** Cached, because it is the same in every state. */
  private concurrencyOf(ref: Ref): Concurrency | undefined {
    if (!this.concurrencies.has(ref)) this.concurrencies.set(ref, this.renderedConcurrency(ref));
    return this.concurrencies.get(ref);
  }

  private renderedConcurrency(ref: Ref): Concurrency | undefined {
    const [run, id] = split(ref);
    const { concurrency } = this.workflows[run].jobs[id];
    if (this.workflows[run].concurrency) throw new Error('no concurrency of whole workflows here');
    const github = { sha: this.commits[run].sha, workflow: this.workflows[run].name, run_id: run };
    return concurrency && { ...concurrency, group: interpolate(concurrency.group, { github }, STATUS) };
  }

  private isLocal(ref: Ref): boolean {
    const [run] = split(ref);
    const group = this.concurrencyOf(ref)?.group;
    if (this.deploys(ref) || this.keepsOrder(ref) || this.builds(ref) || this.options.mayFail?.(split(ref)[1])) return false;
    return !group || group.includes(this.commits[run].sha);
  }

  /** Without scheduled rebuilds, the time at which a run looks up its image does not matter. */
  private builds(ref: Ref): boolean {
    return this.commits.some(({ event }) => event === 'schedule') && this.stepsOf(ref).some(({ name }) => name === 'Build and push');
  }

  private isScheduled(run: number): boolean {
    return this.eventOf(run) === 'schedule';
  }

  private eventOf(run: number): string {
    return this.commits[run].event ?? 'push';
  }

  /** The commits without duplicates, because several runs can be for the same commit. */
  private get shas(): string[] {
    return [...new Set(this.commits.map(({ sha }) => sha))];
  }

  private placeOf(run: number): number {
    return this.shas.indexOf(this.commits[run].sha);
  }

  private deploys(ref: Ref): boolean {
    return this.stepsOf(ref).some(({ run = '' }) => run.includes('cdk deploy '));
  }

  private keepsOrder(ref: Ref): boolean {
    return this.stepsOf(ref).some(({ name }) => name === ORDER);
  }

  private stepsOf(ref: Ref): any[] {
    const [run, id] = split(ref);
    return this.workflows[run].jobs[id].steps;
  }

  private refsOf(run: number): Ref[] {
    return Object.keys(this.workflows[run].jobs).map((id) => `${run}/${id}`);
  }
}

function timeIn({ times }: World): number {
  return Object.values(times).flatMap(({ started, completed }) => [started, completed]).filter((time) => time !== undefined).length;
}

function timestamp(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time * 60_000).toISOString();
}

function withPhase(world: World, ref: Ref, phase: Phase): World {
  return { ...world, phases: { ...world.phases, [ref]: phase } };
}

function split(ref: Ref): [number, string] {
  const slash = ref.indexOf('/');
  return [Number(ref.slice(0, slash)), ref.slice(slash + 1)];
}
