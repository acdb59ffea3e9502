import { CustomResourceOptions, CustomResources, RequestEvent } from './custom-resources';
import { Answer, Direction, Properties, RequestType } from './requests';
import { propertiesOf, Template } from './template';

/** Prefix of ids that no version of this library creates. */
export const UNKNOWN_ID = 'future/';

/** The guard's resource as CloudFormation stores it. */
export interface GuardResource {
  readonly template: Template;
  readonly properties: Properties;
  readonly physicalId: string;
  readonly data: Readonly<Record<string, string>>;
  /** Its last request failed, so that the next update tries it again. */
  readonly failed: boolean;
  /** Bundle that assigned the physical id. `nobody` if it was never created. */
  readonly madeBy: string;
}

/** Image of a service: `repository@digest`, or `undefined` if it has no tasks. */
export type Running = string | undefined;

/** State that CloudFormation rolls back to. */
export interface StableState {
  readonly guard: GuardResource;
  readonly running: Running;
}

/** Failures in an operation, apart from those of the guard. */
export type Mishap =
  | { readonly kind: 'none' }
  /** The tasks do not start. The circuit breaker of ECS may have brought back the old ones. */
  | { readonly kind: 'service'; readonly breaker: boolean }
  /** Another resource fails while the guard is at work or later, or the user cancels the update. */
  | { readonly kind: 'elsewhere' | 'cancel'; readonly afterMs: number }
  /** Another resource fails, once the service has been updated. */
  | { readonly kind: 'afterwards' };

export interface OperationPlan {
  readonly template: Template;
  readonly rollBack: boolean;
  readonly mishap: Mishap;
  readonly serviceMs: number;
}

export interface StackOptions extends CustomResourceOptions {
  /** Current handler of requests. */
  readonly code: () => string;
  /** Called after an event that can be judged. */
  readonly on: (event: StackEvent) => void;
}

export type StackEvent =
  | { readonly kind: 'status' }
  | RequestEvent
  | { readonly kind: 'running' }
  | { readonly kind: 'stable'; readonly after: 'success' | 'rollback'; readonly before?: StableState };

interface Doomed {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly template: Template;
  readonly properties: Properties;
}

/** One stack with a guard, a service that runs its image, and another resource that can fail. */
export class StackModel {
  public readonly name = 'FargateStack';
  public id: string;
  public status = 'REVIEW_IN_PROGRESS';
  public operation = 0;
  public operations: Array<{ readonly type: string; readonly id: string }> = [];
  public createdAt: number;
  public updatedAt?: number;
  public guard?: GuardResource;
  public stable?: StableState;
  /** All running images: two during an update of the service. */
  public running = new Set<string>();
  private serviceImage: Running;
  private doomed: Doomed[] = [];
  private touched = false;
  /** Counts interruptions. Work that began before the latest one stops. */
  private interruptions = 0;
  private readonly resources: CustomResources;

  constructor(private readonly options: StackOptions) {
    this.createdAt = options.time.now;
    this.id = this.newStackId();
    this.resources = new CustomResources(options);
  }

  public get isBusy(): boolean {
    return this.status.endsWith('_IN_PROGRESS') && this.status !== 'REVIEW_IN_PROGRESS';
  }

  public async create(plan: OperationPlan): Promise<void> {
    this.begin('CREATE_STACK', 'CREATE_IN_PROGRESS');
    this.createdAt = this.options.time.now;
    if (await this.apply(plan)) return this.settle('CREATE_COMPLETE', 'success');
    if (!plan.rollBack) return this.setStatus('CREATE_FAILED');
    await this.rollBackCreation();
  }

  public async update(plan: OperationPlan): Promise<void> {
    this.begin('UPDATE_STACK', 'UPDATE_IN_PROGRESS');
    this.updatedAt = this.options.time.now;
    if (await this.apply(plan)) {
      this.setStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await this.cleanUp();
      return this.settle('UPDATE_COMPLETE', 'success');
    }
    // Without a stable state, CloudFormation cannot roll back automatically.
    if (!plan.rollBack || !this.stable) return this.setStatus('UPDATE_FAILED');
    await this.options.time.sleep(500);
    await this.rollBack(plan.serviceMs);
  }

