import { CfnOutput, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { comeAfterImage } from './after-images';
import { defaultCluster } from './default-cluster';
import { keepFailureEvents } from './failure-events';
import { GuardedFargateServiceOptions } from './guarded-fargate-service-options';
import { BoundIngress, Ingress } from './ingress';
import { warnOfUnreachableRegistry } from './network-checks';
import { taskSize } from './task-size';
import { ImageGuard } from '../guard/image-guard';
import { stopService } from '../private/commands';
import { deployedTogether } from '../private/stacks';
import { invalid, outside } from '../private/validation';

const DEFAULT_CONTAINER_PORT = 80;

/** Service Connect finds a port by its name, and ECS takes no port twice, so it cannot be named later. */
const PORT_NAME = 'app';
const DEFAULT_MIN_HEALTHY_PERCENT = 100;
const DEFAULT_MAX_HEALTHY_PERCENT = 200;

/**
 * Properties of a `GuardedFargateService`.
 */
export interface GuardedFargateServiceProps extends GuardedFargateServiceOptions {
  /**
   * The guard that the image of the service passes. It is in the same stack.
   */
  readonly guard: ImageGuard;
}

/**
 * Phase 3: an ECS service on Fargate whose image has passed a guard.
 *
 * The task definition names the image by the digest that the guard answered with, so there is no way to deploy the
 * service before the image exists. Load balancer, default cluster and VPC wait for the guard too: a missing image
 * fails the deployment before anything slow or costly is made.
 */
export class GuardedFargateService extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The ECS service itself. */
  public readonly ecsService: ecs.FargateService;

  /** The task definition. Add sidecars here. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container that runs the guarded image. */
  public readonly container: ecs.ContainerDefinition;

  /** The cluster that the service runs in. */
  public readonly cluster: ecs.ICluster;

  /** Log group of the container. Undefined with a `logDriver` of your own. */
  public readonly logGroup?: logs.ILogGroup;

  /** The load balancer that was made for the service. Undefined without one. */
  public readonly loadBalancer?: elbv2.ApplicationLoadBalancer;

  /** The listener that forwards to the service. Undefined without an ingress. */
  public readonly listener?: elbv2.IApplicationListener;

  /** The target group that the tasks register in. Undefined without an ingress. */
  public readonly targetGroup?: elbv2.ApplicationTargetGroup;

  /** Add more to what the number of tasks follows here. Undefined without `Scaling.between`. */
  public readonly scaling?: ecs.ScalableTaskCount;

  /** Where the service is reached. Undefined without a load balancer that was made for it. */
  public readonly url?: string;

  /** Security groups of the tasks: who may reach them, and whom they may reach. */
  public readonly connections: ec2.Connections;

  /** The task role, which is granted what the code in the container may do. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * @throws if Fargate has no task of this size; if options contradict each other: `cluster` and `vpc`, `logDriver` and
   * `logRetention`, `environment` and `secrets` of one name, `healthCheckGracePeriod` without an ingress, settings of a
   * `circuitBreaker` that is not enabled, `bakeTime` or `lifecycleHooks` with rolling deployments, `minHealthyPercent` and
   * `maxHealthyPercent` that leave these no room, autoscaling with a guard that starts the service without tasks
   */
  constructor(scope: Construct, id: string, props: GuardedFargateServiceProps) {
    super(scope, id);
    this.checkContradictions(props);
    const { guard } = props;

    if (props.cluster) {
      this.cluster = props.cluster;
    } else {
      const cluster = defaultCluster(this, props.vpc);
      comeAfterImage(cluster, this, guard);
      if (props.capacityProviderStrategies) cluster.enableFargateCapacityProviders();
      this.cluster = cluster;
    }

    const ingress = (props.ingress ?? Ingress.none())._bind(this, this.cluster.vpc, shiftsTraffic(props));
    this.loadBalancer = ingress?.loadBalancer;
    this.listener = ingress?.listener;
    this.targetGroup = ingress?.targetGroup;
    this.url = ingress?.url;
    this.loadBalancer?.node.defaultChild!.node.addDependency(guard);
    if (props.healthCheckGracePeriod && !ingress) {
      throw invalid(this, 'healthCheckGracePeriod needs a load balancer whose health checks it puts off: pass an ingress other than Ingress.none()');
    }

    this.taskDefinition = this.makeTaskDefinition(props);
    this.logGroup = props.logDriver ? undefined : this.makeLogGroup(props);
    this.container = this.addContainer(props);
    this.ecsService = this.makeService(props);
    if (ingress) this.register(ingress);
    this.scaling = props.scaling?._follow(this, this.ecsService, this.targetGroup);
    keepFailureEvents(this, { service: this.ecsService, guard, givenName: props.serviceName, topic: props.failureTopic });
    warnOfUnreachableRegistry(this, {
      vpc: this.cluster.vpc,
      subnets: taskSubnets(props),
      publicIp: props.assignPublicIp ?? false,
      logsToCloudWatch: this.container.logDriverConfig?.logDriver === 'awslogs',
      secrets: Object.values(props.secrets ?? {}),
    });

    this.connections = this.ecsService.connections;
    this.grantPrincipal = this.taskDefinition.taskRole;
    this.addOutputs();
  }

  private checkContradictions(props: GuardedFargateServiceProps): void {
    if (props.cluster && props.vpc) {
      throw invalid(this, 'cluster and vpc contradict each other: a cluster has its own VPC');
    }
    if (props.logDriver && props.logRetention !== undefined) {
      throw invalid(this, `logDriver and logRetention ${props.logRetention} contradict each other: a log driver of your own decides how long logs are kept`);
    }
    if (props.circuitBreakerFailureCount !== undefined && outside(props.circuitBreakerFailureCount, 1)) {
      throw invalid(this, `circuitBreakerFailureCount ${props.circuitBreakerFailureCount} is not a number of tasks: 1 or more`);
    }
    for (const name of ['circuitBreakerFailureCount', 'circuitBreakerResetOnHealthyTask'] as const) {
      if (props[name] !== undefined && props.circuitBreaker?.enable === false) {
        throw invalid(this, `${name} ${props[name]} and a circuitBreaker that is not enabled contradict each other`);
      }
    }
    const variable = Object.keys(environmentOf(props) ?? {}).find((name) => name in (props.secrets ?? {}));
    if (variable !== undefined) {
      throw invalid(this, `environment and secrets both set ${variable}: ECS takes a variable from one of them only`);
    }
    if (!shiftsTraffic(props) && (props.bakeTime || props.lifecycleHooks)) {
      throw invalid(this, `${props.bakeTime ? 'bakeTime' : 'lifecycleHooks'} needs a deploymentStrategy that shifts traffic, such as BLUE_GREEN`);
    }
    const { minHealthyPercent: min = DEFAULT_MIN_HEALTHY_PERCENT, maxHealthyPercent: max = DEFAULT_MAX_HEALTHY_PERCENT } = props;
    if (!shiftsTraffic(props) && !Token.isUnresolved(min) && !Token.isUnresolved(max) && max <= min) {
      throw invalid(this, `maxHealthyPercent ${max} is not more than minHealthyPercent ${min}: a rolling deployment could neither start nor stop a task`);
    }
    if (props.containerPort !== undefined && outside(props.containerPort, 1, 65535)) {
      throw invalid(this, `containerPort ${props.containerPort} is not a port: 1 to 65535`);
    }
  }

  private makeTaskDefinition(props: GuardedFargateServiceProps): ecs.FargateTaskDefinition {
    return new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      family: props.family,
      ...taskSize(this, props),
      ephemeralStorageGiB: props.ephemeralStorageGiB,
      runtimePlatform: {
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
        cpuArchitecture: props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
      },
      taskRole: props.taskRole,
      executionRole: props.executionRole,
    });
  }

  private makeLogGroup({ guard, logRetention }: GuardedFargateServiceProps): logs.LogGroup {
    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: logRetention ?? logs.RetentionDays.ONE_MONTH,
      // A first deployment that fails takes everything else with it, and the logs say why it did.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    logGroup.node.addDependency(guard);
    return logGroup;
  }

  private addContainer(props: GuardedFargateServiceProps): ecs.ContainerDefinition {
    const containerName = props.containerName ?? 'app';
    const port = props.containerPort ?? (this.targetGroup && DEFAULT_CONTAINER_PORT);
    return this.taskDefinition.addContainer('Container', {
      containerName,
      image: props.guard.image,
      command: props.command,
      entryPoint: props.entryPoint,
      environment: environmentOf(props),
      dockerLabels: props.dockerLabels,
      readonlyRootFilesystem: props.readonlyRootFilesystem,
      secrets: props.secrets,
      healthCheck: props.healthCheck,
      portMappings: port === undefined ? [] : [{ containerPort: port, name: PORT_NAME }],
      logging: props.logDriver ?? ecs.LogDriver.awsLogs({ logGroup: this.logGroup, streamPrefix: containerName }),
    });
  }

  private makeService(props: GuardedFargateServiceProps): ecs.FargateService {
    const { guard } = props;
    const service = new ecs.FargateService(this, 'Resource', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      serviceName: props.serviceName,
      // Undefined leaves the number of tasks to ECS, which starts one: too many while the guard holds tasks back.
      desiredCount: props.scaling ? props.scaling._desiredCount(this, guard) : guard._holdsTasksBack ? guard.taskCount(1) : undefined,
      circuitBreaker: props.circuitBreaker ?? { rollback: true },
      minHealthyPercent: props.minHealthyPercent ?? DEFAULT_MIN_HEALTHY_PERCENT,
      maxHealthyPercent: props.maxHealthyPercent ?? DEFAULT_MAX_HEALTHY_PERCENT,
      healthCheckGracePeriod: props.healthCheckGracePeriod,
      deploymentStrategy: props.deploymentStrategy,
      bakeTime: props.bakeTime,
      lifecycleHooks: props.lifecycleHooks,
      enableExecuteCommand: props.enableExecuteCommand,
      vpcSubnets: taskSubnets(props),
      assignPublicIp: props.assignPublicIp,
      securityGroups: props.securityGroups,
      capacityProviderStrategies: props.capacityProviderStrategies,
      propagateTags: props.propagateTags,
      enableECSManagedTags: props.enableECSManagedTags,
      cloudMapOptions: props.cloudMapOptions,
    });
    adjust(service, props);
    // Otherwise, tasks may start before they are allowed to pull, or have a way out, or the cluster has the capacity.
    const { cluster, cluster: { vpc } } = this;
    service.node.findChild('Service').node.addDependency(
      this.taskDefinition.executionRole!,
      // Another stack that the service refers to is deployed before, with all that is in it.
      ...(deployedTogether(vpc, this) ? [vpc.selectSubnets(taskSubnets(props)).internetConnectivityEstablished] : []),
      ...(deployedTogether(cluster, this) ? [cluster] : []),
    );
    return service;
  }

  private register({ targetGroup, alternateTarget }: BoundIngress): void {
    const { containerName, containerPort } = this.container;
    this.ecsService.loadBalancerTarget({ containerName, containerPort, alternateTarget }).attachToApplicationTargetGroup(targetGroup);
  }

  private addOutputs(): void {
    new CfnOutput(this, 'StopCommand', {
      description: 'Stops a service whose tasks fail over and over, so that its deployment can end',
      value: stopService({ region: Stack.of(this).region, cluster: this.cluster.clusterName, service: this.ecsService.serviceName }),
    });
    if (this.url) {
      new CfnOutput(this, 'Url', { description: 'Where the service is reached', value: this.url });
    }
  }
}

