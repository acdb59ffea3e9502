/**
 * Concurrency groups as GitHub documents them, for the jobs of all runs in a repository
 * (https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency):
 *
 * - In each group, at most one job runs. Names of groups are case-insensitive.
 * - `queue: single`, the default: at most one job waits. A new arrival cancels the waiting job and takes its place.
 * - `queue: max`: up to 100 jobs wait. If the queue is full, a new arrival is canceled.
 * - `cancel-in-progress`: a new arrival also cancels the running job.
 * - The job that has waited longest runs next. GitHub does not document the order of arrival.
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

/** The running and waiting jobs of all groups. Immutable: each event returns a new object. */
export class ConcurrencyGroups<Job extends string> {
  constructor(private readonly groups: Readonly<Record<string, Group<Job>>> = {}) {}

  /** Adds a job. Returns the canceled jobs, which can include the new one. */
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

  /** Removes a job. The next job of its group starts to run. */
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
