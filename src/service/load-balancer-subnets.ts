import { CfnResource } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { checkVpcOfParts } from './account-and-region';
import { invalid, located } from '../private/validation';

/** Matches regular availability zones. ELB needs two of them. Local zones have names such as `us-west-2-lax-1a`. */
const REGIONAL_ZONE = /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/;

/**
 * Returns the subnets of a load balancer. ELB accepts one subnet per availability zone, and needs two zones.
 *
 * @param given subnets that the user passed; by default, one subnet per zone
 * @throws if ELB would refuse the subnets, or if clients on the internet could not reach them
 * @see
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
 */
export function loadBalancerSubnets(
  scope: Construct, vpc: ec2.IVpc, internetFacing: boolean, given?: ec2.SubnetSelection,
): ec2.SubnetSelection {
  if (!given && internetFacing && vpc.publicSubnets.length === 0) {
    throw invalid(scope, `ingress internetFacing needs public subnets, but ${vpc.node.path} has none: pass Ingress.internalOnly() or another VPC`);
  }
  const selection = given ?? (internetFacing ? { subnetType: ec2.SubnetType.PUBLIC, onePerAz: true } : { onePerAz: true });
  const { subnets, isPendingLookup } = located(scope, () => vpc.selectSubnets(selection), 'ingress subnets');
  if (isPendingLookup) return selection;
  checkVpcOfParts(scope, vpc, 'ingress subnets', given?.subnets);

  const again = subnets.find(({ subnetId }, index) => subnets.findIndex((other) => other.subnetId === subnetId) !== index);
  if (again) throw invalid(scope, `ingress subnets lists ${again.node.path} twice`);
  const zones = subnets.map(zoneOf);
  const twice = zones.findIndex((zone, index) => zone !== undefined && zones.indexOf(zone) !== index);
  if (twice !== -1) {
    throw invalid(scope, `ingress subnets ${paths(subnets.filter((_, index) => zones[index] === zones[twice]))} are in the same availability ` +
      'zone, but a load balancer takes one subnet per zone: pass onePerAz or fewer subnets');
  }
  if (zones.length < 1 || (zones.length === 1 && (REGIONAL_ZONE.test(zones[0] ?? '') || isMadeHere(subnets[0])))) {
    throw invalid(scope, `ingress subnets ${paths(subnets) || '(none)'} of ${vpc.node.path} are in ${zones.length} availability zone${zones.length === 1 ? '' : 's'}: ` +
      'a load balancer needs subnets in at least two');
  }
  const closed = [...vpc.privateSubnets, ...vpc.isolatedSubnets];
  const unreachable = subnets.filter((subnet) => closed.includes(subnet));
  if (internetFacing && unreachable.length > 0) {
    throw invalid(scope, `ingress subnets ${paths(unreachable)} are not public, so the internet could not reach the load balancer: ` +
      'pass public subnets, or Ingress.internalOnly()');
  }
  return selection;
}

/** Returns the subnets of this app without IPv6 addresses. Call it when the app is complete. */
export function subnetsWithoutIpv6(vpc: ec2.IVpc, selection: ec2.SubnetSelection): string {
  return paths(vpc.selectSubnets(selection).subnets.filter((subnet) => {
    const resource = subnet.node.defaultChild as ec2.CfnSubnet | undefined;
    return isMadeHere(subnet) && resource!.ipv6CidrBlock === undefined && resource!.ipv6Native === undefined
      && resource!.ipv6IpamPoolId === undefined;
  }));
}

/** aws-cdk-lib throws an error if it knows only the ID of the subnet. */
function zoneOf(subnet: ec2.ISubnet): string | undefined {
  try {
    return subnet.availabilityZone;
  } catch {
    return undefined;
  }
}

function isMadeHere(subnet: ec2.ISubnet): boolean {
  const resource = subnet.node.defaultChild;
  return resource !== undefined && CfnResource.isCfnResource(resource);
}

function paths(subnets: ec2.ISubnet[]): string {
  return subnets.map(({ node }) => node.path).join(', ');
}
