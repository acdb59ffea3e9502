/**
 * The syntax of a workflow, as far as ours go, under the names that GitHub gives to its keys:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
 */
export interface Workflow {
  readonly name: string;
  readonly on: Triggers;

  /** For jobs that do not name their own. */
  readonly permissions: Permissions;
  readonly defaults: { readonly run: { readonly 'shell': string; readonly 'working-directory'?: string } };
  readonly jobs: Record<string, Job>;
}

export interface Triggers {
  readonly push?: { readonly branches: string[] };
  readonly schedule?: { readonly cron: string }[];
  readonly pull_request?: { readonly branches: string[] };
}

/** What the token of a job may do. What is not named here it may not. */
export interface Permissions {
  readonly 'actions'?: 'read';
  readonly 'contents'?: 'read';
  readonly 'id-token'?: 'write';
}

export interface Job {
  readonly 'name': string;
  readonly 'needs'?: string[];
  readonly 'if'?: string;
  readonly 'runs-on': string;
  readonly 'timeout-minutes': number;
  readonly 'permissions': Permissions;
  readonly 'environment'?: string;
  readonly 'concurrency'?: Concurrency;
  readonly 'outputs'?: Record<string, string>;
  readonly 'steps': Step[];
}

/** A job, except for what follows from its place in the workflow. */
export type JobBody = Omit<Job, 'name' | 'needs' | 'if'>;

/** At most one job of a group runs, and at most one waits, in the whole repository: one that arrives takes the place of the one that waits. */
export interface Concurrency {
  readonly 'group': string;
  readonly 'cancel-in-progress': boolean;
}

export type Step = CommandStep | ActionStep;

interface StepOptions {
  readonly 'name': string;
  readonly 'id'?: string;
  readonly 'if'?: string;
  readonly 'env'?: Record<string, string>;
  readonly 'continue-on-error'?: boolean;
}

export interface CommandStep extends StepOptions {
  readonly 'run': string;
  readonly 'working-directory'?: string;
}

export interface ActionStep extends StepOptions {
  readonly uses: string;
  readonly with?: Inputs;
}

/** Inputs of an action. Those that are `undefined` are left out. */
export interface Inputs {
  readonly [name: string]: string | number | boolean | undefined;
}
