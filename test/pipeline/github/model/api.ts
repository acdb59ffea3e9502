/** The part of GitHub's REST API that the workflow uses, for the runs of one workflow on one branch. */

export interface RunRecord {
  readonly id: number;
  readonly number: number;
  readonly sha: string;
  readonly event: string;
  readonly jobs: JobRecord[];
}

export interface JobRecord {
  readonly name: string;
  readonly attempt: number;
  readonly conclusion: string | null;
  readonly steps: { readonly name: string; readonly conclusion: string | null }[];
  readonly started?: string;
  readonly completed?: string;
}

export interface Repository {
  readonly name: string;
  readonly branch: string;
  readonly workflow: string;

  /** The commits of the branch, oldest first. */
  readonly commits: string[];

  /** Commits that a force-push has removed. */
  readonly removed?: string[];
  readonly runs: RunRecord[];
}

/** GitHub's response to a GET, or `undefined` for a 404. */
export function answer(repository: Repository, url: URL): object | undefined {
  const prefix = `/repos/${repository.name}/`;
  const path = decodeURIComponent(url.pathname.slice(url.pathname.indexOf(prefix) + prefix.length));
  const page = <T>(items: T[]): T[] => {
    const [size, number] = [Number(url.searchParams.get('per_page') ?? 30), Number(url.searchParams.get('page') ?? 1)];
    return items.slice((number - 1) * size, number * size);
  };
  const [, base, head] = /^compare\/([0-9a-f]+)\.\.\.(.+)$/.exec(path) ?? [];
  if (base) return head === repository.branch ? comparison(repository, base, page) : undefined;
  if (path === `actions/workflows/${repository.workflow}/runs`) {
    const event = url.searchParams.get('event');
    const all = url.searchParams.get('branch') === repository.branch ? [...repository.runs].reverse() : [];
    const runs = all.filter((run) => event === null || run.event === event);
    return { total_count: runs.length, workflow_runs: page(runs.map((run) => rendered(repository, run))) };
  }
  const [, id] = /^actions\/runs\/(\d+)\/jobs$/.exec(path) ?? [];
  const run = repository.runs.find((candidate) => String(candidate.id) === id);
  if (!run || url.searchParams.get('filter') !== 'all') return undefined;
  return {
    total_count: run.jobs.length,
    jobs: page(run.jobs.map(({ name, attempt, conclusion, steps, started = null, completed = null }) =>
      ({ name, run_id: run.id, run_attempt: attempt, conclusion, steps, started_at: started, completed_at: completed }))),
  };
}

function rendered({ name, branch }: Repository, { id, number, sha, event, jobs }: RunRecord): object {
  const updated = jobs.flatMap(({ started, completed }) => [started, completed]).sort().filter((time) => time !== undefined).at(-1) ?? null;
  return { id, run_number: number, head_sha: sha, head_branch: branch, event, updated_at: updated, html_url: `https://github.com/${name}/actions/runs/${id}` };
}

function comparison({ commits, removed = [] }: Repository, base: string, page: <T>(items: T[]) => T[]): object | undefined {
  const index = commits.indexOf(base);
  if (index < 0 && !removed.includes(base)) return undefined;
  // The parent of the removed commits is the first commit.
  const after = index < 0 ? commits.slice(1) : commits.slice(index + 1);
  const status = index < 0 ? (after.length > 0 ? 'diverged' : 'behind') : (after.length > 0 ? 'ahead' : 'identical');
  return { status, total_commits: after.length, commits: page(after.map((sha) => ({ sha }))) };
}
