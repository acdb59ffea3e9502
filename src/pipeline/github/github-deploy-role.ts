import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BootstrapAccess } from './bootstrap-access';
import { GitHubRole, GitHubRoleProps } from './github-role';
import { RoleTask } from './role-task';
import { checkedOptions } from '../../private/checked-options';
import { aStack, listOf } from '../../private/option-kinds';
import { located } from '../../private/validation';
import { RoleProperty } from '../deployment-roles';

/** What `cdk deploy` does with each: deploy, upload templates and assets, and look up. */
const ROLES: RoleProperty[] = ['deployRoleArn', 'fileAssetPublishingRoleArn', 'imageAssetPublishingRoleArn', 'lookupRoleArn'];

/**
 * Properties of a `GitHubDeployRole`.
 */
export interface GitHubDeployRoleProps extends GitHubRoleProps {
  /**
   * Stacks that the workflow deploys with this role. The role may assume what their synthesizers name: the roles of
   * `cdk bootstrap` in their account and region, or your own. In other accounts,
   * `cdk bootstrap --trust <account of this role> --trust-for-lookup <account of this role>` must allow it too.
   *
   * @default - the stack of this role, and with it all stacks in the same account and region with the same synthesizer
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
 *   subjects: [GitHubSubject.branch('main'), GitHubSubject.environment('production')],
 * });
 */
export class GitHubDeployRole extends GitHubRole {
  private readonly access: BootstrapAccess;

  /**
   * @throws if the repository is not `owner/name`, an id is not a number, there is no subject or one that does not name the
   * repository, there is no stack or one whose synthesizer names no roles, the issuer is not known or not that of the provider, the duration of a session is not 1
   * to 12 hours, or the name of the role is a token or too long
   */
  constructor(scope: Construct, id: string, props: GitHubDeployRoleProps) {
    super(scope, id, props, 'Deploys from GitHub Actions');
    const { stacks = [Stack.of(this)] } = checkedOptions<Pick<GitHubDeployRoleProps, 'stacks'>>(this, props, { stacks: listOf(aStack) });
    this.access = located(this, () => new BootstrapAccess(ROLES, stacks));
    this.access.statements.forEach((statement) => this.role.addToPolicy(statement));
  }

  /**
   * @internal
   */
  public _lacks(task: RoleTask): string[] {
    return task.kind === 'deploy' ? this.access.lacks(task.stacks) : ['is for deployments: pass that of another role'];
  }
}
