import { Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { singleton } from '../private/stacks';

const ID = 'PhasedFargateCluster';

/**
 * The cluster of all services of a stack that were given none, one for each VPC. Without a VPC it makes one.
 */
export function defaultCluster(scope: Construct, vpc?: ec2.IVpc): ecs.Cluster {
  const stack = Stack.of(scope);
  const id = vpc ? `${ID}-${Names.nodeUniqueId(vpc.node)}` : ID;
  return singleton(stack, id, () => new ecs.Cluster(stack, id, { vpc }));
}
