import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { Construct } from 'constructs';
import { invalid } from '../private/validation';
import { createdRepository } from '../registry/repository-reference';

/** A repository, as a push needs it. */
export interface RepositoryPlan {
  readonly registry: ecr.IRepository;
  readonly repositoryName: string;
  readonly repositoryUri: string;
  readonly repositoryArn: string;
  readonly account: string;
  readonly region: string;
}

/** @throws if its name, account, or region is unknown at synthesis */
export function repositoryOf(scope: Construct, registry: ecr.IRepository): RepositoryPlan {
  const found = tryRepositoryOf(registry);
  if (!found) {
    throw invalid(scope, `registry ${registry.node.path} needs a name, account, and region that are known at synthesis, so that a pipeline can push to it: ` +
      'pass it a repositoryName, and pass its stack an env with account and region');
  }
  return found;
}

/** Account and region are derived from the ARN, unless they are unknown at synthesis. */
export function tryRepositoryOf(registry: ecr.IRepository): RepositoryPlan | undefined {
  const arn = Stack.of(registry).splitArn(registry.repositoryArn, ArnFormat.SLASH_RESOURCE_NAME);
  const { account = '', region = '' } = Token.isUnresolved(arn.account) || Token.isUnresolved(arn.region) ? registry.env : arn;
  const repositoryName = createdRepository(registry)?.repositoryName ?? registry.repositoryName;
  if ([repositoryName, account, region].some((part) => Token.isUnresolved(part))) return undefined;

  const { partition = 'aws', domainSuffix = 'amazonaws.com' } = RegionInfo.get(region);
  return {
    registry,
    repositoryName,
    repositoryUri: `${account}.dkr.ecr.${region}.${domainSuffix}/${repositoryName}`,
    repositoryArn: `arn:${partition}:ecr:${region}:${account}:repository/${repositoryName}`,
    account,
    region,
  };
}

/** Compares values, because apps often import a registry once per stack. */
export function isSame(one: RepositoryPlan, other: RepositoryPlan | undefined): boolean {
  return one.repositoryUri === other?.repositoryUri;
}
