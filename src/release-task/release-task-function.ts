import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { LOG_ACTIONS, RUN_ACTIONS, TASK_ACTIONS } from './contract';
import { HandlerFunction } from '../private/handler-function';
import { singleton } from '../private/stacks';

const ID = 'PhasedFargateReleaseTask';

/** Where a container logs to in CloudWatch Logs. */
export interface LogStreams {
  readonly group: string;
  readonly region: string;
  readonly prefix: string;
}

/** The function behind all release tasks of a stack, and everything it may do. */
export class ReleaseTaskFunction extends HandlerFunction {
  public static in(stack: Stack): ReleaseTaskFunction {
    return singleton(stack, ID, () => new ReleaseTaskFunction(stack));
  }

  private constructor(stack: Stack) {
    super(stack, ID, {
      room: 'release-task',
      description: 'Runs a task once per release and answers when it has ended',
      roleDescription: 'Runs the release tasks of this stack',
      policyName: 'ReleaseTask',
    });
  }

  /** Lets the function run this task in this cluster, with the roles that the task has, and watch and stop what runs there. */
  public allowToRun(taskDefinition: ecs.TaskDefinition, { clusterArn, clusterName }: ecs.ICluster): void {
    const stack = Stack.of(this);
    const family = stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: `${taskDefinition.family}:*` });
    this.allowActions(RUN_ACTIONS, family, { ArnEquals: { 'ecs:cluster': clusterArn } });
    for (const { roleArn } of [taskDefinition.taskRole, taskDefinition.executionRole!]) {
      this.allowActions(['iam:PassRole'], roleArn, { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
    }
    this.allowActions(TASK_ACTIONS, stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${clusterName}/*` }));
  }

  /** Lets the function read what this container logs. */
  public allowToRead({ group, region, prefix }: LogStreams, containerName: string): void {
    this.allowActions(LOG_ACTIONS, Stack.of(this).formatArn({
      service: 'logs',
      region,
      resource: 'log-group',
      resourceName: `${group}:log-stream:${prefix}/${containerName}/*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }));
  }
}
