import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export const VPC_ID = 'vpc-00000001';
export const PRIVATE_SUBNETS = ['subnet-aaaa0001', 'subnet-aaaa0002'];
export const PUBLIC_SUBNETS = ['subnet-bbbb0001', 'subnet-bbbb0002'];

/** A VPC that the user already has. */
export function existingVpc(scope: Construct, id = 'Vpc', vpcId = VPC_ID): ec2.IVpc {
  return ec2.Vpc.fromVpcAttributes(scope, id, {
    vpcId,
    availabilityZones: ['a', 'b'],
    privateSubnetIds: PRIVATE_SUBNETS,
    publicSubnetIds: PUBLIC_SUBNETS,
  });
}

/** The same existing VPC for all constructs of a stack. */
export function sharedVpc(stack: Construct): ec2.IVpc {
  return stack.node.tryFindChild('Vpc') as ec2.IVpc | undefined ?? existingVpc(stack);
}