  /** `RollbackStack`, after a failure that did not roll back; `ContinueUpdateRollback`, after a rollback that failed. */
  public async goBack(serviceMs: number): Promise<void> {
    this.begin(this.status === 'UPDATE_ROLLBACK_FAILED' ? 'CONTINUE_ROLLBACK' : 'ROLLBACK', this.status);
    return this.stable ? this.rollBack(serviceMs) : this.rollBackCreation();
  }

  public async delete(): Promise<void> {
    this.begin('DELETE_STACK', 'DELETE_IN_PROGRESS');
    await this.removeEverything();
    this.setStatus('DELETE_COMPLETE');
  }

  /** Replaces the stack with another one of the same name. */
  public startOver(): void {
    this.id = this.newStackId();
    Object.assign(this, { status: 'REVIEW_IN_PROGRESS', operations: [], updatedAt: undefined });
  }

  /** Changes the physical id, as after an import or with a future version of the library. */
  public giveUnknownId(physicalId: string): void {
    if (!this.guard || !this.stable) return;
    this.guard = { ...this.guard, physicalId, madeBy: 'unknown' };
    this.stable = { ...this.stable, guard: this.guard };
  }

  private async apply(plan: OperationPlan): Promise<boolean> {
    const { time } = this.options;
    const { operation } = this;
    const { mishap } = plan;
    const interrupted = mishap.kind !== 'elsewhere' && mishap.kind !== 'cancel' ? new Promise<never>(() => {}) : time.sleep(mishap.afterMs).then(() => (
      // CreateStack cannot be canceled. The stack can only be deleted.
      mishap.kind === 'elsewhere' || this.status === 'UPDATE_IN_PROGRESS' ? false : new Promise<never>(() => {})
    ));
    const well = await Promise.race([this.provision(plan), interrupted]);
    if (this.operation === operation && !well) {
      this.resources.cancelAll();
      this.interruptions++;
    }
    return well;
  }

  private async provision({ template, mishap, serviceMs }: OperationPlan): Promise<boolean> {
    const { interruptions } = this;
    await this.options.time.sleep(200);
    if (interruptions !== this.interruptions || !await this.provisionGuard(template)) return false;
    if (interruptions !== this.interruptions) return false;

    const next = this.imageOfGuard();
    const serviceFails = mishap.kind === 'service';
    if (next !== this.serviceImage || serviceFails || this.running.size > 1) {
      await this.updateService(next, serviceMs, serviceFails ? mishap.breaker ? 'breaker' : 'fails' : 'works', () => interruptions === this.interruptions);
      if (serviceFails || interruptions !== this.interruptions) return false;
    }
    await this.options.time.sleep(300);
    return mishap.kind !== 'afterwards' && interruptions === this.interruptions;
  }

  private async provisionGuard(template: Template): Promise<boolean> {
    const { guard } = this;
    const properties = propertiesOf(template, this.options.place);
    if (guard && guard.template.logicalId === template.logicalId && guard.madeBy !== 'nobody') {
      if (!guard.failed && JSON.stringify(guard.properties) === JSON.stringify(properties)) return true;
      this.touched = true;
      const answer = await this.ask('Update', 'forward', template, properties, guard.physicalId, guard.properties);
      return this.takeAnswer(answer, template, properties, guard);
    }
    if (guard) this.doomed.push({ ...guard, logicalId: guard.template.logicalId });
    this.guard = undefined;
    const answer = await this.ask('Create', 'forward', template, properties);
    return this.takeAnswer(answer, template, properties);
  }

  private takeAnswer(answer: Answer | undefined, template: Template, properties: Properties, before?: GuardResource): boolean {
    const well = answer?.status === 'SUCCESS';
    if (well && before && before.physicalId !== answer.physicalId) this.doomed.push({ ...before, logicalId: before.template.logicalId });
    // CloudFormation generates an id for a resource that never answered.
    const physicalId = answer?.physicalId ?? before?.physicalId ?? `${this.name}-${template.logicalId}-1PLK4X5O9A8BC`;
    this.guard = { template, properties, physicalId, data: well ? answer.data : before?.data ?? {}, failed: !well, madeBy: well ? this.options.code() : before?.madeBy ?? 'nobody' };
    return well;
  }

