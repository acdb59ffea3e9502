import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, IConstruct, IDependable } from 'constructs';
import { lacksNatGateways } from './default-cluster';
import { deployedTogether } from '../private/stacks';
import { located } from '../private/validation';

export interface TaskPlace {
  readonly taskSubnets: ec2.SubnetSelection;
  readonly assignPublicIp: boolean;
}

/** @throws what aws-cdk-lib says of a cluster without a VPC, or of a VPC without such subnets, with the name of the option */
export function taskPlace(scope: Construct, { taskSubnets, assignPublicIp }: Partial<TaskPlace>, cluster: ecs.ICluster): TaskPlace {
  const publicIp = assignPublicIp ?? (!taskSubnets && lacksNatGateways(cluster));
  const subnets = taskSubnets ?? (publicIp ? { subnetType: ec2.SubnetType.PUBLIC } : {});
  const vpc = located(scope, () => cluster.vpc, 'cluster');
  located(scope, () => vpc.selectSubnets(subnets), 'taskSubnets');
  return { taskSubnets: subnets, assignPublicIp: publicIp };
}

/** Otherwise, tasks may start before they are allowed to pull, or have a way out, or the cluster has the capacity. */
export function beforeTasks(
  starter: IConstruct, cluster: ecs.ICluster, { executionRole }: ecs.TaskDefinition, subnets: ec2.SubnetSelection,
): IDependable[] {
  const { vpc } = cluster;
  return [
    executionRole!,
    // Another stack that is referred to is deployed before, with all that is in it.
    ...(deployedTogether(vpc, starter) ? [vpc.selectSubnets(subnets).internetConnectivityEstablished] : []),
    ...(deployedTogether(cluster, starter) ? [cluster] : []),
  ];
}
