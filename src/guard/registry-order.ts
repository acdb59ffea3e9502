import { Annotations, CfnResource } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { BoundImageVersion } from './image-version';
import { WhenMissing } from './when-missing';
import { references } from '../private/references';
import { deployedStack, deployedTogether, inSameStage } from '../private/stacks';
import { acceptParameter } from '../registry/companion-stack';
import { ImageRegistry } from '../registry/image-registry';
import { createdRepository } from '../registry/repository-reference';

/**
 * Makes the guard wait for the registry, if CDK can order them.
 *
 * @param resource the custom resource of the guard
 */
export function comeAfterRegistry(
  guard: IConstruct,
  resource: CfnResource,
  { registry, version }: { readonly registry: ecr.IRepository; readonly version: BoundImageVersion },
  whenMissing: WhenMissing,
): void {
  const created = createdRepository(registry);
  if (!created) return;

  if (!inSameStage(guard, registry)) {
    Annotations.of(guard).addWarningV2('@org/phased-fargate:registryInAnotherStage',
      `registry ${registry.node.path} is in another stage, so this stack cannot depend on it: deploy that stage first`);
    return;
  }
  resource.node.addDependency(created);
  if (version.parameterId) acceptParameter(deployedStack(registry), version.parameterId);
  if (!deployedTogether(registry, guard)) return;

  if (ImageRegistry.isImageRegistry(registry)) registry._expectImagesAtFirst();
  if (whenMissing._mode === 'fail' && !isBuiltInDeployment(guard, version)) {
    Annotations.of(guard).addWarningV2('@org/phased-fargate:registryInServiceStack',
      `registry ${registry.node.path} is in the same stack, so the first deployment cannot find an image: ` +
      'put it in its own stack, such as with ImageRegistry.inCompanionStack, or pass whenMissing: WhenMissing.startWithoutTasks()');
  }
}

/** Whether the tag comes from another resource of the deployment, such as a resource that builds the image. */
function isBuiltInDeployment(guard: IConstruct, { value }: BoundImageVersion): boolean {
  return references(guard, value).some(({ target }) => CfnResource.isCfnResource(target) && deployedTogether(target, guard));
}
