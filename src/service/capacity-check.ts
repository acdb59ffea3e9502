import { CfnResource, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';

/** Capacity that a cluster of this app does not offer, so that ECS would refuse the service. */
export function faultsOfCapacity(cluster: ecs.ICluster, strategies: ecs.CapacityProviderStrategy[]): string[] {
  const resource = cluster.node.defaultChild;
  if (!resource || !isResource(resource, ecs.CfnCluster.CFN_RESOURCE_TYPE_NAME)) return [];

  const { capacityProviderNames = [], clusterScopedCapacityProviderNames = [] } = cluster as ecs.Cluster;
  const offered = [...capacityProviderNames, ...clusterScopedCapacityProviderNames, ...(resource as ecs.CfnCluster).capacityProviders ?? []];
  const missing = strategies.map(({ capacityProvider }) => capacityProvider)
    .filter((name) => !Token.isUnresolved(name) && !offered.includes(name));
  if (missing.length === 0 || isOfferedElsewhere(cluster)) return [];
  return [`capacityProviderStrategies needs ${missing.join(' and ')}, which cluster ${cluster.node.path} does not offer: ` +
    'pass enableFargateCapacityProviders: true to the cluster'];
}

/** By a resource that users made themselves. */
function isOfferedElsewhere(cluster: ecs.ICluster): boolean {
  return cluster.node.root.node.findAll().some((construct) =>
    isResource(construct, ecs.CfnClusterCapacityProviderAssociations.CFN_RESOURCE_TYPE_NAME) && !construct.node.scopes.includes(cluster));
}

function isResource(construct: IConstruct, type: string): boolean {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === type;
}
