import * as fs from 'node:fs';
import * as path from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';

/** A resource of a stack or of a nested stack in it. */
export interface Resource {
  /** Unique in the assembly: `Stack/Nested/LogicalId`. */
  readonly path: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: any;
  readonly dependsOn: string[];
  readonly template: Template;
}

/** A template and where it is deployed. */
export interface Template {
  readonly path: string;
  readonly body: any;
  readonly resources: Map<string, Resource>;

  /** The templates of nested stacks, by the logical id of their resource here. */
  readonly nested: Map<string, Template>;

  /** The resource that deploys this template, if it is a nested stack. */
  readonly deployedBy?: Resource;
}

/**
 * All references in the templates of a cloud assembly, as CloudFormation resolves them: `Ref`, `Fn::GetAtt`, `Fn::Sub`,
 * `DependsOn`, and the parameters and outputs of nested stacks. It throws for anything that it does not understand, so that
 * no reference is missed.
 */
export class ReferenceGraph {
  private readonly templates: Template[] = [];

  constructor(assembly: CloudAssembly) {
    for (const stack of assembly.stacksRecursively) {
      this.load(stack.hierarchicalId, stack.templateFullPath);
    }
  }

  public resources(...types: string[]): Resource[] {
    return this.templates
      .flatMap((template) => [...template.resources.values()])
      .filter(({ type }) => types.length === 0 || types.includes(type));
  }

  /** The resource that a value references directly. */
  public referenced(value: any, template: Template): Resource | undefined {
    const text = this.text(value, template);
    return this.resources().find((resource) => text === reference(resource));
  }

  /** A value with expanded references: `«Stack/LogicalId.Attribute»`. */
  public text(value: any, template: Template): string {
    if (typeof value !== 'object') return String(value);

    const [[intrinsic, argument], ...others] = Object.entries<any>(value);
    if (others.length > 0) throw new Error(`not an intrinsic: ${JSON.stringify(value)} (in ${template.path})`);
    switch (intrinsic) {
      case 'Ref':
        return this.referenceText(argument, undefined, template);
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = getAtt(argument);
        return this.referenceText(logicalId, attribute, template);
      }
      case 'Fn::Join':
        return argument[1].map((part: any) => this.text(part, template)).join(argument[0]);
      case 'Fn::Sub':
        return subParts(argument).map((part) => typeof part === 'string' ? part : this.text(part.value, template)).join('');
      case 'Fn::Select': {
        const [index, { 'Fn::Split': [delimiter, whole] }] = argument;
        return select(Number(index), delimiter, this.text(whole, template));
      }
      default:
        throw new Error(`cannot tell what ${intrinsic} is (in ${template.path})`);
    }
  }

  /** All resources of the deployed stack that CloudFormation completes before it starts this one. */
  public before(resource: Resource): Set<Resource> {
    const found = new Set<Resource>();
    const pending = [resource];
    while (pending.length > 0) {
      for (const earlier of this.directlyBefore(pending.pop()!)) {
        if (found.has(earlier)) continue;
        found.add(earlier);
        pending.push(earlier);
      }
    }
    return found;
  }

  private load(at: string, file: string, deployedBy?: Resource): Template {
    const body = JSON.parse(fs.readFileSync(file, 'utf8'));
    const template: Template = { path: at, body, deployedBy, resources: new Map(), nested: new Map() };
    this.templates.push(template);
    for (const [logicalId, entry] of Object.entries<any>(body.Resources ?? {})) {
      if (entry.Condition) throw new Error(`${at}/${logicalId} has a condition, and may not be there at all`);
      const resource: Resource = {
        path: `${at}/${logicalId}`,
        logicalId,
        type: entry.Type,
        properties: entry.Properties ?? {},
        dependsOn: [entry.DependsOn ?? []].flat(),
        template,
      };
      template.resources.set(logicalId, resource);
      if (entry.Type === 'AWS::CloudFormation::Stack') {
        const nestedFile = path.join(path.dirname(file), entry.Metadata['aws:asset:path']);
        template.nested.set(logicalId, this.load(resource.path, nestedFile, resource));
      }
    }
    return template;
  }

  private referenceText(logicalId: string, attribute: string | undefined, template: Template): string {
    const { body, deployedBy, resources, nested } = template;
    const passed = deployedBy?.properties.Parameters?.[logicalId];
    if (body.Parameters?.[logicalId] && passed !== undefined) return this.text(passed, deployedBy!.template);

    const output = attribute?.match(/^Outputs\.(.*)$/)?.[1];
    if (output) {
      const inner = nested.get(logicalId)!;
      return this.text(inner.body.Outputs[output].Value, inner);
    }
    const resource = resources.get(logicalId);
    return resource ? reference(resource, attribute) : `«${logicalId}»`;
  }

  private directlyBefore({ properties, dependsOn, template }: Resource): Resource[] {
    const { deployedBy } = template;
    return [
      ...logicalIdsIn(properties).flatMap((logicalId) => this.finishedFor(logicalId, template)),
      ...dependsOn.flatMap((logicalId) => this.finishedFor(logicalId, template)),
      // A nested stack starts once the values of all its parameters are known.
      ...(deployedBy ? this.directlyBefore(deployedBy) : []),
    ];
  }

  private finishedFor(logicalId: string, template: Template): Resource[] {
    const { deployedBy, resources, nested } = template;
    const resource = resources.get(logicalId);
    if (resource) return [resource, ...allIn(nested.get(logicalId))];
    const value = deployedBy?.properties.Parameters?.[logicalId];
    return value === undefined
      ? []
      : logicalIdsIn(value).flatMap((outer) => this.finishedFor(outer, deployedBy!.template));
  }
}

