import { CfnResource, ITokenResolver, Stack, Tokenization } from 'aws-cdk-lib';

/**
 * The properties of a resource as its template will have them, overrides included. The fields of an L1 do not show
 * these, and a plain `CfnResource` has no fields.
 *
 * @param resolver in place of the one that writes templates
 */
export function renderedProperties(resource: CfnResource, resolver?: ITokenResolver): Record<string, any> {
  const fragment = resource._toCloudFormation();
  const { Resources = {} } = resolver
    ? Tokenization.resolve(fragment, { scope: resource, resolver, preparing: false })
    : Stack.of(resource).resolve(fragment);
  const [rendered] = Object.values<any>(Resources);
  return rendered?.Properties ?? {};
}

/** Whether the fields of an L1 may not be what its template will have. Rendering takes time, which most resources are spared. */
export function isOverridden(resource: CfnResource): boolean {
  const { rawOverrides } = resource as unknown as { readonly rawOverrides?: object };
  return rawOverrides === undefined || Object.keys(rawOverrides).length > 0;
}
