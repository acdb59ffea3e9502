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

/** What ECS says of tasks that it replaces in a deployment, or has no more need of: no failures, and one or more with each release. */
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

  /** Where it refuses the image, there is nothing to keep. */
  readonly guard: ImageGuard;

  /** Undefined where CloudFormation makes one up. */
  readonly givenName?: string;

  /** Is sent them as well, but for tasks that ECS stops on purpose. */
  readonly topic?: sns.ITopic;
}

/**
 * Keeps the reasons of deployments that failed and of tasks that stopped: ECS forgets them after an hour, and
 * CloudFormation only says that a circuit breaker was triggered.
 *
 * Names that CloudFormation makes up begin with the name of the stack, so one rule serves all services that have one. It
 * is there before the service's first deployment fails, and hence cannot refer to the service.
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

/** Of a failed deployment, ECS tells the service; of a task, the group. */
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
 * One log group for all services of the stack, with a resource policy of its own: those of an account are limited to
 * ten, and the event target of aws-cdk-lib sets one with a function.
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
    // A name of its own makes the ARN known to the policy. The id of the stack is unique: what an earlier stack of the same
    // name has left behind does not collide.
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
    // A first deployment that fails takes everything else with it.
    this.logGroup.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // A target is named without the ":*" that the ARN of a log group ends with. By reference, so that the group is there first.
    this.target = { id: 'LogGroup', arn: stack.formatArn({ service: 'logs', resource: `log-group:${this.logGroup.ref}` }) };

    const name = `${stack.stackName}: failed deployments and stopped tasks`;
    new logs.CfnQueryDefinition(this, 'Query', { name, logGroupNames: [this.logGroup.ref], queryString: QUERY });
    new CfnOutput(this, 'FailureQuery', {
      description: 'Saved query of CloudWatch Logs Insights that shows why deployments failed and tasks stopped',
      value: name,
    });
  }

  /**
   * By wildcard, whatever cluster it is: a reference to the clusters of all services would make each wait for all.
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
