import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ImageGuard } from '../guard/image-guard';
import { TaskOptions } from '../service/task-options';

/**
 * Properties of a `ReleaseTask`.
 */
export interface ReleaseTaskProps extends TaskOptions {
  /**
   * Guard of the image that the task runs. It must be in the same stack.
   */
  readonly guard: ImageGuard;

  /**
   * Command of the task. It overrides the command of the image. The image, `entryPoint`, and the command identify a release,
   * so the task runs again if you change the command.
   */
  readonly command: string[];

  /**
   * Time limit of the task, counted from its creation: 1 second to 14 minutes. After this time, the deployment stops the
   * task and fails.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;

  /**
   * Whether the task runs again when you return to an earlier release. The task never runs in a rollback.
   *
   * @default false - the task runs once for each release
   */
  readonly rerunForEarlierReleases?: boolean;

  /**
   * Number of lines from the end of the container log to include in the failure message: 0 to 50. The log must be in
   * CloudWatch Logs. Text that looks like a secret is redacted. Redaction can miss a secret that is logged without its
   * name, so pass 0 if the task logs secrets.
   *
   * @default 20
   */
  readonly failureLogLines?: number;

  /**
   * Cluster of the task.
   *
   * @default - a new cluster in `vpc`; services and release tasks in the stack share it if they set the same `vpc` and no
   * `cluster`
   */
  readonly cluster?: ecs.ICluster;

  /**
   * VPC of the cluster that the library creates. Do not combine it with `cluster`, which has its own VPC.
   *
   * @default - a new VPC, shared by all services and release tasks in the stack that set neither `cluster` nor `vpc`; it
   * has public and private subnets in two availability zones
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets of the task.
   *
   * @default - public subnets if the task gets a public IP address; otherwise, the first of these kinds that the VPC has:
   * private subnets with outbound internet access, isolated subnets, public subnets
   */
  readonly taskSubnets?: ec2.SubnetSelection;

  /**
   * Whether the task gets a public IP address. In a public subnet, the task needs one to pull the image.
   *
   * @default - true in the VPC that the library creates, if it has no NAT gateways and `taskSubnets` is not set; otherwise
   * false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the task: 1 to 5.
   *
   * @default - a new security group without inbound rules
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
