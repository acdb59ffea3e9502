import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { SourceRepository } from './source-repository';
import { answer, JobRecord, RunRecord } from '../../pipeline/github/model/api';
import { Concurrency, ConcurrencyGroups } from '../../pipeline/github/model/concurrency';

export const REPOSITORY = 'octo-org/shop';
export const BRANCH = 'main';

type Turn = 'runs' | 'cancelled';

/** GitHub's side of all runs of a repository: their concurrency groups, and the API that lists the runs. */
export class ActionsService {
  public static async start(source: SourceRepository): Promise<ActionsService> {
    const service = new ActionsService(source);
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  private readonly server: Server;
  private readonly runs: (RunRecord & { readonly workflow: string })[] = [];
  private readonly waiting = new Map<string, (turn: Turn) => void>();
  private groups = new ConcurrencyGroups<string>();

  private constructor(private readonly source: SourceRepository) {
    this.server = createServer((request, response) => {
      const url = new URL(request.url!, this.url);
      const found = this.allows(url, request.headers.authorization ?? '') ? this.answered(url) : undefined;
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? { message: 'Not Found' }));
    });
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Begins a run of a workflow. Returns its id. */
  public begin(workflow: string, sha: string, event: string): number {
    const id = this.runs.length + 1;
    this.runs.push({ id, number: id, sha, event, jobs: [], workflow });
    return id;
  }

  /** Begins a job of a run. */
  public record(run: number, job: JobRecord): void {
    this.runs[run - 1].jobs.push(job);
  }

  /** Token of a job, which determines the job's permissions. */
  public tokenFor(permissions: Record<string, string>): string {
    return Buffer.from(JSON.stringify(permissions)).toString('base64');
  }

  /** Waits until the concurrency group admits the job. */
  public async enter(job: string, concurrency: Concurrency): Promise<Turn> {
    const { groups, cancelled } = this.groups.arrive(job, concurrency);
    this.groups = groups;
    for (const other of cancelled) this.waiting.get(other)?.('cancelled');
    if (groups.runs(job, concurrency)) return 'runs';
    return new Promise((resolve) => this.waiting.set(job, resolve));
  }

  public leave(job: string, concurrency: Concurrency): void {
    this.groups = this.groups.leave(job, concurrency);
    for (const [other, resolve] of this.waiting) {
      if (this.groups.runs(other, concurrency)) resolve('runs');
    }
  }

  public async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answered(url: URL): object | undefined {
    const [, workflow] = /\/actions\/workflows\/([^/]+)\/runs$/.exec(url.pathname) ?? [];
    const runs = workflow ? this.runs.filter((run) => run.workflow === workflow) : this.runs;
    return answer({ name: REPOSITORY, branch: BRANCH, workflow, commits: this.source.commits(), runs }, url);
  }

  private allows({ pathname }: URL, authorization: string): boolean {
    const permissions = JSON.parse(Buffer.from(authorization.replace(/^Bearer /, ''), 'base64').toString() || '{}');
    return permissions[pathname.includes('/actions/') ? 'actions' : 'contents'] === 'read';
  }
}
