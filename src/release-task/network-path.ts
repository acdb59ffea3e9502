import { CfnResource, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Dependable, IConstruct, IDependable } from 'constructs';

/**
 * What opens the way of a task: rules of security groups that name one of its own, and endpoints of its VPC.
 *
 * Nothing that starts the task refers to them, so that CloudFormation would make them at any time. A service tries again
 * until they are there; a task that runs once cannot. Only at synthesis it is known which these are, and only those of the
 * same stack can be waited for: another stack is deployed before this one or after it, with all that is in it.
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
