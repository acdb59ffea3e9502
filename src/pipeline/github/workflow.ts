/**
 * The part of the workflow syntax that this library uses, with the key names of GitHub:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
 */
export interface Workflow {
  readonly name: string;
  readonly on: Triggers;

  /** Permissions of jobs that do not specify their own. */
  readonly permissions: Permissions;
  readonly defaults: { readonly run: { readonly 'shell': string; readonly 'working-directory'?: string } };
  readonly jobs: Record<string, Job>;
}

export interface Triggers {
  readonly push?: { readonly branches: string[] };
  readonly schedule?: { readonly cron: string }[];
  readonly pull_request?: { readonly branches: string[] };
}

/** Permissions of a job's token. Permissions that are not listed are denied. */
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

/** A job without the fields that depend on its position in the workflow. */
export type JobBody = Omit<Job, 'name' | 'needs' | 'if'>;

/** In each group, at most one job runs and at most one job waits in the whole repository. A new arrival replaces the waiting job. */
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

/** Inputs of an action. Inputs that are `undefined` are omitted. */
export interface Inputs {
  readonly [name: string]: string | number | boolean | undefined;
}