function environmentOf({ guard, imageInEnvironment, environment }: GuardedFargateServiceProps): Record<string, string> | undefined {
  return imageInEnvironment ? { IMAGE_TAG: guard.imageTag, IMAGE_DIGEST: guard.imageDigest, ...environment } : environment;
}

function taskSubnets({ taskSubnets: given, assignPublicIp }: GuardedFargateServiceProps): ec2.SubnetSelection {
  return given ?? (assignPublicIp ? { subnetType: ec2.SubnetType.PUBLIC } : {});
}

function shiftsTraffic({ deploymentStrategy = ecs.DeploymentStrategy.ROLLING }: GuardedFargateServiceProps): boolean {
  return deploymentStrategy !== ecs.DeploymentStrategy.ROLLING;
}

function adjust(service: ecs.FargateService, props: GuardedFargateServiceProps): void {
  const resource = service.node.findChild('Service') as ecs.CfnService;
  // It is ECS, said or not; a feature flag says it, and CloudFormation replaces the service when that changes.
  resource.deploymentController = undefined;
  // By overrides, because the L1 knows these properties only since aws-cdk-lib 2.262, and the L2 not at all.
  const breaker = 'DeploymentConfiguration.DeploymentCircuitBreaker';
  if (props.circuitBreakerFailureCount !== undefined) {
    resource.addPropertyOverride(`${breaker}.ThresholdConfiguration`, { Type: 'COUNT', Value: props.circuitBreakerFailureCount });
  }
  if (props.circuitBreakerResetOnHealthyTask !== undefined) {
    resource.addPropertyOverride(`${breaker}.ResetOnHealthyTask`, props.circuitBreakerResetOnHealthyTask);
  }
}
