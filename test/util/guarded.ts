import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { ReferenceGraph, Resource, Template } from './reference-graph';

const GUARD = 'Custom::ImageGuard';
const ECR_IMAGE = /\.dkr\.ecr\./;
const WHOLE_ECR_IMAGE = /^[^\s/]+\.dkr\.ecr\.\S+$/;

const EXPENSIVE = [
  'AWS::EC2::VPC', 'AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::EC2::Subnet',
  'AWS::ECS::Cluster', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ElasticLoadBalancingV2::Listener',
];

/**
 * Every way in which a resource of the assembly, such as an ECS service or a Batch job, can be created before its image has
 * passed a guard, each as a sentence. This library promises that there are none.
 */
export function waysAroundTheGuard(graph: ReferenceGraph): string[] {
  return [...servicesAroundTheGuard(graph), ...othersAroundTheGuard(graph)];
}

function servicesAroundTheGuard(graph: ReferenceGraph): string[] {
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

/** Types that run nothing on their own. Custom resources only look images up or push them. */
const RUNS_NOTHING = /^(?:AWS::ECS::TaskDefinition|AWS::CloudFormation::Stack|Custom::.*)$/;

function othersAroundTheGuard(graph: ReferenceGraph): string[] {
  return graph.resources()
    .filter(({ type }) => !RUNS_NOTHING.test(type))
    .flatMap(({ path, properties, template }) => textsIn(properties, template, graph)
      .filter((text) => WHOLE_ECR_IMAGE.test(text) && !guardOf(text, graph))
      .map((image) => `${path} runs ${image}`));
}

/** All texts at any depth that can be ECR images, with expanded references. */
function textsIn(value: any, template: Template, graph: ReferenceGraph): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const [key] = Object.keys(value);
  if (key === 'Ref' || key?.startsWith('Fn::') && ECR_IMAGE.test(JSON.stringify(value))) return [graph.text(value, template)];
  return Object.values(value).flatMap((member) => textsIn(member, template, graph));
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
