import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { ReferenceGraph, Resource } from './reference-graph';

const GUARD = 'Custom::ImageGuard';
const ECR_IMAGE = /\.dkr\.ecr\./;

const EXPENSIVE = [
  'AWS::EC2::VPC', 'AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::EC2::Subnet',
  'AWS::ECS::Cluster', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ElasticLoadBalancingV2::Listener',
];

/**
 * Every way in which an ECS service of the assembly can be created before its image has passed a guard, each as a sentence.
 * This library promises that there are none.
 */
export function waysAroundTheGuard(graph: ReferenceGraph): string[] {
  return graph.resources('AWS::ECS::Service').flatMap((service) => {
    const taskDefinition = graph.referenced(service.properties.TaskDefinition, service.template);
    if (taskDefinition?.type !== 'AWS::ECS::TaskDefinition') {
      return [`${service.path} runs a task definition that is not deployed with it`];
    }
    return ecrImagesOf(taskDefinition, graph).flatMap((image) => {
      const guard = guardOf(image, graph);
      if (!guard) return [`${service.path} runs ${image}`];
      return graph.before(service).has(guard) ? [] : [`${service.path} does not wait for ${guard.path}`];
    });
  });
}

/** The ECR images of all task definitions, with expanded references. */
export function ecrImages(graph: ReferenceGraph): string[] {
  return graph.resources('AWS::ECS::TaskDefinition').flatMap((taskDefinition) => ecrImagesOf(taskDefinition, graph));
}

function ecrImagesOf({ properties, template }: Resource, graph: ReferenceGraph): string[] {
  return properties.ContainerDefinitions
    .map(({ Image }: any) => graph.text(Image, template))
    .filter((image: string) => ECR_IMAGE.test(image));
}

/** The guard that answered with this image: the digest that it found in its repository. */
function guardOf(image: string, graph: ReferenceGraph): Resource | undefined {
  return graph.resources(GUARD).find(({ path, properties, template }) =>
    image === `${graph.text(properties.RepositoryUri, template)}@«${path}.ImageDigest»`);
}

/** Costly or slow resources that are created although a guard may still refuse. */
export function madeBeforeAnyGuard(graph: ReferenceGraph): string[] {
  return graph.resources(...EXPENSIVE)
    .filter((resource) => ![...graph.before(resource)].some(({ type }) => type === GUARD))
    .map(({ path }) => path);
}

/** The stacks that are deployed before this one, by their ids for `cdk deploy`. */
export function deployedBefore(assembly: CloudAssembly, id: string): string[] {
  const stacks = assembly.stacksRecursively;
  const found = new Set<string>();
  const pending = stacks.filter(({ hierarchicalId }) => hierarchicalId === id);
  while (pending.length > 0) {
    const needed = pending.pop()!.dependencies.map((artifact) => artifact.id);
    for (const stack of stacks) {
      if (!needed.includes(stack.id) || found.has(stack.hierarchicalId)) continue;
      found.add(stack.hierarchicalId);
      pending.push(stack);
    }
  }
  return [...found];
}
