/**
 * Concurrency groups as GitHub documents them, for the jobs of all runs in a repository
 * (https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency):
 *
 * - At most one job of a group runs. Names of groups are compared without regard to case.
 * - `queue: single`, the default: at most one job waits, and one that arrives cancels it and takes its place.
 * - `queue: max`: up to 100 wait, and one that arrives when the queue is full is cancelled.
 * - `cancel-in-progress`: one that arrives cancels the one that runs, too.
 * - Whoever has waited longest is next. Nothing is said about the order in which jobs arrive.
 */
export interface Concurrency {
  readonly 'group': string;
  readonly 'cancel-in-progress'?: boolean;
  readonly 'queue'?: 'single' | 'max';
}

interface Group<Job> {
  readonly running?: Job;
  readonly waiting: readonly Job[];
}

const QUEUE = 100;

/** Who runs and who waits. Never changed: each event makes a new one. */
export class ConcurrencyGroups<Job extends string> {
  constructor(private readonly groups: Readonly<Record<string, Group<Job>>> = {}) {}

  /** A job arrives. Returns whom that cancels, which may be itself. */
  public arrive(job: Job, concurrency: Concurrency): { groups: ConcurrencyGroups<Job>; cancelled: Job[] } {
    const { 'cancel-in-progress': cancels = false, queue = 'single' } = concurrency;
    if (cancels && queue === 'max') throw new Error('queue: max cannot be combined with cancel-in-progress: true');
    const name = concurrency.group.toLowerCase();
    const { running, waiting } = this.groups[name] ?? { waiting: [] };
    if (running === undefined) return { groups: this.with(name, { running: job, waiting }), cancelled: [] };
    if (cancels) return { groups: this.with(name, { running: job, waiting: [] }), cancelled: [running, ...waiting] };
    if (queue === 'single') return { groups: this.with(name, { running, waiting: [job] }), cancelled: [...waiting] };
    if (waiting.length === QUEUE) return { groups: this, cancelled: [job] };
    return { groups: this.with(name, { running, waiting: [...waiting, job] }), cancelled: [] };
  }

  /** A job has ended. The next one of its group runs. */
  public leave(job: Job, { group }: Concurrency): ConcurrencyGroups<Job> {
    const name = group.toLowerCase();
    const { running, waiting } = this.groups[name];
    if (running !== job) return this.with(name, { running, waiting: waiting.filter((other) => other !== job) });
    const [next, ...others] = waiting;
    return this.with(name, { running: next, waiting: others });
  }

  public runs(job: Job, { group }: Concurrency): boolean {
    return this.groups[group.toLowerCase()]?.running === job;
  }

  private with(name: string, group: Group<Job>): ConcurrencyGroups<Job> {
    return new ConcurrencyGroups({ ...this.groups, [name]: group });
  }
}
