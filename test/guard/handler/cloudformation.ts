import { Answered, event, Simulation } from './simulation';

export interface Deployed {
  readonly properties: object;
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface Deployment {
  readonly properties: object;
  /** Another resource of the stack fails after the guard has answered. */
  readonly failsLater: boolean;
  /** Documentation does not settle which id a rollback is handed: the new one or the one of before. */
  readonly rollbackHasNewId: boolean;
  /** Lambda delivers asynchronous events at least once. */
  readonly deliveredTwice: boolean;
  readonly remainingMs: number;
}

export interface Exchange {
  readonly phase: 'deploy' | 'rollback' | 'delete';
  readonly message: Readonly<Record<string, unknown>>;
  /** The first answer, which CloudFormation takes; nothing if none arrived. */
  readonly answer: Answered | undefined;
  /** The bodies that arrived, by run of the function. */
  readonly runs: ReadonlyArray<readonly string[]>;
  /** What AWS was asked meanwhile, in the terms of IAM. */
  readonly calls: readonly string[];
  readonly tookMs: number;
  readonly remainingMs: number;
}

/** How often Lambda runs an asynchronous event that failed. */
const LAMBDA_ATTEMPTS = 3;

/** CloudFormation with a stack of one guard, as far as the guard can tell. */
export class CloudFormation {
  public deployed: Deployed | undefined;
  public readonly exchanges: Exchange[] = [];
  private requests = 0;

  constructor(private readonly aws: Simulation) {}

  public async deploy(deployment: Deployment): Promise<void> {
    if (this.deployed) {
      await this.update(this.deployed, deployment);
    } else {
      await this.create(deployment);
    }
  }

  public async destroy(): Promise<void> {
    if (!this.deployed) return;
    this.aws.stackStatus = 'DELETE_IN_PROGRESS';
    await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: this.deployed.id }, this.deployed.properties);
    this.deployed = undefined;
  }

  private async create(deployment: Deployment): Promise<void> {
    this.aws.stackStatus = 'CREATE_IN_PROGRESS';
    const answer = await this.send('deploy', { RequestType: 'Create' }, deployment.properties, deployment);
    if (answer?.Status === 'SUCCESS' && !deployment.failsLater) {
      this.deployed = deployedBy(answer, deployment.properties);
    } else {
      this.aws.stackStatus = 'ROLLBACK_IN_PROGRESS';
      const id = answer?.PhysicalResourceId ?? 'made-up-by-CloudFormation';
      await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: id }, deployment.properties);
    }
  }

  private async update(before: Deployed, deployment: Deployment): Promise<void> {
    if (JSON.stringify(before.properties) === JSON.stringify(deployment.properties)) return;

    this.aws.stackStatus = 'UPDATE_IN_PROGRESS';
    const message = { RequestType: 'Update', PhysicalResourceId: before.id, OldResourceProperties: before.properties };
    const answer = await this.send('deploy', message, deployment.properties, deployment);
    const hasSucceeded = answer?.Status === 'SUCCESS';
    if (hasSucceeded && !deployment.failsLater) {
      await this.replace(before.id, deployedBy(answer, deployment.properties));
      return;
    }
    this.aws.stackStatus = 'UPDATE_ROLLBACK_IN_PROGRESS';
    const id = hasSucceeded && deployment.rollbackHasNewId ? answer.PhysicalResourceId : before.id;
    const back = { RequestType: 'Update', PhysicalResourceId: id, OldResourceProperties: deployment.properties };
    const rolledBack = await this.send('rollback', back, before.properties, { ...deployment, remainingMs: 900_000 });
    if (rolledBack?.Status === 'SUCCESS') await this.replace(id, deployedBy(rolledBack, before.properties));
  }

  private async replace(oldId: string, deployed: Deployed): Promise<void> {
    this.deployed = deployed;
    if (deployed.id !== oldId) {
      this.aws.stackStatus = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
      await this.send('delete', { RequestType: 'Delete', PhysicalResourceId: oldId }, {});
    }
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
    this.exchanges.push({ phase, message, answer, runs, calls, tookMs, remainingMs });
    return answer;
  }
}

function deployedBy(answer: Answered, properties: object): Deployed {
  return { properties, id: answer.PhysicalResourceId, data: answer.Data! };
}