  private async updateService(next: Running, ms: number, outcome: 'works' | 'fails' | 'breaker', goesOn = () => true): Promise<void> {
    const old = this.serviceImage;
    this.setRunning(old, next);
    await this.options.time.sleep(ms);
    if (!goesOn()) return;
    this.serviceImage = outcome === 'breaker' ? old : next;
    this.setRunning(this.serviceImage);
  }

  private async rollBack(serviceMs: number): Promise<void> {
    const { stable } = this;
    const { guard } = this;
    this.setStatus('UPDATE_ROLLBACK_IN_PROGRESS');
    await this.options.time.sleep(200);
    if (guard && this.touched && guard.template.logicalId === stable!.guard.template.logicalId) {
      const { template, properties } = stable!.guard;
      const answer = await this.ask('Update', 'rollback', template, properties, guard.physicalId, guard.properties);
      if (answer?.status !== 'SUCCESS') return this.setStatus('UPDATE_ROLLBACK_FAILED');
      if (guard.physicalId !== answer.physicalId) this.doomed.push({ ...guard, logicalId: template.logicalId });
      this.guard = { template, properties, physicalId: answer.physicalId, data: answer.data, failed: false, madeBy: this.options.code() };
      this.touched = false;
    } else if (guard?.template.logicalId !== stable!.guard.template.logicalId) {
      if (guard) this.doomed.push({ ...guard, logicalId: guard.template.logicalId });
      this.guard = stable!.guard;
    }
    const target = this.imageOfGuard();
    if (target !== this.serviceImage || this.running.size > 1) await this.updateService(target, serviceMs, 'works');
    this.setStatus('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await this.cleanUp();
    this.settle('UPDATE_ROLLBACK_COMPLETE', 'rollback');
  }

  private async rollBackCreation(): Promise<void> {
    this.setStatus('ROLLBACK_IN_PROGRESS');
    await this.removeEverything();
    this.setStatus('ROLLBACK_COMPLETE');
  }

  private async removeEverything(): Promise<void> {
    this.stable = undefined;
    this.setRunning(undefined);
    this.serviceImage = undefined;
    if (this.guard) this.doomed.push({ ...this.guard, logicalId: this.guard.template.logicalId });
    this.guard = undefined;
    this.touched = false;
    await this.cleanUp();
  }

  /** Deletes resources that are neither wanted nor part of the earlier state. Failures are ignored here. */
  private async cleanUp(): Promise<void> {
    for (const { template, properties, physicalId, logicalId } of this.doomed.splice(0)) {
      const isWanted = this.guard?.physicalId === physicalId && this.guard.template.logicalId === logicalId;
      if (!isWanted) await this.ask('Delete', 'cleanup', template, properties, physicalId);
    }
  }

  private async ask(
    type: RequestType, direction: Direction, template: Template, properties: Properties, physicalId?: string, oldProperties?: Properties,
  ): Promise<Answer | undefined> {
    return this.resources.ask({ type, direction, template, properties, physicalId, oldProperties, operation: this.operation, stackId: this.id });
  }

  private begin(type: string, status: string): void {
    this.operation++;
    this.operations = [{ type, id: this.options.newId() }, ...this.operations].slice(0, 2);
    this.setStatus(status);
  }

  private settle(status: string, after: 'success' | 'rollback'): void {
    const before = this.stable;
    this.touched = false;
    this.stable = { guard: this.guard!, running: this.serviceImage };
    this.setStatus(status);
    this.options.on({ kind: 'stable', after, before });
  }

  private setStatus(status: string): void {
    this.status = status;
    this.options.on({ kind: 'status' });
  }

  private setRunning(...images: Running[]): void {
    this.running = new Set(images.filter((image) => image !== undefined));
    this.options.on({ kind: 'running' });
  }

  private imageOfGuard(): Running {
    const digest = this.guard?.data.ImageDigest;
    return !digest || /^sha256:0+$/.test(digest) ? undefined : `${this.guard!.template.question.repository}@${digest}`;
  }

  private newStackId(): string {
    const { partition, region, account } = this.options.place;
    return `arn:${partition}:cloudformation:${region}:${account}:stack/${this.name}/${this.options.newId()}`;
  }
}
