import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BootstrapAccess } from './bootstrap-access';
import { GitHubRole, GitHubRoleProps } from './github-role';
import { GitHubSubject } from './github-subject';
import { RoleTask } from './role-task';
import { checkedOptions } from '../../private/checked-options';
import { aStack, listOf } from '../../private/option-kinds';
import { located } from '../../private/validation';

/**
 * Properties of a `GitHubDiffRole`.
 */
export interface GitHubDiffRoleProps extends GitHubRoleProps {
  /**
   * Stacks whose deployed templates the role may read. The role may assume the lookup roles that their synthesizers name. In
   * other accounts, `cdk bootstrap --trust-for-lookup <account of this role>` must allow it too.
   *
   * @default - the stack of this role, and with it all stacks in the same account and region with the same synthesizer
   */
  readonly stacks?: Stack[];
}

/**
 * The role with which a workflow runs `cdk diff` on pull requests. It may assume the lookup roles that `cdk bootstrap` has
 * made, which can read but change nothing.
 *
 * Everybody who may push a branch to the repository can run code with this role, before any review. Pull requests from forks
 * cannot: GitHub gives them no token.
 *
 * @example
 * import { GitHubDiffRole } from '@org/phased-fargate';
 *
 * new GitHubDiffRole(stack, 'Diff', {
 *   repository: 'octo-org/shop',
 *   ownerId: '123456',
 *   repositoryId: '456789',
 * });
 */
export class GitHubDiffRole extends GitHubRole {
  private readonly access: BootstrapAccess;

  /**
   * @throws if the repository is not `owner/name`, an id is not a number, there is no subject or one that does not name the
   * repository, there is no stack or one whose synthesizer names no lookup role, the issuer is not known or not that of the provider, the duration of a session is not 1
   * to 12 hours, or the name of the role is a token or too long
   */
  constructor(scope: Construct, id: string, props: GitHubDiffRoleProps) {
    super(scope, id, props, 'Compares on pull requests from GitHub Actions', [GitHubSubject._pullRequests()]);
    const { stacks = [Stack.of(this)] } = checkedOptions<Pick<GitHubDiffRoleProps, 'stacks'>>(this, props, { stacks: listOf(aStack) });
    this.access = located(this, () => new BootstrapAccess(['lookupRoleArn'], stacks));
    this.access.statements.forEach((statement) => this.role.addToPolicy(statement));
  }

  /**
   * @internal
   */
  public _lacks(task: RoleTask): string[] {
    return task.kind === 'diff' ? this.access.lacks(task.stacks) : ['may only read: pass that of another role'];
  }
}
