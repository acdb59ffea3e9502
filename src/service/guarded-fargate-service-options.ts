import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Ingress } from './ingress';
import { Scaling } from './scaling';
import { ServiceDeploymentOptions } from './service-deployment-options';
import { ServiceTaskOptions } from './service-task-options';
import { ImageGuard } from '../guard/image-guard';

/**
 * Options of a `GuardedFargateService`. All of them have defaults. Options that `aws-ecs-patterns` has too have the same
 * name here.
 */
export interface GuardedFargateServiceOptions extends ServiceTaskOptions, ServiceDeploymentOptions {
  /**
   * Cluster of the service.
   *
   * @default - one for all services of the stack that are given none, in `vpc`
   */
  readonly cluster?: ecs.ICluster;

  /**
   * VPC of the default cluster. Not together with `cluster`, which has its own.
   *
   * @default - a new VPC with public and private subnets in two availability zones, for all services of the stack that
   * are given neither cluster nor VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Number of NAT gateways of the default VPC: 0 to 2. Not together with `cluster` or `vpc`. The services of a stack share
   * the default VPC, so set it on the first of them.
   *
   * With 0, tasks run in public subnets with a public IP address, and their security group admits only the load balancer.
   * Pass `assignPublicIp: false` to keep them in isolated subnets, and add VPC endpoints to `cluster.vpc`.
   *
   * @default 2 - one in each availability zone
   */
  readonly natGateways?: number;

  /**
   * Name of the ECS service.
   *
   * @default - CloudFormation generates one
   */
  readonly serviceName?: string;

  /**
   * Number of tasks.
   *
   * @default - one task at first; deployments leave the number of tasks as it is
   */
  readonly scaling?: Scaling;

  /**
   * Capacity of the tasks, such as `FARGATE_SPOT`. Your own cluster has to offer it.
   *
   * @default - Fargate
   */
  readonly capacityProviderStrategies?: ecs.CapacityProviderStrategy[];

  /**
   * Whether ECS moves tasks to keep them spread evenly across availability zones.
   *
   * @default - enabled for a new service where ECS can, the ECS default
   */
  readonly availabilityZoneRebalancing?: ecs.AvailabilityZoneRebalancing;

  /**
   * Whether the tags of the service or of the task definition are propagated to the tasks.
   *
   * @default - none
   */
  readonly propagateTags?: ecs.PropagatedTagSource;

  /**
   * Whether ECS tags the tasks with the names of cluster and service.
   *
   * @default false
   */
  readonly enableECSManagedTags?: boolean;

  /**
   * Name under which Cloud Map finds the tasks. Only for rolling deployments; use Service Connect with the others.
   *
   * @default - not registered in Cloud Map
   */
  readonly cloudMapOptions?: ecs.CloudMapOptions;

  /**
   * Whether `aws ecs execute-command` can open a shell in the container.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * Subnets of the tasks.
   *
   * @default - public subnets if tasks get a public IP address, otherwise private ones with outbound internet access, or isolated
   * ones
   */
  readonly taskSubnets?: ec2.SubnetSelection;

  /**
   * Whether tasks get a public IP address. In public subnets they cannot pull the image without one.
   *
   * @default - true in a default VPC without NAT gateways, unless `taskSubnets` is set; otherwise false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the tasks: 1 to 5.
   *
   * @default - a new one, which only the load balancer can reach
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Way in which requests reach the service.
   *
   * @default - see the construct: `PhasedFargateService` faces the internet, `GuardedFargateService` has no ingress
   */
  readonly ingress?: Ingress;
}

/**
 * Properties of a `GuardedFargateService`.
 */
export interface GuardedFargateServiceProps extends GuardedFargateServiceOptions {
  /**
   * Guard of the image that the service runs. It must be in the same stack.
   */
  readonly guard: ImageGuard;
}
