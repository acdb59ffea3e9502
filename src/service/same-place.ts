import { Arn, ArnFormat, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { invalid, isKnown, shown } from '../private/validation';

/**
 * What AWS only finds in its own region, such as the certificate of a load balancer: that of CloudFront is in us-east-1.
 *
 * @throws if the regions are known to differ
 */
export function checkRegion(scope: Construct, name: string, arn: string): void {
  if (!arn || !isKnown(arn)) return;
  if (!arn.startsWith('arn:')) throw invalid(scope, `${name} ${shown(arn)} is not an ARN`);
  const { region } = Stack.of(scope);
  const { region: other } = Arn.split(arn, ArnFormat.SLASH_RESOURCE_NAME);
  if (Token.isUnresolved(region) || !other || other === region) return;
  throw invalid(scope, `${name} ${arn} is in ${other}, but the service is in ${region}: pass one in the same region`);
}

/**
 * ELB refuses target groups of another VPC, such as the default one that a service gets if it is given none.
 *
 * @throws if the VPCs are known to differ
 */
export function checkVpcOfListener(scope: Construct, vpc: ec2.IVpc, listener: elbv2.IApplicationListener): void {
  const { loadBalancer } = listener as Partial<elbv2.ApplicationListener>;
  const other = loadBalancer?.vpc;
  if (!other || other.vpcId === vpc.vpcId || !isIdentified(other) || !isIdentified(vpc)) return;
  throw invalid(scope, `ingress listener ${listener.node.path} is in VPC ${other.node.path}, but the service is in ${vpc.node.path}: ` +
    'pass that VPC, or a cluster in it');
}

/** Of an imported VPC whose id is a token, nobody can tell which one it is. */
function isIdentified(vpc: ec2.IVpc): boolean {
  const resource = vpc.node.defaultChild;
  return isKnown(vpc.vpcId) || (resource !== undefined && CfnResource.isCfnResource(resource));
}
