import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Ingress } from './ingress';
import { Scaling } from './scaling';
import { ServiceDeploymentOptions } from './service-deployment-options';
import { ServiceTaskOptions } from './service-task-options';
import { ImageGuard } from '../guard/image-guard';

/**
 * Options of a `GuardedFargateService`. All of them have defaults. Options that also exist in `aws-ecs-patterns` have the
 * same names.
 */
export interface GuardedFargateServiceOptions extends ServiceTaskOptions, ServiceDeploymentOptions {
  /**
   * Cluster of the service.
   *
   * @default - a new cluster in `vpc`; services and release tasks in the stack share it if they set the same `vpc` and no
   * `cluster`
   */
  readonly cluster?: ecs.ICluster;

  /**
   * VPC of the cluster that the library creates. Do not combine it with `cluster`, which has its own VPC.
   *
   * @default - a new VPC, shared by all services and release tasks in the stack that set neither `cluster` nor `vpc`; it
   * has public and private subnets in two availability zones, and a NAT gateway in each
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Number of NAT gateways of the VPC that the library creates: 0 to 2. Do not combine it with `cluster` or `vpc`. Services
   * share that VPC, so set this option on the first service that uses it.
   *
   * With 0, the VPC has public and isolated subnets. Tasks run in public subnets with a public IP address, and their security
   * group admits only the load balancer. To run tasks in isolated subnets instead, pass `assignPublicIp: false`, and add VPC
   * endpoints to the VPC of the service, `cluster.vpc`.
   *
   * @default 2 - one in each availability zone
   */
  readonly natGateways?: number;

  /**
   * Name of the ECS service.
   *
   * @default - CloudFormation generates a name
   */
  readonly serviceName?: string;

  /**
   * Number of tasks.
   *
   * @default - ECS starts one task; deployments do not change the number of tasks
   */
  readonly scaling?: Scaling;

  /**
   * Capacity providers of the tasks, such as `FARGATE_SPOT`. If you pass your own cluster, it must have these capacity
   * providers.
   *
   * @default - the `FARGATE` launch type
   */
  readonly capacityProviderStrategies?: ecs.CapacityProviderStrategy[];

  /**
   * Whether ECS moves tasks to keep them evenly spread across availability zones.
   *
   * @default - the ECS default: enabled if the service supports it
   */
  readonly availabilityZoneRebalancing?: ecs.AvailabilityZoneRebalancing;

  /**
   * Source of the tags that ECS copies to the tasks: the service or the task definition.
   *
   * @default - no tags are copied
   */
  readonly propagateTags?: ecs.PropagatedTagSource;

  /**
   * Whether ECS tags each task with the names of its cluster and service.
   *
   * @default false
   */
  readonly enableECSManagedTags?: boolean;

  /**
   * Registration of the tasks in Cloud Map. Only for rolling deployments. With other deployment strategies, use Service
   * Connect.
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
   * @default - public subnets if tasks get a public IP address; otherwise, the first of these kinds that the VPC has: private
   * subnets with outbound internet access, isolated subnets, public subnets
   */
  readonly taskSubnets?: ec2.SubnetSelection;

  /**
   * Whether tasks get a public IP address. In public subnets, tasks need one to pull the image.
   *
   * @default - true in the VPC that the library creates, if it has no NAT gateways and `taskSubnets` is not set; otherwise
   * false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the tasks: 1 to 5.
   *
   * @default - a new security group that admits only the load balancer
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Ingress of the service: its own load balancer, a shared listener, or none.
   *
   * @default - an internet-facing load balancer for a `PhasedFargateService`; none for a `GuardedFargateService`
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
