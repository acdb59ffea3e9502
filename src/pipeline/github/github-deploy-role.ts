import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BootstrapAccess } from './bootstrap-access';
import { GitHubRole, GitHubRoleProps } from './github-role';
import { RoleTask } from './role-task';
import { checkedOptions } from '../../private/checked-options';
import { aStack, listOf } from '../../private/option-kinds';
import { located } from '../../private/validation';
import { RoleProperty } from '../deployment-roles';

/** Roles that `cdk deploy` uses to deploy, to upload files and images, and to look up values. */
const ROLES: RoleProperty[] = ['deployRoleArn', 'fileAssetPublishingRoleArn', 'imageAssetPublishingRoleArn', 'lookupRoleArn'];

/**
 * Properties of a `GitHubDeployRole`.
 */
export interface GitHubDeployRoleProps extends GitHubRoleProps {
  /**
   * Stacks that the workflow deploys with this role. The role can assume the roles that their synthesizers use. By
   * default, these are the roles that `cdk bootstrap` created in the account and region of each stack. Stacks in other
   * accounts must also trust the account of this role:
   * `cdk bootstrap --trust <account of this role> --trust-for-lookup <account of this role>`.
   *
   * @default - the stack of this role, which is enough for all stacks with the same account, region, and synthesizer
   */
  readonly stacks?: Stack[];
}

/**
 * Phases 1 and 3: the role with which a workflow runs `cdk deploy`. It can only assume the roles that the
 * synthesizers of its stacks use. By default, these are the roles that `cdk bootstrap` created.
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
   * @throws if the repository is not `owner/name`; if an ID is not a number; if there is no subject, or a subject does not
   * name the repository; if there is no stack, or the synthesizer of a stack has no roles; if the issuer is a token, or does
   * not match the provider; if the session duration is not 1 to 12 hours; if the name of the role is a token or too long
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
    return task.kind === 'deploy' ? this.access.lacks(task.stacks) : ['is for deployments: pass the ARN of another role'];
  }
}
