import { Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { comeAfterImage } from './after-images';
import { ImageGuard } from '../guard/image-guard';
import { singleton } from '../private/stacks';
import { invalid } from '../private/validation';

const ID = 'PhasedFargateCluster';

/** Availability zones of a VPC that is made by default. */
export const DEFAULT_ZONES = 2;

export interface DefaultClusterOptions {
  readonly guard: ImageGuard;
  readonly vpc?: ec2.IVpc;
  readonly natGateways?: number;
}

/**
 * The cluster of all services of a stack that were given none, one for each VPC. Without a VPC it makes one.
 *
 * @throws if the VPC that it has made already has another number of NAT gateways
 */
export function defaultCluster(scope: Construct, { guard, vpc, natGateways }: DefaultClusterOptions): ecs.Cluster {
  const stack = Stack.of(scope);
  const id = vpc ? `${ID}-${Names.nodeUniqueId(vpc.node)}` : ID;
  const cluster = singleton(stack, id, () => new DefaultCluster(stack, id, { firstUser: scope, vpc, natGateways }));
  if (natGateways !== undefined && natGateways !== cluster.natGateways) {
    throw invalid(scope, `natGateways ${natGateways} contradicts the ${cluster.natGateways} NAT gateways of the default VPC, which ` +
      `${cluster.firstUser.node.path} created for all services of the stack: pass the same number to both, or pass a vpc`);
  }
  comeAfterImage(cluster, scope, guard);
  return cluster;
}

/** Whether tasks in this cluster reach the internet only with a public IP address of their own. */
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

  /** Undefined with a VPC that was given. */
  public readonly natGateways?: number;

  public readonly firstUser: Construct;

  constructor(scope: Construct, id: string, { firstUser, vpc, natGateways = DEFAULT_ZONES }: DefaultClusterProps) {
    // Only kept there. Without one, ecs.Cluster would make its own, with NAT gateways.
    super(scope, id, { vpc: vpc ?? {} as ec2.IVpc });
    this.firstUser = firstUser;
    this.natGateways = vpc ? undefined : natGateways;
    this.vpc = vpc ?? defaultVpc(this, natGateways);
  }
}

/** Subnets keep names and addresses whatever the number of NAT gateways is, so that it can change where services run. */
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
