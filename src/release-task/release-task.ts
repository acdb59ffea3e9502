import { CfnResource, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, Dependable, IConstruct, IDependable } from 'constructs';
import { CONTRACT_VERSION, ReleaseTaskProperties, RESOURCE_TYPE } from './contract';
import { NetworkPath } from './network-path';
import { allowToRun, LogStreams } from './permissions';
import { ReleaseTaskFunction } from './release-task-function';
import { ReleaseTaskProps } from './release-task-props';
import { checkedOptions } from '../private/checked-options';
import { anyDuration, anyFlag, anyNumber, Kinds } from '../private/option-kinds';
import { listed, renderedContainers } from '../private/rendered';
import { deployedStack, deployId, inSameStage } from '../private/stacks';
import { invalid, outside, shown } from '../private/validation';
import { beforeTasks, TaskPlace, taskPlace } from '../service/before-tasks';
import { defaultCluster } from '../service/default-cluster';
import { warnOfUnreachableRegistry } from '../service/network-checks';
import { faultsOf } from '../service/service-option-checks';
import { SERVICE_OPTION_KINDS, TASK_OPTION_KINDS } from '../service/service-option-kinds';
import { faultsOfTaskDefinition } from '../service/synthesis-checks';
import { makeTaskDefinition } from '../service/task-definition';

const DEFAULT_TIMEOUT = Duration.minutes(10);

/** A Lambda invocation lasts at most 15 minutes. The handler needs some of this time to start and stop the task, and to answer. */
const LONGEST_TIMEOUT = Duration.minutes(14);

/** Time that the handler needs to start the task, to stop it, and to answer. */
const TIME_TO_ANSWER = Duration.minutes(5);

const DEFAULT_LOG_LINES = 20;
const MOST_LOG_LINES = 50;

const OPTION_KINDS: Kinds<ReleaseTaskProps> = {
  ...TASK_OPTION_KINDS,
  guard: SERVICE_OPTION_KINDS.guard,
  command: SERVICE_OPTION_KINDS.command,
  cluster: SERVICE_OPTION_KINDS.cluster,
  vpc: SERVICE_OPTION_KINDS.vpc,
  taskSubnets: SERVICE_OPTION_KINDS.taskSubnets,
  assignPublicIp: SERVICE_OPTION_KINDS.assignPublicIp,
  securityGroups: SERVICE_OPTION_KINDS.securityGroups,
  timeout: anyDuration,
  rerunForEarlierReleases: anyFlag,
  failureLogLines: anyNumber,
};

const SERVICES_AND_SCALING = [ecs.CfnService.CFN_RESOURCE_TYPE_NAME, appscaling.CfnScalableTarget.CFN_RESOURCE_TYPE_NAME];

/**
 * A task that runs once per release, before the services are updated. Use it for a database migration, for example.
 *
 * The deployment starts the task with the image from the guard and waits for it to end. If the container exits with code 0,
 * the deployment continues. Otherwise, the deployment fails and does not update the services that wait for the task. The
 * error contains the exit code, the reason, and the last lines of the log.
 *
 * A release consists of an image, a command, and an entry point. The task does not run in these cases:
 *
 * - the deployment does not change the release
 * - the deployment rolls back
 * - the task has already succeeded for the release, and `rerunForEarlierReleases` is false
 * - the image does not exist yet
 *
 * The stack remembers which releases have run, so a new stack runs the task again. A task that fails or is stopped also
 * runs again in the next deployment. The task must therefore tolerate repeated runs.
 *
 * If you cancel the deployment while the task runs, the task is stopped.
 *
 * All release tasks of a stack share one Lambda function.
 */
