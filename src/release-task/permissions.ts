import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LOG_ACTIONS, RUN_ACTIONS, TASK_ACTIONS } from './contract';

/** Log streams of a container in CloudWatch Logs. */
export interface LogStreams {
  readonly group: string;
  readonly region: string;
  readonly prefix: string;
}

export interface Needs {
  readonly role: iam.IRole;
  readonly taskDefinition: ecs.TaskDefinition;
  readonly container: ecs.ContainerDefinition;
  readonly cluster: ecs.ICluster;
  readonly logStreams?: LogStreams;
}

/**
 * Allows the function to run this task in this cluster, to pass the roles of the task, to watch and stop tasks, and to read
 * the logs of the container.
 *
 * Each task has its own policy. With one policy for all tasks, the function would wait for the resources of every task. A
 * task that runs after the services of another task would then wait for itself.
 */
export function allowToRun(scope: Construct, { role, taskDefinition, container, cluster, logStreams }: Needs): iam.Policy {
  const stack = Stack.of(scope);
  return new iam.Policy(scope, 'Policy', {
    roles: [role],
    statements: [
      new iam.PolicyStatement({
        actions: [...RUN_ACTIONS],
        resources: [stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: `${taskDefinition.family}:*` })],
        conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
      }),
      new iam.PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [taskDefinition.taskRole.roleArn, taskDefinition.executionRole!.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
      new iam.PolicyStatement({
        actions: [...TASK_ACTIONS],
        resources: [stack.formatArn({ service: 'ecs', resource: 'task', resourceName: `${cluster.clusterName}/*` })],
      }),
      ...logStreams ? [new iam.PolicyStatement({ actions: [...LOG_ACTIONS], resources: [arnOf(stack, logStreams, container)] })] : [],
    ],
  });
}

function arnOf(stack: Stack, { group, region, prefix }: LogStreams, { containerName }: ecs.ContainerDefinition): string {
  return stack.formatArn({
    service: 'logs',
    region,
    resource: 'log-group',
    resourceName: `${group}:log-stream:${prefix}/${containerName}/*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
