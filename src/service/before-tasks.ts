import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct, IDependable } from 'constructs';
import { checkVpcOfParts } from './account-and-region';
import { lacksNatGateways } from './default-cluster';
import { deployedTogether } from '../private/stacks';
import { located } from '../private/validation';

export interface TaskPlace {
  readonly taskSubnets: ec2.SubnetSelection;
  readonly assignPublicIp: boolean;
}

interface TaskPlaceOptions extends Partial<TaskPlace> {
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * @throws if the cluster has no VPC, or if the VPC has no matching subnets: the error of aws-cdk-lib, with the name of the
 * option; if the subnets or security groups are in another VPC
 */
export function taskPlace(scope: Construct, { taskSubnets, assignPublicIp, securityGroups }: TaskPlaceOptions, cluster: ecs.ICluster): TaskPlace {
  const publicIp = assignPublicIp ?? (!taskSubnets && lacksNatGateways(cluster));
  const subnets = taskSubnets ?? (publicIp ? { subnetType: ec2.SubnetType.PUBLIC } : {});
  const vpc = located(scope, () => cluster.vpc, 'cluster');
  located(scope, () => vpc.selectSubnets(subnets), 'taskSubnets');
  checkVpcOfParts(scope, vpc, 'taskSubnets', taskSubnets?.subnets);
  checkVpcOfParts(scope, vpc, 'securityGroups', securityGroups);
  return { taskSubnets: subnets, assignPublicIp: publicIp };
}

/** Without these dependencies, a task could start before it has permission to pull the image, a route to the internet, or capacity. */
export function beforeTasks(
  starter: IConstruct, cluster: ecs.ICluster, { executionRole }: ecs.TaskDefinition, subnets: ec2.SubnetSelection,
): IDependable[] {
  const { vpc } = cluster;
  return [
    executionRole!,
    // If this stack refers to another stack, CDK deploys that stack first.
    ...(deployedTogether(vpc, starter) ? [vpc.selectSubnets(subnets).internetConnectivityEstablished] : []),
    ...(deployedTogether(cluster, starter) ? [cluster] : []),
  ];
}
