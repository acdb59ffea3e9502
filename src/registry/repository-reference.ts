import { ArnFormat, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { Construct, IConstruct } from 'constructs';
import { deployedStack } from '../stacks';
import { invalid } from '../validation';

/** The repository that this construct creates; `undefined` for one that only refers to a repository. */
export function createdRepository(registry: IConstruct): ecr.CfnRepository | undefined {
  const child = registry.node.defaultChild;
  if (!child) return undefined;
  if (CfnResource.isCfnResource(child)) {
    return child.cfnResourceType === ecr.CfnRepository.CFN_RESOURCE_TYPE_NAME ? child as ecr.CfnRepository : undefined;
  }
  return createdRepository(child);
}

/**
 * The registry as a stack may refer to it without an export, which would tie the two stacks together for good:
 * as it is, or, where its name is a token of another stack, by the name that was given to it there.
 *
 * @throws if it was given none
 */
export function referenceByName(scope: Construct, registry: ecr.IRepository): ecr.IRepository {
  const elsewhere = deployedStack(registry) !== deployedStack(scope);
  if (!elsewhere || !Token.isUnresolved(registry.repositoryName)) return registry;

  const repositoryName = createdRepository(registry)?.repositoryName;
  if (repositoryName === undefined || Token.isUnresolved(repositoryName)) {
    throw invalid(scope, `registry ${registry.node.path} has no name that is known at synthesis, and it is in another stack: ` +
      'set repositoryName there, or use an ImageRegistry, which has one by default');
  }
  // Between environments CDK refers by name of its own accord, and grants both ways.
  if (Stack.of(registry).environment !== Stack.of(scope).environment) return registry;

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
