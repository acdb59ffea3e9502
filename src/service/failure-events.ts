import { CfnOutput, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { comeAfterImage } from './after-images';
import { ImageGuard } from '../guard/image-guard';
import { singleton } from '../private/stacks';

const ID = 'PhasedFargateEvents';

const EVENTBRIDGE = { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] };

/** Excludes tasks that ECS replaces in a deployment or stops to scale in. These are not failures, and occur with each release. */
const NOT_ON_PURPOSE = { 'anything-but': { prefix: 'Scaling activity initiated by' } };

const QUERY = [
  'fields @timestamp, coalesce(detail.reason, detail.stoppedReason) as reason,',
  'detail.containers.0.name as container, detail.containers.0.exitCode as exitCode, detail.containers.0.reason as containerReason,',
  'detail.containers.1.name as container2, detail.containers.1.exitCode as exitCode2, detail.containers.1.reason as containerReason2,',
  '`detail-type`, coalesce(detail.group, resources.0) as service, resources.0',
  '| sort @timestamp desc',
].join(' ');

export interface FailureEventsOptions {
  readonly service: ecs.FargateService;

  /** If the guard refuses the image, there are no events to keep. */
  readonly guard: ImageGuard;

  /** Undefined if CloudFormation generates the name. */
  readonly givenName?: string;

  /** Topic that also receives the events, except those of tasks that ECS stops on purpose. */
  readonly topic?: sns.ITopic;
}

/**
 * Keeps the reasons for failed deployments and stopped tasks. ECS forgets them after about an hour, and CloudFormation only
 * reports that the circuit breaker was triggered.
 *
 * Generated service names begin with the name of the stack, so one rule matches all services with generated names. The rule
 * must exist before the first deployment of the service can fail, so it cannot refer to the service.
 */
export function keepFailureEvents(scope: Construct, { service, guard, givenName, topic }: FailureEventsOptions): void {
  const resource = service.node.findChild('Service');
  const ruleOfService = (id: string, target: events.CfnRule.TargetProperty, task?: object) => new events.CfnRule(scope, id, {
    description: 'Why deployments of this service failed and why its tasks stopped',
    eventPattern: failuresOf(service, givenName, task),
    targets: [target],
  });

  const log = EventLog.of(Stack.of(scope));
  comeAfterImage(log.logGroup, service, guard);
  resource.node.addDependency(givenName ? ruleOfService('FailureEvents', log.target) : log.keepGeneratedNames());
  if (topic) {
    resource.node.addDependency(ruleOfService('FailureTopic', { id: 'Topic', arn: topic.topicArn }, { stoppedReason: [NOT_ON_PURPOSE] }));
    topic.grantPublish(new iam.ServicePrincipal('events.amazonaws.com'));
  }
}

function failuresOf({ cluster, node, stack }: ecs.FargateService, givenName?: string, task?: object): object {
  const { clusterArn, clusterName } = cluster;
  const name = givenName ?? `${stack.stackName}-${(node.findChild('Service') as ecs.CfnService).logicalId}-`;
  const matching = (value: string) => givenName ? value : { prefix: value };
  return failures(
    { resources: [matching(stack.formatArn({ service: 'ecs', resource: 'service', resourceName: `${clusterName}/${name}` }))] },
    { clusterArn: [clusterArn], group: [matching(`service:${name}`)], ...task },
  );
}

/** Events of a failed deployment contain the service. Events of a task contain the group. */
function failures(service: object, task: object): object {
  return {
    source: ['aws.ecs'],
    $or: [
      { 'detail-type': ['ECS Deployment State Change'], ...service, 'detail': { eventName: ['SERVICE_DEPLOYMENT_FAILED'] } },
      { 'detail-type': ['ECS Task State Change'], 'detail': { lastStatus: ['STOPPED'], ...task } },
    ],
  };
}

/**
 * One log group for all services of a stack, with its own resource policy. An account can have only ten resource policies,
 * and the event target of aws-cdk-lib creates one with a Lambda function.
 */
class EventLog extends Construct {
  public static of(stack: Stack): EventLog {
    return singleton(stack, ID, () => new EventLog(stack));
  }

  public readonly logGroup: logs.CfnLogGroup;
  public readonly target: events.CfnRule.TargetProperty;
  private rule?: events.CfnRule;

  private constructor(private readonly stack: Stack) {
    super(stack, ID);
    // With a fixed name, the resource policy can contain the ARN. The ID of the stack is unique, so the name does not
    // collide with a log group that an earlier stack with the same name left behind.
    const logGroupName = `/aws/events/${stack.stackName}/${Fn.select(2, Fn.split('/', stack.stackId))}`;
    const arn = stack.formatArn({ service: 'logs', resource: `log-group:${logGroupName}` });
    this.logGroup = new logs.CfnLogGroup(this, 'LogGroup', {
      logGroupName,
      retentionInDays: logs.RetentionDays.ONE_MONTH,
      resourcePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: EVENTBRIDGE, Action: 'logs:CreateLogStream', Resource: `${arn}:*` },
          {
            Effect: 'Allow',
            Principal: EVENTBRIDGE,
            Action: 'logs:PutLogEvents',
            Resource: `${arn}:*`,
            Condition: { ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'events', resource: 'rule', resourceName: '*' }) } },
          },
        ],
      },
    });
    // A failed first deployment deletes all other resources of the stack.
    this.logGroup.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // Event targets need an ARN without the ":*" at the end of a log group's ARN. The reference makes the rule wait for the
    // log group.
    this.target = { id: 'LogGroup', arn: stack.formatArn({ service: 'logs', resource: `log-group:${this.logGroup.ref}` }) };

    const name = `${stack.stackName}: failed deployments and stopped tasks`;
    new logs.CfnQueryDefinition(this, 'Query', { name, logGroupNames: [this.logGroup.ref], queryString: QUERY });
    new CfnOutput(this, 'FailureQuery', {
      description: 'Saved query of CloudWatch Logs Insights that shows why deployments failed and tasks stopped',
      value: name,
    });
  }

  /**
   * Matches all clusters with a wildcard. References to the clusters would make each service wait for the clusters of all
   * services.
   */
  public keepGeneratedNames(): events.CfnRule {
    const { stackName } = this.stack;
    this.rule ??= new events.CfnRule(this, 'Rule', {
      description: 'Why deployments of the services of this stack failed and why their tasks stopped',
      eventPattern: failures(
        { resources: [{ wildcard: `*:service/*/${stackName}-*` }] },
        { group: [{ prefix: `service:${stackName}-` }] },
      ),
      targets: [this.target],
    });
    return this.rule;
  }
}