function reference({ path: at }: Resource, attribute?: string): string {
  return attribute ? `«${at}.${attribute}»` : `«${at}»`;
}

function allIn(template: Template | undefined): Resource[] {
  return template ? [...template.resources.values(), ...[...template.nested.values()].flatMap(allIn)] : [];
}

/** The logical ids that a value references at any depth. */
function logicalIdsIn(value: any): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(logicalIdsIn);
  return Object.entries<any>(value).flatMap(([key, argument]) => {
    switch (key) {
      case 'Ref':
        return [argument];
      case 'Fn::GetAtt':
        return [getAtt(argument)[0]];
      case 'Fn::Sub':
        return subParts(argument).flatMap((part) => typeof part === 'string' ? [] : logicalIdsIn(part.value));
      case 'Fn::If':
        throw new Error('which branch of Fn::If holds is known to nobody before the deployment');
      default:
        return logicalIdsIn(argument);
    }
  });
}

function getAtt(argument: string | [string, string]): [string, string] {
  if (Array.isArray(argument)) return argument;
  const [logicalId, ...attribute] = argument.split('.');
  return [logicalId, attribute.join('.')];
}

/** The text of an `Fn::Sub`, split at its placeholders, which become the equivalent intrinsics. */
function subParts(argument: string | [string, Record<string, any>]): (string | { value: any })[] {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {} as Record<string, any>];
  return text.split(/(\$\{[^}]*\})/).map((part) => {
    const name = part.match(/^\$\{([^!].*)\}$/)?.[1];
    if (!name) return part;
    if (name in variables) return { value: variables[name] };
    return { value: name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name } };
  });
}

/** Result of `Fn::Select` on an `Fn::Split`. References stay whole because their values are unknown. */
function select(index: number, delimiter: string, whole: string): string {
  if (/^«[^»]*»$/.test(whole)) return `«${whole.slice(1, -1)} split at "${delimiter}", part ${index}»`;
  const references: string[] = [];
  const shortened = whole.replace(/«[^»]*»/g, (found) => `«${references.push(found) - 1}»`);
  return shortened.split(delimiter)[index].replace(/«(\d+)»/g, (_, at) => references[at]);
}
