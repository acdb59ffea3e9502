import { Arn, ArnFormat, CfnResource, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct, IConstruct } from 'constructs';
import { invalid, isKnown, shown } from '../private/validation';

/**
 * Checks the region of a resource that AWS finds only in its own region. An example is the certificate of a load balancer:
 * certificates for CloudFront are in us-east-1.
 *
 * @throws if the regions are known to differ
 */
export function checkRegion(scope: Construct, name: string, arn: string): void {
  if (!arn) return;
  for (const construct of referencesIn(arn)) checkPlace(scope, name, nameOf(construct), { region: Stack.of(construct).region });
  if (!isKnown(arn)) return;
  if (!arn.startsWith('arn:')) throw invalid(scope, `${name} ${shown(arn)} is not an ARN`);
  const { region } = Arn.split(arn, ArnFormat.SLASH_RESOURCE_NAME);
  checkPlace(scope, name, arn, { region });
}

export interface Place {
  readonly account?: string;
  readonly region?: string;
}

/**
 * Checks the account and region of a resource that AWS finds only in its own account and region, such as an alarm of a
 * service.
 *
 * @param other name of the resource for the error
 * @throws if the accounts or the regions are known to differ
 */
export function checkPlace(scope: Construct, name: string, other: string, place: Place): void {
  const own: Place = Stack.of(scope);
  for (const part of ['region', 'account'] as const) {
    const [here, there] = [own[part], place[part]];
    if (!there || !isKnown(there) || !isKnown(here) || here === there) continue;
    throw invalid(scope, `${name} ${other} is in ${there}, but the service is in ${here}: pass one in the same ${part}`);
  }
}

/**
 * Checks each resource that a text refers to, by an ARN or by a reference to a construct. The text is not resolved, because
 * CDK would then need physical names for resources in another account or region.
 */
export function checkPlaces(scope: Construct, name: string, text: string): void {
  for (const [arn, region, account] of text.matchAll(/arn:[^:"]+:[^:"]+:([^:"]*):([^:"]*):[^"]+/g)) checkPlace(scope, name, arn, { region, account });
  for (const construct of referencesIn(text)) checkPlace(scope, name, nameOf(construct), Stack.of(construct));
}

function referencesIn(text: string): IConstruct[] {
  return Tokenization.reverseString(text).tokens.filter((token) => Reference.isReference(token)).map(({ target }) => target);
}

/** Path of the construct that the user created. */
function nameOf({ node }: IConstruct): string {
  return node.id === 'Resource' ? node.scope!.node.path : node.path;
}

/**
 * ELB refuses target groups in another VPC, such as the default VPC of a service that has none.
 *
 * @throws if the VPCs are known to differ
 */
export function checkVpcOfListener(scope: Construct, vpc: ec2.IVpc, listener: elbv2.IApplicationListener): void {
  const { loadBalancer } = listener as Partial<elbv2.ApplicationListener>;
  const other = loadBalancer?.vpc;
  if (!other || other.vpcId === vpc.vpcId || !isIdentified(other) || !isIdentified(vpc)) return;
  throw invalid(scope, `ingress listener ${listener.node.path} is in VPC ${other.node.path}, but the service is in ${vpc.node.path}: ` +
    'pass the VPC of the listener, or a cluster in that VPC');
}

/** Whether a VPC can be identified. An imported VPC whose ID is a token cannot. */
function isIdentified(vpc: ec2.IVpc): boolean {
  const resource = vpc.node.defaultChild;
  return isKnown(vpc.vpcId) || (resource !== undefined && CfnResource.isCfnResource(resource));
}
