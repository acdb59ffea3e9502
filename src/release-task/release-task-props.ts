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
   * Command that the task runs, in place of the command of the image. Together with the image and `entryPoint`, it
   * identifies a release: with another command, the task runs again.
   */
  readonly command: string[];

  /**
   * Time within which the task must end, counted from its creation: 1 second to 14 minutes. After that, the task is
   * stopped and the deployment fails.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;

  /**
   * Whether the task runs again when a deployment returns to an earlier release that has already run it. A rollback
   * never runs it.
   *
   * @default false - the task runs once for each release
   */
  readonly rerunForEarlierReleases?: boolean;

  /**
   * Number of lines from the end of the container's log that the reason of a failure shows: 0 to 50. Lines come from
   * CloudWatch Logs only. What looks like a secret is redacted, but a secret that stands alone cannot be recognized:
   * pass 0 if the task logs such values.
   *
   * @default 20
   */
  readonly failureLogLines?: number;

  /**
   * Cluster of the task.
   *
   * @default - the cluster of all services of the stack that are given none, in `vpc`
   */
  readonly cluster?: ecs.ICluster;

  /**
   * VPC of the default cluster. Not together with `cluster`, which has its own.
   *
   * @default - a new VPC with public and private subnets in two availability zones, for all services and release tasks
   * of the stack that are given neither cluster nor VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets of the task.
   *
   * @default - public subnets if the task gets a public IP address, otherwise private ones with outbound internet access, or isolated
   * ones
   */
  readonly taskSubnets?: ec2.SubnetSelection;

  /**
   * Whether the task gets a public IP address. In public subnets it cannot pull the image without one.
   *
   * @default - true in a default VPC without NAT gateways, unless `taskSubnets` is set; otherwise false
   */
  readonly assignPublicIp?: boolean;

  /**
   * Security groups of the task: 1 to 5.
   *
   * @default - a new one, without inbound rules
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