export class ReleaseTask extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The task definition. Add sidecars here with `essential: false`, because the task must end when the command ends. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container that runs the command. */
  public readonly container: ecs.ContainerDefinition;

  /** The cluster of the task. */
  public readonly cluster: ecs.ICluster;

  /** The log group of the container. Undefined if you pass `logDriver`. */
  public readonly logGroup?: logs.ILogGroup;

  /** The security groups of the task (inbound and outbound rules). The task starts after the rules exist. */
  public readonly connections: ec2.Connections;

  /** The task role. Grant it the permissions that the application in the container needs. */
  public readonly grantPrincipal: iam.IPrincipal;

  private readonly resource: CfnResource;

  /**
   * @throws if the command is empty; if the timeout is longer than 14 minutes; if another option has the wrong type or is
   * out of range; if Fargate does not support the task size; if options contradict each other
   */
  constructor(scope: Construct, id: string, props: ReleaseTaskProps) {
    super(scope, id);
    const given = this.checked(props);

    this.cluster = given.cluster ?? defaultCluster(this, given);
    const place = taskPlace(this, given, this.cluster);
    ({ taskDefinition: this.taskDefinition, container: this.container, logGroup: this.logGroup } = makeTaskDefinition(this, given, false));
    this.connections = new ec2.Connections({
      securityGroups: given.securityGroups
        ?? [new ec2.SecurityGroup(this, 'SecurityGroup', { vpc: this.cluster.vpc, description: 'Task that runs once per release' })],
    });
    this.grantPrincipal = this.taskDefinition.taskRole;
    this.resource = this.makeResource({ ...given, ...place });

    warnOfUnreachableRegistry(this, {
      vpc: this.cluster.vpc,
      ...place,
      taskDefinition: this.taskDefinition,
    });
    this.node.addValidation({ validate: () => [...faultsOfTaskDefinition(this.taskDefinition), ...this.faultsOfSidecars()] });
  }

  /**
   * Makes services and their autoscaling wait until the task has succeeded.
   *
   * @param services ECS services, or constructs that contain ECS services: `PhasedFargateService`, `GuardedFargateService`,
   * or the services of `aws-ecs-patterns`
   * @throws if an argument is not a construct, contains no ECS service, contains this task, or is in another stage
   */
  public runBefore(...services: IConstruct[]): void {
    for (const service of services) {
      if (!Construct.isConstruct(service)) {
        throw invalid(this, `runBefore: ${shown(service)} is not a construct: pass a service`);
      }
      const resources = service.node.findAll().filter(isServiceOrScaling);
      if (this.node.scopes.includes(service)) {
        throw invalid(this, `runBefore: ${service.node.path} contains this task, which cannot run before itself: pass the services in it`);
      }
      if (resources.length === 0) {
        throw invalid(this, `runBefore: ${service.node.path} contains no ECS service: pass a service, or call node.addDependency(task) on the construct`);
      }
      if (!inSameStage(service, this)) {
        throw invalid(this, `runBefore: ${service.node.path} is in another stage, which cannot wait for this one: deploy this stage first`);
      }
      resources.forEach((resource) => resource.node.addDependency(this.resource));
    }
  }

  /**
   * Makes the task wait for a resource that its task definition does not reference, such as the instances of a database
   * cluster.
   *
   * @param dependencies resources that must exist before the task starts
   * @throws if an argument is not a construct
   */
  public runAfter(...dependencies: IDependable[]): void {
    for (const dependency of dependencies) {
      if (!isDependable(dependency)) throw invalid(this, `runAfter: ${shown(dependency)} is not a construct: pass the construct to wait for`);
    }
    this.resource.node.addDependency(...dependencies);
  }

  private checked(props: ReleaseTaskProps): ReleaseTaskProps {
    const given = checkedOptions(this, props, OPTION_KINDS, ['guard']);
    if (!given.command || given.command.length === 0) {
      throw invalid(this, 'command is empty: pass the command that the task runs, such as ["node", "migrate.js"]');
    }
    if (timeoutOf(given).isUnresolved()) {
      throw invalid(this, 'timeout must be known at synthesis');
    }
    const seconds = timeoutOf(given).toSeconds({ integral: false });
    if (seconds < 1 || seconds > LONGEST_TIMEOUT.toSeconds()) {
      throw invalid(this, `timeout ${timeoutOf(given).toHumanString()} is out of range: pass 1 second to ${LONGEST_TIMEOUT.toHumanString()}, ` +
        'because one invocation of a Lambda function waits for the task');
    }
    if (given.failureLogLines !== undefined && (Token.isUnresolved(given.failureLogLines) || outside(given.failureLogLines, 0, MOST_LOG_LINES))) {
      throw invalid(this, `failureLogLines ${given.failureLogLines} is not a whole number of lines from 0 to ${MOST_LOG_LINES}`);
    }
    for (const fault of faultsOf(given)) throw invalid(this, fault);
    return given;
  }

  private makeResource(props: ReleaseTaskProps & TaskPlace): CfnResource {
    const logStreams = this.logStreams(props);
    const { functionArn, role } = ReleaseTaskFunction.in(Stack.of(this));
    const { taskDefinition, container, cluster } = this;
    const permissions = allowToRun(this, { role, taskDefinition, container, cluster, logStreams });
    const timeoutSeconds = Math.ceil(timeoutOf(props).toSeconds({ integral: false }));
    const properties: ReleaseTaskProperties = {
      ContractVersion: CONTRACT_VERSION,
      ImageDigest: props.guard.imageDigest,
      Command: props.command,
      EntryPoint: props.entryPoint ?? [],
      RerunForEarlierReleases: props.rerunForEarlierReleases ? 'true' : undefined,
      Cluster: cluster.clusterArn,
      TaskDefinition: taskDefinition.taskDefinitionArn,
      ContainerName: container.containerName,
      Subnets: cluster.vpc.selectSubnets(props.taskSubnets).subnetIds,
      SecurityGroups: Lazy.list({ produce: () => this.connections.securityGroups.map(({ securityGroupId }) => securityGroupId) }),
      AssignPublicIp: props.assignPublicIp ? 'ENABLED' : 'DISABLED',
      PlatformVersion: props.platformVersion,
      TimeoutSeconds: String(timeoutSeconds),
      LogGroup: logStreams?.group,
      LogRegion: logStreams?.region,
      LogStreamPrefix: logStreams?.prefix,
      FailureLogLines: String(failureLogLinesOf(props)),
      SecretNames: Lazy.list({ produce: () => this.secretNames() }),
      UrlSuffix: Stack.of(this).urlSuffix,
      ServiceStack: deployId(deployedStack(this)),
    };
    const resource = new CfnResource(this, 'Resource', {
      type: RESOURCE_TYPE,
      properties: {
        ServiceToken: functionArn,
        ServiceTimeout: String(timeoutSeconds + TIME_TO_ANSWER.toSeconds()),
        ...properties,
      },
    });
    resource.node.addDependency(
      ...beforeTasks(this, cluster, taskDefinition, props.taskSubnets),
      taskDefinition.taskRole,
      permissions,
      new NetworkPath(this, cluster.vpc, this.connections),
    );
    return resource;
  }

  /** Log streams of the container, if the failure reason includes log lines. */
  private logStreams(props: ReleaseTaskProps): LogStreams | undefined {
    const { logDriver, options = {} } = this.container.logDriverConfig ?? {};
    const { 'awslogs-group': group, 'awslogs-region': region, 'awslogs-stream-prefix': prefix } = options;
    return logDriver === 'awslogs' && group && prefix && failureLogLinesOf(props) > 0
      ? { group, region: region ?? Stack.of(this).region, prefix }
      : undefined;
  }

  /**
   * When an essential container exits, ECS stops the other containers. The command can then exit with code 0 although it did
   * not finish.
   */
  private faultsOfSidecars(): string[] {
    const sidecars = renderedContainers(this.taskDefinition).filter(({ name }) => name !== this.container.containerName);
    return sidecars.filter(({ essential }) => essential !== false).map(({ name }) =>
      `container "${name}" is essential: when it exits, ECS also stops the command, and the release task cannot tell whether the command has finished: ` +
      'add the container with essential: false');
  }

  /** Includes the secrets that users add to the container later. */
  private secretNames(): string[] {
    return renderedContainers(this.taskDefinition).flatMap(({ secrets }) => listed(secrets)).map(({ name }) => name).sort();
  }
}

function isDependable(value: unknown): value is IDependable {
  try {
    return Dependable.of(value as IDependable) !== undefined;
  } catch {
    return false;
  }
}

function isServiceOrScaling(construct: IConstruct): construct is CfnResource {
  return CfnResource.isCfnResource(construct) && SERVICES_AND_SCALING.includes(construct.cfnResourceType);
}

function timeoutOf({ timeout = DEFAULT_TIMEOUT }: ReleaseTaskProps): Duration {
  return timeout;
}

function failureLogLinesOf({ failureLogLines = DEFAULT_LOG_LINES }: ReleaseTaskProps): number {
  return failureLogLines;
}
