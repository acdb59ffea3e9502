import { ArnFormat, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IConstruct } from 'constructs';
import { keepRepositoryName } from './repository-name';
import { references } from '../private/references';
import { deployedTogether } from '../private/stacks';
import { invalid } from '../private/validation';

/** Returns the repository that this construct creates. Returns `undefined` if the construct only refers to a repository. */
export function createdRepository(registry: IConstruct): ecr.CfnRepository | undefined {
  const child = registry.node.defaultChild;
  if (!child) return undefined;
  if (CfnResource.isCfnResource(child)) {
    return child.cfnResourceType === ecr.CfnRepository.CFN_RESOURCE_TYPE_NAME ? child as ecr.CfnRepository : undefined;
  }
  return createdRepository(child);
}

/** Reads account and region from the ARN, because an imported repository otherwise has those of the importing stack. */
export function placeOf(repository: ecr.IRepository): { account: string; region: string } {
  const { account, region } = Stack.of(repository).splitArn(repository.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  return { account: account!, region: region! };
}

/**
 * Returns the registry in a form that a stack can refer to without an export. An export would tie the two stacks together. A
 * registry in another stack is referenced by the name that was set there.
 *
 * @throws if the registry has no such name
 */
export function referenceByName(scope: Construct, registry: ecr.IRepository): ecr.IRepository {
  const created = createdRepository(registry);
  if (!created || deployedTogether(created, scope)) {
    refuseExports(scope, registry);
    return registry;
  }

  const { repositoryName } = created;
  if (repositoryName === undefined || Token.isUnresolved(repositoryName)) {
    throw invalid(scope, `registry ${registry.node.path} is in another stack, but its name is unknown at synthesis: ` +
      'pass a repositoryName to the registry, or use an ImageRegistry, whose name is always known');
  }
  keepRepositoryName(created, repositoryName);
  return ecr.Repository.fromRepositoryAttributes(scope, 'Registry', {
    repositoryName,
    repositoryArn: Stack.of(registry).formatArn({
      service: 'ecr',
      resource: 'repository',
      resourceName: repositoryName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    }),
  });
}

function refuseExports(scope: Construct, registry: ecr.IRepository): void {
  const exported = references(scope, [registry.repositoryName, registry.repositoryArn])
    .find(({ target }) => !deployedTogether(target, scope) && Stack.of(target).environment === Stack.of(scope).environment);
  if (exported) {
    throw invalid(scope, `registry ${registry.node.path} gets its name or ARN from ${exported.target.node.path} in another stack, ` +
      'so CDK would create a CloudFormation export: pass the original repository, or import it by a name that is known at synthesis');
  }
}
