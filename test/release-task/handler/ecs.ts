/**
 * A simulated ECS cluster on Fargate. It follows the documentation of task states, from PROVISIONING to STOPPED, and of client tokens.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 */

/** The course of a simulated task. */
export interface Plan {
  readonly provisioningMs?: number;
  /** Time until the container exits by itself. */
  readonly runsMs?: number;
  /** Null if ECS never learns it. */
  readonly exitCode?: number | null;
  readonly reason?: string;
  /** The reason why the container cannot start. */
  readonly cannotStart?: string;
  /** Time from SIGTERM to the exit. The exit code follows. */
  readonly stopMs?: number;
  readonly exitCodeWhenStopped?: number;
  /** The stop code, if something other than its own exit stops the task. */
  readonly stopCode?: string;
  readonly logs?: readonly string[];
}

const DEPROVISIONING_MS = 15_000;
const HOUR_MS = 3_600_000;

/** How long ECS returns a stopped task, and how long its client token still refers to that task. */
const REMEMBERED_MS = HOUR_MS;

export type RunTaskInput = Readonly<Record<string, any>>;

export class FakeTask {
  private stopped?: { readonly at: number; readonly reason: string };

  constructor(
    public readonly arn: string,
    public readonly input: RunTaskInput,
    public readonly createdAt: number,
    public readonly plan: Plan,
  ) {}

  public stop(at: number, reason: string): void {
    if (!this.stopped && at < this.exitAt) this.stopped = { at, reason };
  }

  public get wasStopped(): boolean {
    return this.stopped !== undefined;
  }

  /** The time when the container exits or fails to start. */
  public get exitAt(): number {
    const { provisioningMs = 12_000, runsMs = 30_000, cannotStart, stopMs = 2_000 } = this.plan;
    const startedAt = this.createdAt + provisioningMs;
    const byItself = cannotStart ? startedAt : startedAt + runsMs;
    return this.stopped ? Math.min(byItself, Math.max(this.stopped.at + stopMs, this.createdAt)) : byItself;
  }

  public get hasStarted(): boolean {
    return !this.plan.cannotStart && this.exitAt > this.createdAt + (this.plan.provisioningMs ?? 12_000);
  }

  /** Whether the container has exited by itself with code 0. */
  public succeeded(now: number): boolean {
    const { stopCode, cannotStart, exitCode = 0 } = this.plan;
    return now >= this.exitAt && !this.stopped && !cannotStart && !stopCode && exitCode === 0;
  }

  public isOver(now: number): boolean {
    return now >= this.exitAt;
  }

  public describe(now: number): object {
    const { exitCode = 0, exitCodeWhenStopped = 143, reason, cannotStart, provisioningMs = 12_000, stopCode } = this.plan;
    const isOver = this.isOver(now);
    const isStopping = isOver || this.stopped !== undefined;
    return {
      taskArn: this.arn,
      taskDefinitionArn: this.input.taskDefinition,
      clusterArn: this.input.cluster,
      startedBy: this.input.startedBy,
      createdAt: this.createdAt / 1000,
      lastStatus: this.status(now, provisioningMs),
      desiredStatus: isStopping ? 'STOPPED' : 'RUNNING',
      ...isStopping && {
        stopCode: this.stopped ? 'UserInitiated' : cannotStart ? 'TaskFailedToStart' : stopCode ?? 'EssentialContainerExited',
        stoppedReason: this.stopped?.reason ?? cannotStart ?? (stopCode ? 'Fargate has stopped the task' : 'Essential container in task exited'),
      },
      containers: [
        { name: 'log-router', lastStatus: 'RUNNING' },
        {
          name: 'app',
          ...isOver && this.hasStarted && { exitCode: this.stopped ? exitCodeWhenStopped : exitCode, reason },
        },
      ],
    };
  }

  private status(now: number, provisioningMs: number): string {
    if (now >= this.exitAt + DEPROVISIONING_MS) return 'STOPPED';
    if (now >= this.exitAt) return 'DEPROVISIONING';
    return now >= this.createdAt + provisioningMs ? 'RUNNING' : 'PROVISIONING';
  }
}

export class Refusal extends Error {
  constructor(public readonly code: string, message: string, public readonly details: object = {}) {
    super(message);
  }
}

export class FakeEcs {
  public readonly tasks: FakeTask[] = [];
  /** The plans of the tasks that will be started, in order. */
  public readonly plans: Plan[] = [];
  /** The failures of the next requests, which start no task. */
  public readonly failures: Array<{ readonly reason: string; readonly detail?: string }> = [];
  /** Time until ECS returns a new task. */
  public visibleAfterMs = 0;

  public runTask(input: RunTaskInput, now: number): object {
    checkInput(input);
    const known = this.tasks.find((task) => task.input.cluster === input.cluster && task.input.clientToken === input.clientToken
      && now < Math.min(task.createdAt + 24 * HOUR_MS, task.exitAt + REMEMBERED_MS));
    if (known && JSON.stringify(known.input) !== JSON.stringify(input)) {
      throw new Refusal('ConflictException', 'The provided clientToken is already in use with a different RunTask request.', { resourceIds: [known.arn] });
    }
    if (known) return { tasks: [known.describe(now)], failures: [] };

    const failure = this.failures.shift();
    if (failure) return { tasks: [], failures: [failure] };
    const id = (this.tasks.length + 1).toString(16).padStart(32, '0');
    const task = new FakeTask(`arn:aws:ecs:eu-west-1:111122223333:task/shop/${id}`, input, now, this.plans.shift() ?? {});
    this.tasks.push(task);
    return { tasks: [task.describe(now)], failures: [] };
  }

  public describeTasks({ tasks: [arn] }: { tasks: string[] }, now: number): object {
    const task = this.tasks.find((each) => each.arn === arn);
    const isKnown = task && now >= task.createdAt + this.visibleAfterMs && now < task.exitAt + REMEMBERED_MS;
    return isKnown ? { tasks: [task.describe(now)], failures: [] } : { tasks: [], failures: [{ arn, reason: 'MISSING' }] };
  }

  public stopTask({ task: arn, reason }: { task: string; reason: string }, now: number): object {
    const task = this.tasks.find((each) => each.arn === arn);
    if (!task) throw new Refusal('InvalidParameterException', 'The referenced task was not found.');
    task.stop(now, reason);
    return { task: task.describe(now) };
  }

  /** The log stream has the name that the awslogs driver gives it. */
  public events({ logStreamName, limit }: { logStreamName: string; limit: number }, now: number): object {
    const task = this.tasks.find(({ arn }) => logStreamName === `release/app/${arn.split('/').at(-1)}`);
    if (!task?.hasStarted) throw new Refusal('ResourceNotFoundException', 'The specified log stream does not exist.');
    const lines = now >= task.exitAt ? task.plan.logs ?? [] : [];
    return { events: lines.slice(-limit).map((message) => ({ message, timestamp: task.exitAt })) };
  }
}

/** The ECS rules for these parameters. */
function checkInput({ clientToken, startedBy, taskDefinition, launchType, count, networkConfiguration }: RunTaskInput): void {
  const { subnets, securityGroups, assignPublicIp } = networkConfiguration.awsvpcConfiguration;
  const isRight = /^[!-~]{1,64}$/.test(clientToken) && /^[A-Za-z0-9_/-]{1,36}$/.test(startedBy) && taskDefinition && launchType === 'FARGATE' && count === 1
    && subnets.length > 0 && securityGroups.length > 0 && ['ENABLED', 'DISABLED'].includes(assignPublicIp);
  if (!isRight) throw new Refusal('InvalidParameterException', 'Invalid parameters');
}
