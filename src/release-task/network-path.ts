import { CfnResource, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Dependable, IConstruct, IDependable } from 'constructs';

/**
 * Everything that connects a task to the network: rules of security groups that refer to its security groups, and endpoints
 * of its VPC.
 *
 * The resource that starts the task does not refer to them, so CloudFormation would create them at any time. A service
 * retries until they exist, but a task that runs once cannot. They are known only at synthesis. The task can only wait for
 * those in the same stack, because another stack is deployed completely before or after this stack.
 */
export class NetworkPath implements IDependable {
  constructor(scope: IConstruct, vpc: ec2.IVpc, { securityGroups }: ec2.Connections) {
    const stack = Stack.of(scope);
    const same = (one: unknown, other: unknown) => JSON.stringify(stack.resolve(one)) === JSON.stringify(stack.resolve(other));
    const isOwn = (id?: string) => id !== undefined && securityGroups.some(({ securityGroupId }) => same(securityGroupId, id));
    const opensTheWay = (construct: IConstruct) => {
      if (!CfnResource.isCfnResource(construct) || Stack.of(construct) !== stack) return false;
      switch (construct.cfnResourceType) {
        case ec2.CfnSecurityGroupIngress.CFN_RESOURCE_TYPE_NAME: {
          const { groupId, sourceSecurityGroupId } = construct as ec2.CfnSecurityGroupIngress;
          return isOwn(groupId) || isOwn(sourceSecurityGroupId);
        }
        case ec2.CfnSecurityGroupEgress.CFN_RESOURCE_TYPE_NAME:
          return isOwn((construct as ec2.CfnSecurityGroupEgress).groupId);
        case ec2.CfnVPCEndpoint.CFN_RESOURCE_TYPE_NAME:
          return same((construct as ec2.CfnVPCEndpoint).vpcId, vpc.vpcId);
        default:
          return false;
      }
    };
    Dependable.implement(this, {
      get dependencyRoots() {
        return stack.node.findAll().filter(opensTheWay);
      },
    });
  }
}
