import { Annotations, CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { checkRegion } from './account-and-region';
import { beforeTasks, TaskPlace, taskPlace } from './before-tasks';
import { BoundIngress } from './bound-ingress';
import { defaultCluster } from './default-cluster';
import { keepFailureEvents } from './failure-events';
import { GuardedFargateServiceProps } from './guarded-fargate-service-options';
import { Ingress } from './ingress';
import { warnOfUnreachableRegistry } from './network-checks';
import { rollbackAlarmNames } from './rollback-alarm';
import { DEFAULT_MAX_HEALTHY_PERCENT, DEFAULT_MIN_HEALTHY_PERCENT, faultsOf, shiftsTraffic } from './service-option-checks';
import { SERVICE_OPTION_KINDS } from './service-option-kinds';
import { faultsAtSynthesis } from './synthesis-checks';
import { makeTaskDefinition } from './task-definition';
import { checkedOptions } from '../private/checked-options';
import { stopService } from '../private/cli-commands';
import { invalid, located } from '../private/validation';

/**
 * Phase 3: an ECS service on Fargate that runs the image of an `ImageGuard`.
 *
 * The task definition contains the digest that the guard returns, so the service cannot be deployed before the image exists.
 * The load balancer, the default cluster, and the VPC also wait for the guard. If the image is missing, the deployment
 * therefore fails before it creates anything slow or expensive.
 */
export class GuardedFargateService extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The ECS service. */
  public readonly ecsService: ecs.FargateService;

  /** The task definition. Add sidecars here. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The container that runs the guarded image. */
  public readonly container: ecs.ContainerDefinition;

  /** The cluster of the service. */
  public readonly cluster: ecs.ICluster;

  /** The log group of the container. Undefined if you pass `logDriver`. */
  public readonly logGroup?: logs.ILogGroup;

  /** The service's own load balancer. Undefined with a shared listener or without an ingress. */
  public readonly loadBalancer?: elbv2.ApplicationLoadBalancer;

  /** The listener that forwards to the service. Undefined without an ingress. */
  public readonly listener?: elbv2.IApplicationListener;

  /** The test listener of the ingress. Undefined if the ingress has none. */
  public readonly testListener?: elbv2.IApplicationListener;

  /** The target group of the tasks. Undefined without an ingress. */
  public readonly targetGroup?: elbv2.ApplicationTargetGroup;

  /**
   * The second target group. With a strategy that shifts traffic, each deployment shifts it from one target group to the
   * other. Undefined with other strategies, or without an ingress.
   */
  public readonly alternateTargetGroup?: elbv2.ApplicationTargetGroup;

  /** The scalable task count. Add further scaling policies here. Undefined without `Scaling.between`. */
  public readonly scaling?: ecs.ScalableTaskCount;

  /** The URL of the service. Undefined if `loadBalancer` is undefined. */
  public readonly url?: string;

  /** The security groups of the tasks (inbound and outbound rules). The default port is the container port, if there is one. */
  public readonly connections: ec2.Connections;

  /** The task role. Grant it the permissions that the application in the container needs. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * @throws if an option has the wrong type or is out of range; if Fargate does not support the task size; if options
   * contradict each other; at synthesis, if ECS would refuse the service. The check at synthesis includes changes that you
   * made after construction
   */
  constructor(scope: Construct, id: string, props: GuardedFargateServiceProps) {
    super(scope, id);
    const given = this.checked(props);
    const { guard } = given;

    this.cluster = given.cluster ?? this.defaultCluster(given);
    const place = taskPlace(this, given, this.cluster);
    const ingress = (given.ingress ?? Ingress.none())._bind(this, this.cluster.vpc, shiftsTraffic(given));
    this.loadBalancer = ingress?.loadBalancer;
    this.listener = ingress?.listener;
    this.testListener = ingress?.testListener;
    this.targetGroup = ingress?.targets.targetGroup;
    this.alternateTargetGroup = ingress?.targets.alternateTargetGroup;
    this.url = ingress?.url;
    this.loadBalancer?.node.defaultChild!.node.addDependency(guard);

    const hasIngress = ingress !== undefined;
    ({ taskDefinition: this.taskDefinition, container: this.container, logGroup: this.logGroup } = makeTaskDefinition(this, given, hasIngress));
    this.ecsService = located(this, () => this.makeService({ ...given, ...place }, ingress), given.cloudMapOptions && 'cloudMapOptions');
    if (ingress) this.register(ingress);
    this.scaling = given.scaling?._follow(this, this.ecsService, ingress?.targets.targetGroups ?? []);
    keepFailureEvents(this, { service: this.ecsService, guard, givenName: given.serviceName, topic: given.failureTopic });
    warnOfUnreachableRegistry(this, {
      vpc: this.cluster.vpc,
      ...place,
      taskDefinition: this.taskDefinition,
      otherEndpoints: [...given.scaling?._queue ? ['sqs'] : [], ...given.enableExecuteCommand ? ['ssmmessages'] : []],
    });
    this.node.addValidation({ validate: () => [...faultsAtSynthesis(this.ecsService, given), ...ingress?.faults() ?? []] });

    const { securityGroups } = this.ecsService.connections;
    const [port] = this.container.portMappings;
    this.connections = new ec2.Connections({ securityGroups, defaultPort: port && ec2.Port.tcp(port.containerPort) });
    this.grantPrincipal = this.taskDefinition.taskRole;
    this.addOutputs();
  }

  private checked(props: GuardedFargateServiceProps): GuardedFargateServiceProps {
    const given = checkedOptions(this, props, SERVICE_OPTION_KINDS, ['guard']);
    for (const fault of faultsOf(given)) throw invalid(this, fault);
    if (given.failureTopic) checkRegion(this, 'failureTopic', given.failureTopic.topicArn);
    if (given.enableExecuteCommand && given.readonlyRootFilesystem) {
      Annotations.of(this).addWarningV2('@org/phased-fargate:shellInReadOnlyContainer',
        'enableExecuteCommand has no effect with readonlyRootFilesystem, because the SSM agent writes to the file system of the container: ' +
        'leave one of them out, or mount volumes at /var/lib/amazon and /var/log/amazon');
    }
    return given;
  }

  private defaultCluster(props: GuardedFargateServiceProps): ecs.Cluster {
    const cluster = defaultCluster(this, props);
    if (props.capacityProviderStrategies) cluster.enableFargateCapacityProviders();
    return cluster;
  }

  private makeService(props: GuardedFargateServiceProps & TaskPlace, ingress?: BoundIngress): ecs.FargateService {
    const { guard, rollbackOn = [] } = props;
    const source = { targetGroups: ingress?.targets.targetGroups ?? [], loadBalancer: this.loadBalancer };
    const service = new ecs.FargateService(this, 'Resource', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      serviceName: props.serviceName,
      // If this is undefined, ECS starts one task. While the guard holds tasks back, that is one too many.
      desiredCount: props.scaling ? props.scaling._desiredCount(this, guard) : guard._holdsTasksBack ? guard.taskCount(1) : undefined,
      circuitBreaker: props.circuitBreaker ?? { rollback: true },
      minHealthyPercent: props.minHealthyPercent ?? DEFAULT_MIN_HEALTHY_PERCENT,
      maxHealthyPercent: props.maxHealthyPercent ?? DEFAULT_MAX_HEALTHY_PERCENT,
      healthCheckGracePeriod: props.healthCheckGracePeriod,
      platformVersion: props.platformVersion,
      availabilityZoneRebalancing: props.availabilityZoneRebalancing,
      deploymentStrategy: props.deploymentStrategy,
      bakeTime: props.bakeTime,
      lifecycleHooks: props.lifecycleHooks,
      deploymentAlarms: rollbackOn.length > 0 ? { alarmNames: rollbackAlarmNames(this, rollbackOn, source) } : undefined,
      enableExecuteCommand: props.enableExecuteCommand,
      vpcSubnets: props.taskSubnets,
      assignPublicIp: props.assignPublicIp,
      securityGroups: props.securityGroups,
      capacityProviderStrategies: props.capacityProviderStrategies,
      propagateTags: props.propagateTags,
      enableECSManagedTags: props.enableECSManagedTags,
      cloudMapOptions: props.cloudMapOptions,
    });
    adjust(resourceOf(service), props);
    resourceOf(service).node.addDependency(...beforeTasks(this, this.cluster, this.taskDefinition, props.taskSubnets));
    return service;
  }

  private register({ targets: { targetGroup }, alternateTarget }: BoundIngress): void {
    const { containerName, containerPort } = this.container;
    this.ecsService.loadBalancerTarget({ containerName, containerPort, alternateTarget }).attachToApplicationTargetGroup(targetGroup);
  }

  private addOutputs(): void {
    new CfnOutput(this, 'StopCommand', {
      description: 'Command that stops a service whose tasks keep failing, so that its deployment can end',
      value: stopService({ region: Stack.of(this).region, cluster: this.cluster.clusterName, service: this.ecsService.serviceName }),
    });
    if (this.url) {
      new CfnOutput(this, 'Url', { description: 'URL of the service', value: this.url });
    }
  }
}

