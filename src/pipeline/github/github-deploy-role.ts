import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DEFAULT_QUALIFIER } from '../deploy-plan';
import { GitHubRole, GitHubRoleProps } from './github-role';
import { partitionOf } from '../../private/stacks';

/** What `cdk deploy` does with each: deploy, upload templates and assets, and look up; the last may only read. */
const BOOTSTRAP_ROLES = ['deploy', 'file-publishing', 'image-publishing', 'lookup'];

/**
 * Properties of a `GitHubDeployRole`.
 */
export interface GitHubDeployRoleProps extends GitHubRoleProps {
  /**
   * The stacks that the workflow deploys: it may use the bootstrapped environments that these are in.
   *
   * @default - that of the stack of this role
   */
  readonly stacks?: Stack[];
}

/**
 * Phases 1 and 3: the role with which a workflow runs `cdk deploy`. It may assume the roles that `cdk bootstrap` has
 * made for this purpose, and can do nothing else.
 *
 * @example
 * import { GitHubDeployRole, GitHubSubject } from '@org/phased-fargate';
 *
 * new GitHubDeployRole(stack, 'Deploy', {
 *   repository: 'octo-org/shop',
 *   ownerId: '123456',
 *   repositoryId: '456789',
 *   subjects: [GitHubSubject.environment('production')],
 * });
 */
export class GitHubDeployRole extends GitHubRole {
  /**
   * @throws if the repository is not `owner/name`, an id is not a number, there is no subject, or the name of the role
   * is a token or too long
   */
  constructor(scope: Construct, id: string, props: GitHubDeployRoleProps) {
    super(scope, id, props, 'Deploys from GitHub Actions');
    const stacks = props.stacks ?? [Stack.of(this)];
    this.role.addToPolicy(new iam.PolicyStatement({
      actions: ['sts:AssumeRole'],
      resources: [...new Set(stacks.flatMap(bootstrapRoles))],
    }));
  }
}

function bootstrapRoles(stack: Stack): string[] {
  const { account, region } = stack;
  const qualifier = stack.synthesizer.bootstrapQualifier ?? DEFAULT_QUALIFIER;
  return BOOTSTRAP_ROLES.map((role) => `arn:${partitionOf(stack)}:iam::${account}:role/cdk-${qualifier}-${role}-role-${account}-${region}`);
}
