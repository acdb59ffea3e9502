import { Arn, ArnFormat, CfnResource, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct, IConstruct } from 'constructs';
import { invalid, isKnown, shown } from '../private/validation';

/**
 * Checks the region of a resource that must be in the region of the service, such as the topic of an EventBridge rule.
 *
 * @throws if the regions are known to differ
 */
export function checkRegion(scope: Construct, name: string, arn: string): void {
  checkArn(scope, name, arn, ({ region }) => ({ region }));
}

/**
 * Checks the account and region of a resource that must be in those of the service. For example, a certificate in us-east-1
 * fits CloudFront, but not a load balancer in another region.
 *
 * @throws if the accounts or the regions are known to differ
 */
export function checkAccountAndRegion(scope: Construct, name: string, arn: string): void {
  checkArn(scope, name, arn, ({ account, region }) => ({ account, region }));
}

function checkArn(scope: Construct, name: string, arn: string, partsOf: (place: Place) => Place): void {
  if (!arn) return;
  for (const construct of referencesIn(arn)) checkPlace(scope, name, nameOf(construct), partsOf(Stack.of(construct)));
  if (!isKnown(arn)) return;
  if (!arn.startsWith('arn:')) throw invalid(scope, `${name} ${shown(arn)} is not an ARN`);
  checkPlace(scope, name, arn, partsOf(Arn.split(arn, ArnFormat.SLASH_RESOURCE_NAME)));
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
  if (loadBalancer?.vpc) checkVpc(scope, vpc, loadBalancer.vpc.vpcId, 'ingress listener', listener);
}

/**
 * Checks the VPC of subnets or security groups. Users can pass them and forget to pass their VPC.
 *
 * @throws if the VPCs are known to differ
 */
export function checkVpcOfParts(scope: Construct, vpc: ec2.IVpc, name: string, parts: (ec2.ISubnet | ec2.ISecurityGroup)[] = []): void {
  for (const part of parts) {
    // The subnets of an imported VPC are its children.
    const { vpcId } = (part.node.defaultChild ?? ('subnetId' in part ? part.node.scope : {})) as Partial<ec2.IVpc>;
    if (typeof vpcId === 'string') checkVpc(scope, vpc, vpcId, name, part);
  }
}

function checkVpc(scope: Construct, vpc: ec2.IVpc, otherId: string, name: string, part: IConstruct): void {
  const [own, other] = [vpc.vpcId, otherId].map(identityOfVpc);
  // A VPC that the app looks up can be one that the app creates in another stack.
  const lookedUp = typeof own === 'string' && typeof other !== 'string';
  if (!own || !other || own === other || lookedUp) return;
  throw invalid(scope, `${name} ${part.node.path} is in VPC ${typeof other === 'string' ? other : nameOf(other)}, but the cluster is in ${vpc.node.path}: ` +
    `pass a vpc or a cluster that matches ${name}`);
}

/** Identifies a VPC by its construct or its ID. Returns `undefined` for an ID that is another token. */
function identityOfVpc(vpcId: string): IConstruct | string | undefined {
  const { firstToken } = Tokenization.reverseString(vpcId);
  if (!firstToken) return isKnown(vpcId) ? vpcId : undefined;
  const target = Reference.isReference(firstToken) ? firstToken.target : undefined;
  return target && CfnResource.isCfnResource(target) && target.cfnResourceType === ec2.CfnVPC.CFN_RESOURCE_TYPE_NAME ? target : undefined;
}
