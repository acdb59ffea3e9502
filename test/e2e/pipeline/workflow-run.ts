import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { JobEnvironment, runAction } from './actions';
import { ActionsService, BRANCH, REPOSITORY } from './actions-service';
import { Contexts, holds, interpolate, Status } from './expressions';
import { SourceRepository } from './source-repository';
import { Emulator } from '../../emulator/emulator';
import { Concurrency } from '../../pipeline/github/model/concurrency';

type Result = 'success' | 'failure' | 'skipped' | 'cancelled';

export interface StepRun {
  readonly name: string;
  readonly outcome: Result;
  readonly output: string;
}

export interface JobRun {
  readonly result: Result;
  readonly steps: StepRun[];
  readonly outputs: Record<string, string>;
  readonly summary: string;
}

export interface Circumstances {
  readonly emulator: Emulator;
  readonly source: SourceRepository;
  readonly service: ActionsService;
  /** Folder of the runner's commands, which take precedence over all others. */
  readonly commands: string;
  /** Parent directory of the jobs' workspaces. */
  readonly directory: string;
  /** Secrets of the repository on GitHub, by name. */
  readonly secrets?: Record<string, string>;
  /** Cron expression that started the run, if it was not a push. */
  readonly schedule?: string;
  /** Source repository of the pull request that started the run, if any. */
  readonly pullRequestFrom?: string;
  /** Called before each step, to simulate concurrent events. */
  readonly meanwhile?: (job: string, step: string) => Promise<void>;
}

/** A workflow run, as GitHub would run it for the current commit of the repository. */
export class WorkflowRun {
  public static async of(file: string, circumstances: Circumstances): Promise<WorkflowRun> {
    const { source: { sha }, service } = circumstances;
    const run = new WorkflowRun(file, circumstances, sha, service.begin(basename(file), sha, eventOf(circumstances)), 1);
    await run.runAll();
    return run;
  }

  public readonly jobs: Record<string, JobRun> = {};

  private readonly workflow: any;

  private constructor(
    private readonly file: string,
    private readonly circumstances: Circumstances,
    private readonly sha: string,
    private readonly id: number,
    private readonly attempt: number,
  ) {
    this.workflow = parse(circumstances.source.read(file, sha));
  }

  /** Re-runs all jobs. */
  public async again(): Promise<WorkflowRun> {
    const run = new WorkflowRun(this.file, this.circumstances, this.sha, this.id, this.attempt + 1);
    await run.runAll();
    return run;
  }

  /** Result of the whole run. */
  public get result(): Result {
    return Object.values(this.jobs).some(({ result }) => result === 'failure') ? 'failure' : 'success';
  }

  public get results(): Record<string, Result> {
    return Object.fromEntries(Object.entries(this.jobs).map(([id, { result }]) => [id, result]));
  }

  public step(job: string, name: string): StepRun {
    const found = this.jobs[job].steps.find((step) => step.name === name);
    if (!found) throw new Error(`job ${job} has no step ${name}`);
    return found;
  }

  /** The whole output as one line. */
  public get screen(): string {
    return Object.values(this.jobs).flatMap(({ steps }) => steps.map(({ output }) => output)).join(' ').replace(/\s+/g, ' ');
  }

  private async runAll(): Promise<void> {
    const pending = new Map<string, any>(Object.entries(this.workflow.jobs));
    while (pending.size > 0) {
      const ready = [...pending].filter(([, { needs = [] }]) => [needs].flat().every((need: string) => need in this.jobs));
      if (ready.length === 0) throw new Error(`these jobs wait for each other: ${[...pending.keys()]}`);
      const runs = await Promise.all(ready.map(async ([id, job]) => [id, await this.runJob(id, job)] as const));
      for (const [id, run] of runs) {
        pending.delete(id);
        this.jobs[id] = run;
      }
    }
  }

  private async runJob(id: string, job: any): Promise<JobRun> {
    const needs = Object.fromEntries([job.needs ?? []].flat().map((need: string) => [need, this.jobs[need]]));
    const { secrets = {}, schedule, pullRequestFrom } = this.circumstances;
    const github = {
      sha: this.sha,
      ref: 'refs/heads/main',
      ref_name: BRANCH,
      repository: REPOSITORY,
      run_id: this.id,
      token: this.circumstances.service.tokenFor(job.permissions ?? {}),
      workflow: this.workflow.name,
      event_name: eventOf(this.circumstances),
      event: { schedule, pull_request: pullRequestFrom && { number: 1, head: { repo: { full_name: pullRequestFrom } } } },
    };
    const contexts = { needs, github, secrets, runner: { arch: 'X64' } };
    const results = Object.values(needs).map(({ result }) => result);
    const status = { success: results.every((result) => result === 'success'), failure: results.includes('failure') };
    if (!holds(job.if, contexts, status)) return this.ended(job, { ...NOTHING, result: 'skipped' });

    const concurrency = job.concurrency && interpolate<Concurrency>(job.concurrency, contexts, status);
    if (!concurrency) return this.runSteps(id, job, contexts);
    const { service } = this.circumstances;
    const ref = `${this.id}/${this.attempt}/${id}`;
    if (await service.enter(ref, concurrency) === 'cancelled') return this.ended(job, { ...NOTHING, result: 'cancelled' });
    try {
      return await this.runSteps(id, job, contexts);
    } finally {
      service.leave(ref, concurrency);
    }
  }

