import { Token } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { ImageGuard } from '../guard/image-guard';
import { invalid, outside } from '../private/validation';

const DEFAULT_CPU_PERCENT = 70;

/**
 * What the number of tasks follows, with `Scaling.between`.
 */
export interface ScalingOptions {
  /**
   * Average CPU utilization to keep, in percent of what the tasks reserve.
   *
   * @default - 70, if nothing else is given to follow; otherwise CPU is not followed
   */
  readonly cpuUtilizationPercent?: number;

  /**
   * Average memory utilization to keep, in percent of what the tasks reserve.
   *
   * @default - memory is not followed
   */
  readonly memoryUtilizationPercent?: number;

  /**
   * Requests per minute that each task should get from the load balancer.
   *
   * @default - requests are not followed
   */
  readonly requestsPerTarget?: number;

  /**
   * Other bounds from a certain time on, until the next schedule sets them anew: `{ night: { schedule, maxCapacity: 1 } }`.
   * The name is that of the scheduled action.
   *
   * @default - the bounds are always the same
   */
  readonly schedules?: { [name: string]: appscaling.ScalingSchedule };
}

/**
 * How many tasks a service runs.
 */
export abstract class Scaling {
  /**
   * This many tasks. Each deployment of a new image sets the number again.
   *
   * @param count 0 or more; may be a token
   * @throws if the count is not a whole number of 0 or more
   */
  public static exactly(count: number): Scaling {
    if (outside(count, 0)) {
      throw new Error(`Scaling.exactly: count ${count} is not a number of tasks: 0 or more`);
    }
    return new FixedScaling(count);
  }

  /**
   * A number of tasks that follows the load. Deployments leave it as it is.
   *
   * @param min 0 or more; may be a token
   * @param max `min` or more; may be a token
   * @throws if the numbers are not whole, or in the wrong order, or a percentage is not between 1 and 100; at
   * synthesis, if the service has no load balancer to count requests of, or the guard starts it without tasks
   */
  public static between(min: number, max: number, options: ScalingOptions = {}): Scaling {
    if (outside(min, 0)) {
      throw new Error(`Scaling.between: min ${min} is not a number of tasks: 0 or more`);
    }
    if (outside(max, Token.isUnresolved(min) ? 1 : Math.max(min, 1))) {
      throw new Error(`Scaling.between: max ${max} is not a number of tasks that is at least 1 and at least min (${min})`);
    }
    for (const name of ['cpuUtilizationPercent', 'memoryUtilizationPercent'] as const) {
      const percent = options[name];
      if (percent !== undefined && outside(percent, 1, 100)) {
        throw new Error(`Scaling.between: ${name} ${percent} is not a percentage: 1 to 100`);
      }
    }
    if (options.requestsPerTarget !== undefined && outside(options.requestsPerTarget, 1)) {
      throw new Error(`Scaling.between: requestsPerTarget ${options.requestsPerTarget} is not a number of requests: 1 or more`);
    }
    return new LoadScaling(min, max, options);
  }

  /**
   * What the service asks for. Where it is `undefined`, ECS starts with one task and leaves the number alone afterwards.
   *
   * @internal
   */
  public abstract _desiredCount(scope: Construct, guard: ImageGuard): number | undefined;

  /**
   * @internal
   */
  public abstract _follow(
    scope: Construct, service: ecs.FargateService, targetGroup?: elbv2.ApplicationTargetGroup,
  ): ecs.ScalableTaskCount | undefined;
}

class FixedScaling extends Scaling {
  constructor(private readonly count: number) {
    super();
  }

  public _desiredCount(_scope: Construct, guard: ImageGuard): number {
    return guard.taskCount(this.count);
  }

  public _follow(): undefined {
    return undefined;
  }
}

class LoadScaling extends Scaling {
  constructor(private readonly min: number, private readonly max: number, private readonly options: ScalingOptions) {
    super();
  }

  public _desiredCount(scope: Construct, guard: ImageGuard): undefined {
    if (guard._holdsTasksBack) {
      throw invalid(scope, 'scaling Scaling.between starts tasks by itself, which WhenMissing.startWithoutTasks() is to prevent: ' +
        'pass Scaling.exactly until the first image is there, or another whenMissing');
    }
    return undefined;
  }

  public _follow(scope: Construct, service: ecs.FargateService, targetGroup?: elbv2.ApplicationTargetGroup): ecs.ScalableTaskCount {
    const { cpuUtilizationPercent, memoryUtilizationPercent, requestsPerTarget, schedules = {} } = this.options;
    const nothingElse = memoryUtilizationPercent === undefined && requestsPerTarget === undefined;
    const cpu = cpuUtilizationPercent ?? (nothingElse ? DEFAULT_CPU_PERCENT : undefined);

    const tasks = service.autoScaleTaskCount({ minCapacity: this.min, maxCapacity: this.max });
    if (cpu !== undefined) {
      tasks.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: cpu });
    }
    if (memoryUtilizationPercent !== undefined) {
      tasks.scaleOnMemoryUtilization('Memory', { targetUtilizationPercent: memoryUtilizationPercent });
    }
    if (requestsPerTarget !== undefined) {
      if (!targetGroup) {
        throw invalid(scope, `scaling requestsPerTarget ${requestsPerTarget} needs a load balancer: pass an ingress other than Ingress.none()`);
      }
      tasks.scaleOnRequestCount('Requests', { requestsPerTarget, targetGroup });
    }
    for (const [name, schedule] of Object.entries(schedules)) tasks.scaleOnSchedule(name, schedule);
    return tasks;
  }
}
