import { Answered, event, propertiesWith, Simulation } from './simulation';

export interface Deployed {
  readonly properties: object;
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface Deployment {
  readonly properties: object;
  /** Another resource of the stack fails after the guard has responded. */
  readonly failsLater: boolean;
  /** With `--no-rollback`, a failed update remains as it is until the next update. */
  readonly staysFailed?: boolean;
  /** The documentation does not say which ID CloudFormation sends in a rollback: the new one or the previous one. */
  readonly rollbackHasNewId: boolean;
  /** Lambda delivers asynchronous events at least once. */
  readonly deliveredTwice: boolean;
  readonly remainingMs: number;
}

export interface Exchange {
  readonly phase: 'deploy' | 'rollback' | 'delete';
  readonly message: Readonly<Record<string, unknown>>;
  /** The first answer, which is the one that CloudFormation accepts. Undefined if none arrived. */
  readonly answer: Answered | undefined;
  /** The response bodies that arrived, grouped by invocation of the function. */
  readonly runs: ReadonlyArray<readonly string[]>;
  /** The AWS actions called meanwhile, named as in IAM. */
  readonly calls: readonly string[];
  readonly tookMs: number;
  /** The time until Lambda or CloudFormation gives up. */
  readonly remainingMs: number;
}

/** Number of times that Lambda runs an asynchronous event that fails. */
const LAMBDA_ATTEMPTS = 3;

/** CloudFormation with a stack that contains one guard, as seen by the guard. */
export class CloudFormation {
  /** The state that a rollback restores. */
  public deployed: Deployed | undefined;
  /** The state after the last update, even if that update failed. */
  public present: Deployed | undefined;
  public readonly exchanges: Exchange[] = [];
  private requests = 0;

  constructor(private readonly aws: Simulation) {}

  public async deploy(deployment: Deployment): Promise<void> {
    if (this.present) {
      await this.update(this.present, deployment);
    } else {
      await this.create(deployment);
    }
  }

  public async destroy(): Promise<void> {
    if (!this.present) return;
    this.aws.stackStatus = 'DELETE_IN_PROGRESS';
    await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: this.present.id }, this.present.properties);
    this.deployed = this.present = undefined;
  }

  /** Rolls back failed updates that were not rolled back at once. */
  public async rollBack(): Promise<void> {
    if (!this.present || !this.deployed || this.present === this.deployed) return;
    if (isSame(this.present.properties, this.deployed.properties)) return this.staysInRollback(this.present);
    await this.backTo(this.deployed, this.present.id, this.present.properties);
  }

  private async create(deployment: Deployment): Promise<void> {
    this.aws.stackStatus = 'CREATE_IN_PROGRESS';
    const answer = await this.send('deploy', { RequestType: 'Create' }, deployment.properties, deployment);
    if (answer?.Status === 'SUCCESS' && !deployment.failsLater) {
      this.deployed = this.present = deployedBy(answer, deployment.properties);
      this.aws.stackStatus = 'CREATE_COMPLETE';
    } else {
      this.aws.stackStatus = 'ROLLBACK_IN_PROGRESS';
      const id = answer?.PhysicalResourceId ?? 'made-up-by-CloudFormation';
      await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: id }, deployment.properties);
      this.aws.stackStatus = 'ROLLBACK_COMPLETE';
    }
  }

  private async update(before: Deployed, deployment: Deployment): Promise<void> {
    if (isSame(before.properties, deployment.properties)) return;

    this.aws.stackStatus = 'UPDATE_IN_PROGRESS';
    const answer = await this.send('deploy', updating(before.id, before.properties), deployment.properties, deployment);
    const next = answer?.Status === 'SUCCESS' ? deployedBy(answer, deployment.properties) : undefined;
    if (next && !deployment.failsLater) {
      await this.replace(before.id, next);
      return;
    }
    if (deployment.staysFailed) {
      this.present = next ?? before;
      this.aws.stackStatus = 'UPDATE_FAILED';
      return;
    }
    if (next && isSame(next.properties, this.deployed!.properties)) return this.staysInRollback(next);
    const id = next && deployment.rollbackHasNewId ? next.id : before.id;
    await this.backTo(this.deployed!, id, deployment.properties, deployment.deliveredTwice);
  }

  /** CloudFormation does not update a resource whose properties already have their previous values. */
  private staysInRollback(present: Deployed): void {
    this.deployed = this.present = present;
    this.aws.stackStatus = 'UPDATE_ROLLBACK_COMPLETE';
  }

  private async backTo(target: Deployed, id: string, properties: object, deliveredTwice = false): Promise<void> {
    this.aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    const answer = await this.send('rollback', updating(id, properties), target.properties, { deliveredTwice });
    if (answer?.Status === 'SUCCESS') {
      await this.replace(id, deployedBy(answer, target.properties), 'UPDATE_ROLLBACK_COMPLETE');
    } else {
      this.present = target;
    }
  }

  private async replace(oldId: string, deployed: Deployed, status = 'UPDATE_COMPLETE'): Promise<void> {
    this.deployed = this.present = deployed;
    this.aws.stackStatus = `${status}_CLEANUP_IN_PROGRESS`;
    if (deployed.id !== oldId) await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: oldId }, {});
    this.aws.stackStatus = status;
  }

  private async send(
    phase: Exchange['phase'], overrides: object, properties: object, { deliveredTwice = false, remainingMs = 900_000 } = {},
  ): Promise<Answered | undefined> {
    const message = { ...event(overrides, properties), RequestId: `request-${++this.requests}` };
    const runs: string[][] = [];
    const callsBefore = this.aws.calls.length;
    let tookMs = 0;
    const run = async () => {
      const start = this.aws.clock.now();
      this.aws.answers.length = 0;
      await this.aws.run(message, remainingMs).catch(() => undefined);
      runs.push([...this.aws.answers]);
      tookMs = Math.max(tookMs, this.aws.clock.now() - start);
    };
    do await run(); while (runs.length < LAMBDA_ATTEMPTS && runs.flat().length === 0);
    if (deliveredTwice) await run();

    const first = runs.flat()[0];
    const answer = first === undefined ? undefined : JSON.parse(first) as Answered;
    const calls = this.aws.calls.slice(callsBefore).map(({ action }) => action).filter((action) => action !== '');
    const { ServiceTimeout } = propertiesWith(properties);
    this.exchanges.push({ phase, message, answer, runs, calls, tookMs, remainingMs: Math.min(remainingMs, Number(ServiceTimeout) * 1_000) });
    return answer;
  }
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function updating(PhysicalResourceId: string, replaced: object): object {
  return { RequestType: 'Update', PhysicalResourceId, OldResourceProperties: propertiesWith(replaced) };
}

function deployedBy(answer: Answered, properties: object): Deployed {
  return { properties, id: answer.PhysicalResourceId, data: answer.Data! };
}
