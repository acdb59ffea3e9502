import { Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { comeAfterImage } from './after-images';
import { ImageGuard } from '../guard/image-guard';
import { singleton } from '../private/stacks';
import { invalid } from '../private/validation';

const ID = 'PhasedFargateCluster';

/** Number of availability zones of the default VPC. */
export const DEFAULT_ZONES = 2;

export interface DefaultClusterOptions {
  readonly guard: ImageGuard;
  readonly vpc?: ec2.IVpc;
  readonly natGateways?: number;
}

/**
 * Returns the default cluster of a stack, which services without their own cluster share. There is one for each VPC. Without
 * a VPC, this function creates the default VPC.
 *
 * @throws if the default VPC already has a different number of NAT gateways
 */
export function defaultCluster(scope: Construct, { guard, vpc, natGateways }: DefaultClusterOptions): ecs.Cluster {
  const stack = Stack.of(scope);
  const id = vpc ? `${ID}-${Names.nodeUniqueId(vpc.node)}` : ID;
  const cluster = singleton(stack, id, () => new DefaultCluster(stack, id, { firstUser: scope, vpc, natGateways }));
  if (natGateways !== undefined && natGateways !== cluster.natGateways) {
    throw invalid(scope, `natGateways ${natGateways} conflicts with ${cluster.firstUser.node.path}, which created the shared VPC with ` +
      `${cluster.natGateways} NAT gateways: pass the same natGateways to both, or pass a vpc`);
  }
  comeAfterImage(cluster, scope, guard);
  return cluster;
}

/** Whether tasks in this cluster need their own public IP address to reach the internet. */
export function lacksNatGateways(cluster: ecs.ICluster): boolean {
  return cluster instanceof DefaultCluster && cluster.natGateways === 0;
}

interface DefaultClusterProps {
  readonly firstUser: Construct;
  readonly vpc?: ec2.IVpc;
  readonly natGateways?: number;
}

class DefaultCluster extends ecs.Cluster {
  public override readonly vpc: ec2.IVpc;

  /** Undefined if the user passed a VPC. */
  public readonly natGateways?: number;

  public readonly firstUser: Construct;

  constructor(scope: Construct, id: string, { firstUser, vpc, natGateways = DEFAULT_ZONES }: DefaultClusterProps) {
    // `ecs.Cluster` only stores this value. Without a value, it would create its own VPC with NAT gateways.
    super(scope, id, { vpc: vpc ?? {} as ec2.IVpc });
    this.firstUser = firstUser;
    this.natGateways = vpc ? undefined : natGateways;
    this.vpc = vpc ?? defaultVpc(this, natGateways);
  }
}

/** Names and addresses of the subnets do not depend on the number of NAT gateways, so users can change the number of a deployed VPC. */
function defaultVpc(scope: Construct, natGateways: number): ec2.Vpc {
  const { PUBLIC, PRIVATE_ISOLATED, PRIVATE_WITH_EGRESS } = ec2.SubnetType;
  return new ec2.Vpc(scope, 'Vpc', {
    maxAzs: DEFAULT_ZONES,
    natGateways,
    subnetConfiguration: [
      { name: 'Public', subnetType: PUBLIC },
      { name: 'Private', subnetType: natGateways === 0 ? PRIVATE_ISOLATED : PRIVATE_WITH_EGRESS },
    ],
  });
}
