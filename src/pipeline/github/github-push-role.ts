import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { GitHubRole, GitHubRoleProps } from './github-role';
import { RoleTask } from './role-task';
import { checkedOptions } from '../../private/checked-options';
import { aRepository, listOf } from '../../private/option-kinds';
import { invalid } from '../../private/validation';
import { ImageRegistry } from '../../registry/image-registry';
import { referenceByName } from '../../registry/repository-reference';
import { LOGIN_ACTION, PUSH_ACTIONS } from '../push-actions';
import { isSame, tryRepositoryOf } from '../repository-plan';

/**
 * Properties of a `GitHubPushRole`.
 */
export interface GitHubPushRoleProps extends GitHubRoleProps {
  /**
   * Registries that the workflow can push to.
   */
  readonly registries: ecr.IRepository[];
}

/**
 * Phase 2: the role with which a workflow pushes images. It can push only to `registries`.
 *
 * @example
 * import { GitHubPushRole } from '@org/phased-fargate';
 *
 * new GitHubPushRole(stack, 'Push', {
 *   repository: 'octo-org/shop',
 *   ownerId: '123456',
 *   repositoryId: '456789',
 *   registries: [api.registry],
 * });
 */
export class GitHubPushRole extends GitHubRole {
  private readonly registries: ecr.IRepository[];

  /**
   * @throws if there is no registry, or the name of a registry in another stack is unknown at synthesis; if the repository
   * is not `owner/name`; if an ID is not a number; if there is no subject, or a subject does not name the repository; if the
   * issuer is a token, or does not match the provider; if the session duration is not 1 to 12 hours; if the name of the role
   * is a token or too long
   */
  constructor(scope: Construct, id: string, props: GitHubPushRoleProps) {
    super(scope, id, props, 'Pushes images from GitHub Actions');
    const { registries } = checkedOptions<Pick<GitHubPushRoleProps, 'registries'>>(this, props, { registries: listOf(aRepository) }, ['registries']);
    if (registries.length === 0) throw invalid(this, 'registries is empty, so there is nothing to push to');

    this.registries = registries;
    registries.forEach((registry, index) => this.allowPush(registry, `Registry${index}`));
    this.role.addToPolicy(new iam.PolicyStatement({ actions: [LOGIN_ACTION], resources: ['*'] }));
  }

  /**
   * A registry whose account or region is unknown at synthesis matches any repository.
   *
   * @internal
   */
  public _lacks(task: RoleTask): string[] {
    if (task.kind !== 'push') return ['is for pushing images: pass the ARN of another role'];
    const known = this.registries.map(tryRepositoryOf);
    return task.repositories
      .filter((repository) => !known.some((other) => other === undefined || isSame(repository, other)))
      .map(({ registry, repositoryUri }) => `lacks permission to push to ${repositoryUri}: add ${registry.node.path} to its registries`);
  }

  private allowPush(registry: ecr.IRepository, id: string): void {
    // An `ImageRegistry` can be used from any stack, and handles other accounts itself.
    const repository = ImageRegistry.isImageRegistry(registry) ? registry : referenceByName(new Construct(this, id), registry);
    repository.grant(this.role, ...PUSH_ACTIONS);
  }
}