function resourceOf(service: ecs.FargateService): ecs.CfnService {
  return service.node.findChild('Service') as ecs.CfnService;
}

function adjust(resource: ecs.CfnService, props: GuardedFargateServiceProps): void {
  // The default controller is ECS. A feature flag sets it explicitly, and CloudFormation replaces the service when the
  // property changes.
  resource.deploymentController = undefined;
  const override = (path: string, value: unknown) => {
    if (value !== undefined) resource.addPropertyOverride(`DeploymentConfiguration.${path}`, value);
  };
  // CloudFormation's default is 36 hours, and ECS requires a value for BLUE_GREEN.
  if (shiftsTraffic(props) && !props.bakeTime) override('BakeTimeInMinutes', 0);
  // Uses overrides, because the minimum aws-cdk-lib does not have these properties.
  override('CanaryConfiguration.CanaryPercent', props.canaryPercent);
  override('CanaryConfiguration.CanaryBakeTimeInMinutes', props.canaryBakeTime?.toMinutes());
  override('LinearConfiguration.StepPercent', props.linearStepPercent);
  override('LinearConfiguration.StepBakeTimeInMinutes', props.linearStepBakeTime?.toMinutes());
  if (props.circuitBreakerFailureCount !== undefined) {
    override('DeploymentCircuitBreaker.ThresholdConfiguration', { Type: 'COUNT', Value: props.circuitBreakerFailureCount });
  }
  override('DeploymentCircuitBreaker.ResetOnHealthyTask', props.circuitBreakerResetOnHealthyTask);
}
