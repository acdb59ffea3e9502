import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ImageGuard } from './guard/image-guard';
import { ImageGuardOptions } from './guard/image-guard-options';
import { aRepository, givenOptions } from './private/option-kinds';
import { invalid } from './private/validation';
import { ImageRegistry } from './registry/image-registry';
import { GuardedFargateService } from './service/guarded-fargate-service';
import { GuardedFargateServiceOptions } from './service/guarded-fargate-service-options';
import { Ingress } from './service/ingress';

/**
 * Properties of a `PhasedFargateService`. Most are inherited.
 */
export interface PhasedFargateServiceProps extends ImageGuardOptions, GuardedFargateServiceOptions {
  /**
   * Repository that the image is pushed to: an `ImageRegistry` or any other ECR repository. It can be in another stack,
   * account, or region.
   *
   * @default - a new `ImageRegistry` in a separate stack, the child stack `Registry` of the service's stack
   */
  readonly registry?: ecr.IRepository;
}

/**
 * A container on ECS Fargate, deployed in an order that keeps deployments from hanging: registry, image, service.
 *
 * 1. `cdk deploy <stack>/Registry` creates the registry and prints the commands that push the image.
 * 2. Build and push the image.
 * 3. `cdk deploy <stack> --parameters <stack name>:<id>ImageTag=<tag>` deploys the service with exactly that image. See
 *    `ImageVersion.parameter` for the name of the parameter.
 *
 * If you skip step 2, step 3 fails within seconds, and the error says how to push the image.
 */
export class PhasedFargateService extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** Phase 1: the repository that the image is pushed to. */
  public readonly registry: ecr.IRepository;

  /** The gate between phase 2 and phase 3. Other task definitions in the stack can also use its `image`. */
  public readonly guard: ImageGuard;

  /** Phase 3: the service, with its task definition, cluster, and load balancer. */
  public readonly service: GuardedFargateService;

  /** The cluster of the service. */
  public readonly cluster: ecs.ICluster;

  /** The task definition. Add sidecars here. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;

  /** The security groups of the tasks (inbound and outbound rules). The default port is the container port, if there is one. */
  public readonly connections: ec2.Connections;

  /** The task role. Grant it the permissions that the application in the container needs. */
  public readonly grantPrincipal: iam.IPrincipal;

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

  /** The URL of the service. Undefined if `loadBalancer` is undefined. */
  public readonly url?: string;

  /**
   * @throws the errors of `ImageRegistry.inCompanionStack`, `ImageGuard`, and `GuardedFargateService`
   */
  constructor(scope: Construct, id: string, props: PhasedFargateServiceProps = {}) {
    super(scope, id);
    // Without a stack, this call throws an error that names this construct.
    Stack.of(this);

    const { registry } = givenOptions<Pick<PhasedFargateServiceProps, 'registry'>>(props ?? {}, { registry: aRepository }, (message) => invalid(this, message));
    this.registry = registry ?? ImageRegistry.inCompanionStack(scope, id);
    this.guard = new ImageGuard(this, 'Guard', { ...props, registry: this.registry });
    this.service = new GuardedFargateService(this, 'Service', {
      ...props,
      guard: this.guard,
      ingress: props?.ingress ?? Ingress.internetFacing(),
    });

    this.cluster = this.service.cluster;
    this.taskDefinition = this.service.taskDefinition;
    this.connections = this.service.connections;
    this.grantPrincipal = this.service.grantPrincipal;
    this.loadBalancer = this.service.loadBalancer;
    this.listener = this.service.listener;
    this.testListener = this.service.testListener;
    this.targetGroup = this.service.targetGroup;
    this.alternateTargetGroup = this.service.alternateTargetGroup;
    this.url = this.service.url;
  }
}
