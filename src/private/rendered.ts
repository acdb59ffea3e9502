import { CfnResource, ITokenResolver, Stack, Tokenization } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';

/**
 * Returns the properties of a resource as they appear in the template, including overrides. The fields of an L1 do not
 * include overrides, and a plain `CfnResource` has no fields.
 *
 * @param resolver replaces the resolver that CDK uses to write templates
 */
export function renderedProperties(resource: CfnResource, resolver?: ITokenResolver): Record<string, any> {
  const fragment = resource._toCloudFormation();
  const { Resources = {} } = resolver
    ? Tokenization.resolve(fragment, { scope: resource, resolver, preparing: false })
    : Stack.of(resource).resolve(fragment);
  const [rendered] = Object.values<any>(Resources);
  return rendered?.Properties ?? {};
}

/** Whether the fields of an L1 may differ from its template. Rendering is slow, so callers avoid it for most resources. */
export function isOverridden(resource: CfnResource): boolean {
  const { rawOverrides } = resource as unknown as { readonly rawOverrides?: object };
  return rawOverrides === undefined || Object.keys(rawOverrides).length > 0;
}

/** Returns the containers of a task definition as they appear in the template, including those that CDK adds at synthesis. */
export function renderedContainers(taskDefinition: ecs.TaskDefinition): any[] {
  const { containerDefinitions } = taskDefinition.node.defaultChild as ecs.CfnTaskDefinition;
  return listed(taskDefinition.stack.resolve(containerDefinitions));
}

/** Returns the entries of a list in a template. If the template contains an intrinsic function in place of the list, returns none. */
export function listed(value: unknown): any[] {
  return Array.isArray(value) ? value : [];
}
