import { Aws, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { comeAfterImage } from './after-images';
import { ImageGuard } from '../guard/image-guard';
import { singleton } from '../stacks';

const ID = 'PhasedFargateEvents';

const EVENTBRIDGE = { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] };

const QUERY = [
  'fields @timestamp, coalesce(detail.reason, detail.stoppedReason) as reason, detail.containers.0.reason as container,',
  'detail.containers.0.exitCode as exitCode, `detail-type`, resources.0',
  '| sort @timestamp desc',
].join(' ');

export interface FailureEventsOptions {
  readonly service: ecs.FargateService;

  /** Where it refuses the image, there is nothing to keep. */
  readonly guard: ImageGuard;

  /** Undefined where CloudFormation makes one up. */
  readonly givenName?: string;

  /** Is sent the same events. */
  readonly topic?: sns.ITopic;
}

/**
 * Keeps the reasons of deployments that failed and of tasks that stopped: ECS forgets them after an hour, and
 * CloudFormation only says that a circuit breaker was triggered.
 *
 * The rule knows the service by the names that it will have, and not by a reference, since it has to be there before
 * the service's first deployment fails.
 */
export function keepFailureEvents(scope: Construct, { service, guard, givenName, topic }: FailureEventsOptions): void {
  const logGroup = eventLog(Stack.of(scope));
  comeAfterImage(logGroup, service, guard);
  topic?.grantPublish(new iam.ServicePrincipal('events.amazonaws.com'));
  const rule = new events.CfnRule(scope, 'FailureEvents', {
    description: 'Why deployments of this service failed and why its tasks stopped',
    eventPattern: { source: ['aws.ecs'], $or: [failedDeployments(service, givenName), stoppedTasks(service)] },
    targets: [
      // A log group is named without the ":*" that its ARN ends with.
      { id: 'LogGroup', arn: Stack.of(scope).formatArn({ service: 'logs', resource: `log-group:${logGroup.ref}` }) },
      ...(topic ? [{ id: 'Topic', arn: topic.topicArn }] : []),
    ],
  });
  service.node.addDependency(rule);
}

function failedDeployments({ cluster, node, stack }: ecs.FargateService, givenName?: string): object {
  const { logicalId } = node.findChild('Service') as ecs.CfnService;
  const arn = (name: string) => stack.formatArn({ service: 'ecs', resource: 'service', resourceName: `${cluster.clusterName}/${name}` });
  return {
    'detail-type': ['ECS Deployment State Change'],
    'resources': [givenName ? arn(givenName) : { prefix: arn(`${Aws.STACK_NAME}-${logicalId}-`) }],
    'detail': { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
  };
}

function stoppedTasks({ cluster, taskDefinition, stack }: ecs.FargateService): object {
  const anyRevision = stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: `${taskDefinition.family}:` });
  return {
    'detail-type': ['ECS Task State Change'],
    'detail': {
      lastStatus: ['STOPPED'],
      clusterArn: [cluster.clusterArn],
      taskDefinitionArn: [{ prefix: anyRevision }],
    },
  };
}

/**
 * One log group for all services of the stack, with a resource policy of its own: those of an account are limited to
 * ten, and the event target of aws-cdk-lib sets one with a function.
 */
function eventLog(stack: Stack): logs.CfnLogGroup {
  return singleton(stack, ID, () => makeEventLog(stack)).node.findChild('LogGroup') as logs.CfnLogGroup;
}

function makeEventLog(stack: Stack): Construct {
  const scope = new Construct(stack, ID);
  const logGroup = new logs.CfnLogGroup(scope, 'LogGroup', {
    retentionInDays: logs.RetentionDays.ONE_MONTH,
    resourcePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: EVENTBRIDGE, Action: 'logs:CreateLogStream', Resource: '*' },
        {
          Effect: 'Allow',
          Principal: EVENTBRIDGE,
          Action: 'logs:PutLogEvents',
          Resource: '*',
          Condition: { ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'events', resource: 'rule', resourceName: '*' }) } },
        },
      ],
    },
  });
  // A first deployment that fails takes everything else with it.
  logGroup.applyRemovalPolicy(RemovalPolicy.RETAIN);

  const name = `${stack.stackName}: why did it fail`;
  new logs.CfnQueryDefinition(scope, 'Query', { name, logGroupNames: [logGroup.ref], queryString: QUERY });
  new CfnOutput(scope, 'FailureQuery', {
    description: 'Saved query of CloudWatch Logs Insights that shows why deployments failed and tasks stopped',
    value: name,
  });
  return scope;
}
