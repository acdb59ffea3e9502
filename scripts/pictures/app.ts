import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { synthesize } from '../../test/e2e/pipeline/render-examples';
import { ReferenceGraph, Resource, Template } from '../../test/util/reference-graph';

/** A stack of a synthesized example. */
export interface SynthesizedStack {
  /** Path of the stack, as in `cdk deploy`. */
  readonly path: string;
  readonly name: string;
  readonly resources: Resource[];
  readonly template: Template;
  /** Names of the stacks that are deployed before it. */
  readonly after: string[];
}

/** Reads the content of pictures from the cloud assembly of an app. */
export class SynthesizedApp {
  public static of(example: string, context: Record<string, string> = {}): SynthesizedApp {
    return synthesize(example, true, (directory) => new SynthesizedApp(directory), context);
  }

  public readonly stacks: SynthesizedStack[];

  private readonly graph: ReferenceGraph;

  private constructor(directory: string) {
    const assembly = new CloudAssembly(directory);
    this.graph = new ReferenceGraph(assembly);
    const stackNames = new Map(assembly.stacksRecursively.map(({ id, stackName }) => [id, stackName]));
    this.stacks = assembly.stacksRecursively.map(({ hierarchicalId, stackName, dependencies }) => {
      const resources = this.graph.resources().filter(({ template }) => template.path === hierarchicalId);
      return {
        path: hierarchicalId,
        name: stackName,
        resources,
        template: resources[0].template,
        after: dependencies.flatMap(({ id }) => stackNames.get(id) ?? []),
      };
    });
  }

  /** The only stack with a resource of this type. */
  public stackWith(type: string): SynthesizedStack {
    return the(this.stacks.filter(({ resources }) => resources.some((resource) => resource.type === type)), `stack with ${type}`);
  }

  public resource(type: string): Resource {
    return the(this.graph.resources(type), type);
  }

  public waitsFor(later: Resource, earlier: Resource): boolean {
    return this.graph.before(later).has(earlier);
  }

  /** A value with its references as text, as in `«Stack/LogicalId.Attribute»`. */
  public text(value: unknown, { template }: { template: Template }): string {
    return this.graph.text(value, template);
  }
}

/** Resource types and their counts, by service: `EC2: VPC, 4 Subnet`. */
export function byService(resources: ReadonlyArray<Pick<Resource, 'type'>>): Array<readonly [service: string, types: string]> {
  const services = new Map<string, Map<string, number>>();
  for (const { type } of resources) {
    const [vendor, ...rest] = type.split('::');
    const [service, name] = rest.length === 1 ? [vendor, ...rest] : rest;
    const types = services.get(service) ?? new Map<string, number>();
    services.set(service, types.set(name, (types.get(name) ?? 0) + 1));
  }
  return [...services].map(([service, types]) => [
    service,
    [...types].map(([name, count]) => count === 1 ? name : `${count} ${name}`).join(', '),
  ]);
}

function the<T>(found: readonly T[], what: string): T {
  if (found.length !== 1) throw new Error(`expected one ${what}, found ${found.length}`);
  return found[0];
}