  private async runSteps(id: string, job: any, contexts: Contexts): Promise<JobRun> {
    const started = new Date().toISOString();
    const directory = mkdtempSync(join(this.circumstances.directory, `${id}-`));
    const workspace = join(directory, 'workspace');
    mkdirSync(workspace);
    try {
      const defaults = this.workflow.defaults?.run ?? {};
      const env = { GITHUB_RUN_ID: String(this.id), GITHUB_RUN_ATTEMPT: String(this.attempt) };
      const steps = new JobSteps(this.circumstances, { directory, workspace, sha: this.sha, env, contexts, defaults }, job);
      for (const step of job.steps) {
        await this.circumstances.meanwhile?.(id, step.name);
        await steps.run(step);
      }
      return this.ended(job, { result: steps.result, steps: steps.runs, outputs: steps.outputs(), summary: steps.summary() }, started);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  private ended({ name }: any, run: JobRun, started?: string): JobRun {
    const steps = run.steps.map((step) => ({ name: step.name, conclusion: step.outcome }));
    const completed = new Date().toISOString();
    this.circumstances.service.record(this.id, { name, attempt: this.attempt, conclusion: run.result, steps, started, completed });
    return run;
  }
}

function eventOf({ schedule, pullRequestFrom }: Circumstances): string {
  if (schedule !== undefined) return 'schedule';
  return pullRequestFrom === undefined ? 'push' : 'pull_request';
}

/** Command that runs a script file, as GitHub documents. */
const SHELLS: Record<string, (file: string) => [string, string[]]> = {
  bash: (file) => ['bash', ['--noprofile', '--norc', '-eo', 'pipefail', file]],
};

const NOTHING = { steps: [], outputs: {}, summary: '' };

interface JobPlace {
  readonly directory: string;
  readonly workspace: string;
  readonly sha: string;
  readonly env: Record<string, string>;
  readonly contexts: Contexts;
  readonly defaults: { 'shell'?: string; 'working-directory'?: string };
}

class JobSteps {
  public readonly runs: StepRun[] = [];

  private readonly stepsById: Record<string, { outputs: Record<string, string>; outcome: Result }> = {};
  private failed = false;
  private readonly environment: JobEnvironment;

  constructor({ emulator, source, service, commands }: Circumstances, private readonly place: JobPlace, private readonly job: any) {
    const { sha, workspace, directory } = place;
    // The address of AWS is always set, but credentials are not.
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_DEFAULT_REGION, ...env } = emulator.env;
    this.environment = {
      emulator,
      source,
      sha,
      workspace,
      permissions: job.permissions ?? {},
      env: {
        ...env,
        PATH: `${commands}:${env.PATH}`,
        GITHUB_ACTIONS: 'true',
        GITHUB_SHA: sha,
        GITHUB_REPOSITORY: REPOSITORY,
        GITHUB_REF_NAME: BRANCH,
        GITHUB_EVENT_NAME: (place.contexts.github as { event_name: string }).event_name,
        GITHUB_API_URL: service.url,
        RUNNER_TEMP: directory,
        ...place.env,
        DOCKER_CONFIG: directory,
        GITHUB_OUTPUT: join(directory, 'output'),
        GITHUB_STEP_SUMMARY: join(directory, 'summary'),
      },
      buildxIsSetUp: false,
    };
  }

  public get result(): Result {
    return this.failed ? 'failure' : 'success';
  }

  public async run(step: any): Promise<void> {
    const { contexts, status } = this;
    if (!holds(step.if, contexts, status)) return this.record(step, 'skipped');

    const { uses, with: inputs, run, env } = interpolate(step, contexts, status);
    try {
      const { outputs, output } = uses
        ? { outputs: await runAction(uses, this.environment, inputs ?? {}, env ?? {}), output: '' }
        : await this.command(run, step.shell ?? this.place.defaults.shell, step['working-directory'] ?? this.place.defaults['working-directory'] ?? '.', env ?? {});
      this.record(step, 'success', output, outputs);
    } catch (error) {
      this.record(step, 'failure', (error as Error).message);
      this.failed ||= step['continue-on-error'] !== true;
    }
  }

  private record({ id, name }: any, outcome: Result, output = '', outputs = {}): void {
    if (id) this.stepsById[id] = { outputs, outcome };
    this.runs.push({ name, outcome, output });
  }

  /** Outputs of the job. GitHub drops values that contain a secret, and the host of a registry does. */
  public outputs(): Record<string, string> {
    const outputs = interpolate<Record<string, string>>(this.job.outputs ?? {}, this.contexts, this.status);
    return Object.fromEntries(Object.entries(outputs).filter(([, value]) => !value.includes('.dkr.ecr.')));
  }

  public summary(): string {
    const file = this.environment.env.GITHUB_STEP_SUMMARY;
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  private get status(): Status {
    return { success: this.result === 'success', failure: this.result === 'failure' };
  }

  private get contexts(): Contexts {
    return { ...this.place.contexts, steps: this.stepsById, job: { status: this.result } };
  }

  private async command(
    script: string, shell: string, workingDirectory: string, env: Record<string, string>,
  ): Promise<{ outputs: Record<string, string>; output: string }> {
    const { directory, workspace } = this.place;
    if (!(shell in SHELLS)) throw new Error(`no shell ${shell} here`);
    const file = join(directory, 'script');
    writeFileSync(file, script);
    writeFileSync(this.environment.env.GITHUB_OUTPUT, '');
    const { exitCode, output } = await execute(...SHELLS[shell](file), {
      cwd: join(workspace, workingDirectory),
      env: { ...this.environment.env, ...env },
    });
    if (exitCode !== 0) throw new Error(output);
    const outputs = readFileSync(this.environment.env.GITHUB_OUTPUT, 'utf8').split('\n').filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
    return { outputs: Object.fromEntries(outputs), output };
  }
}

export async function execute(
  command: string, args: string[], options: { cwd: string; env: Record<string, string> },
): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output += text);
  const exitCode = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { exitCode, output };
}
