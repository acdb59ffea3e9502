import { Stack, Stage, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { kebabCase } from '../private/names';
import { claim } from '../private/one-per-app';
import { isOverridden, renderedProperties } from '../private/rendered';
import { deployedStack } from '../private/stacks';
import { invalid, isPlaceholder, shown } from '../private/validation';

const MIN_LENGTH = 2;
const MAX_LENGTH = 256;
/** Pattern of the ECR service model and the CloudFormation schema, which accept more names than `ecr.Repository`. */
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REPOSITORY_NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);

export function checkRepositoryName(scope: IConstruct, name: string): void {
  if (Token.isUnresolved(name)) {
    throw invalid(scope, 'repositoryName must be known at synthesis, because other stacks refer to the repository by its name');
  }
  if (isPlaceholder(name)) return;
  if (name.length < MIN_LENGTH || name.length > MAX_LENGTH || !REPOSITORY_NAME.test(name)) {
    throw invalid(scope, `repositoryName ${shown(name)} is not valid in ECR: ` +
      `pass ${MIN_LENGTH} to ${MAX_LENGTH} lowercase letters and digits, in groups that are separated by ".", "_", "__", "/", or hyphens`);
  }
}

/** @throws if the path results in a name that is too long */
export function defaultRepositoryName(scope: IConstruct, stack: Stack, path: string[]): string {
  const name = kebabCase([stack.stackName, ...path]);
  if (name.length > MAX_LENGTH) {
    throw invalid(scope, `the default repositoryName ${shown(name)} has ${name.length} characters, but ECR allows ${MAX_LENGTH}: set repositoryName; ` +
      'for a PhasedFargateService, pass registry: ImageRegistry.inCompanionStack(this, <id>, { repositoryName })');
  }
  return name;
}

const kept = new WeakSet<ecr.CfnRepository>();

/** Other stacks refer to the repository by name, so overrides and aspects must not change the name. */
export function keepRepositoryName(resource: ecr.CfnRepository, name: string): void {
  if (kept.has(resource)) return;
  kept.add(resource);
  resource.node.addValidation({
    validate: () => {
      const rendered = isOverridden(resource) ? renderedProperties(resource).RepositoryName : resource.repositoryName;
      return rendered === name ? [] : [`RepositoryName was changed to ${JSON.stringify(rendered)}, but other stacks refer to the repository as ${shown(name)}: ` +
        'pass repositoryName to the construct instead'];
    },
  });
}

/** Without this check, only the second deployment would detect two repositories with the same name, account, and region. */
export function claimRepositoryName(scope: IConstruct, name: string): void {
  const { account, region } = deployedStack(scope);
  // If the environment is unknown: stages usually have different environments, and the stacks of one stage share one.
  const place = [account, region].map((part) => Token.isUnresolved(part) ? `that of stage ${Stage.of(scope)?.node.path}` : part).join('/');

  const holder = claim(scope, `repository ${place} ${name}`);
  if (holder !== undefined) {
    throw invalid(scope, `repositoryName ${shown(name)} is taken by ${holder}: give one of them another name, or share one registry`);
  }
}
