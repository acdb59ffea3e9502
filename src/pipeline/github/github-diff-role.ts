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
   * Stacks whose deployed templates the role can read. The role can assume the lookup roles that their synthesizers use.
   * Stacks in other accounts must also trust the account of this role:
   * `cdk bootstrap --trust-for-lookup <account of this role>`.
   *
   * @default - the stack of this role, which is enough for all stacks with the same account, region, and synthesizer
   */
  readonly stacks?: Stack[];
}

/**
 * The role with which a workflow runs `cdk diff` on pull requests. It can assume the lookup roles that `cdk bootstrap`
 * created, which have read-only access.
 *
 * Anyone who can push a branch to the repository can run code with this role, before any review. Pull requests from forks
 * cannot use the role, because GitHub gives them no token.
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
   * @throws if the repository is not `owner/name`; if an ID is not a number; if there is no subject, or a subject does not
   * name the repository; if there is no stack, or the synthesizer of a stack has no lookup role; if the issuer is a token,
   * or does not match the provider; if the session duration is not 1 to 12 hours; if the name of the role is a token or too
   * long
   */
  constructor(scope: Construct, id: string, props: GitHubDiffRoleProps) {
    super(scope, id, props, 'Runs cdk diff on pull requests from GitHub Actions', [GitHubSubject._pullRequests()]);
    const { stacks = [Stack.of(this)] } = checkedOptions<Pick<GitHubDiffRoleProps, 'stacks'>>(this, props, { stacks: listOf(aStack) });
    this.access = located(this, () => new BootstrapAccess(['lookupRoleArn'], stacks));
    this.access.statements.forEach((statement) => this.role.addToPolicy(statement));
  }

  /**
   * @internal
   */
  public _lacks(task: RoleTask): string[] {
    return task.kind === 'diff' ? this.access.lacks(task.stacks) : ['has read-only access: pass the ARN of another role'];
  }
}
