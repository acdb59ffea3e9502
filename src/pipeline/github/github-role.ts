import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { faultOf, GitHubSubject, trustedRuns } from './github-subject';
import { partitionOf, pathInStack } from '../../private/stacks';
import { invalid, shown } from '../../private/validation';

const MAX_NAME_LENGTH = 64;

/**
 * Properties that all roles for workflows of GitHub Actions have.
 */
export interface GitHubRoleProps {
  /**
   * The repository whose workflows may assume the role: `owner/name`.
   */
  readonly repository: string;

  /**
   * Id of the owner. Like that of the repository, it is never given to another:
   * `gh api repos/<owner>/<name> --jq '.owner.id, .id'` prints both.
   */
  readonly ownerId: string;

  /**
   * Id of the repository.
   */
  readonly repositoryId: string;

  /**
   * Which runs may assume the role. Others of the repository may not, nor may pull requests and forks.
   *
   * @default - `GitHubSubject.branch('main')`
   */
  readonly subjects?: GitHubSubject[];

  /**
   * The provider for `https://token.actions.githubusercontent.com`, with `sts.amazonaws.com` as a client id. An account
   * can have only one.
   *
   * @default - the one that the account has already
   */
  readonly provider?: iam.IOidcProvider;

  /**
   * Name of the role. It must be known at synthesis, because the workflow names the role.
   *
   * @default - the name of the stack and the ids down to this construct, joined by `-`
   */
  readonly roleName?: string;
}

/**
 * A role that workflows of one GitHub repository assume without a stored secret: they present a token, signed by
 * GitHub, that says which branch or environment they run for.
 */
export abstract class GitHubRole extends Construct implements iam.IGrantable {
  /** ARN of the role, made from its name: no reference to this stack. */
  public readonly roleArn: string;

  /** The role itself. */
  public readonly role: iam.Role;

  /** The role, as the one that permissions are granted to. */
  public readonly grantPrincipal: iam.IPrincipal;

  /**
   * @param description what the role is for, as IAM shows it
   * @throws if the repository is not `owner/name`, an id is not a number, there is no subject, or the name of the role is
   * a token or longer than 64 characters
   */
  protected constructor(scope: Construct, id: string, props: GitHubRoleProps, description: string) {
    super(scope, id);
    const fault = faultOf(props);
    if (fault) throw invalid(this, fault);

    const { subjects = [GitHubSubject.branch('main')] } = props;
    if (subjects.length === 0) throw invalid(this, 'subjects is empty, so nobody could assume the role');

    const stack = Stack.of(this);
    const roleName = props.roleName ?? [stack.stackName, ...pathInStack(this)].join('-').replace(/[^\w+=,.@-]+/g, '-');
    if (Token.isUnresolved(roleName) || roleName.length > MAX_NAME_LENGTH) {
      throw invalid(this, `roleName ${shown(roleName)} must be known at synthesis and have at most ${MAX_NAME_LENGTH} characters`);
    }
    this.roleArn = `arn:${partitionOf(stack)}:iam::${stack.account}:role/${roleName}`;
    this.role = new iam.Role(this, 'Resource', {
      roleName,
      description: `${description} (${props.repository})`,
      assumedBy: trustedRuns(stack, props, subjects, props.provider),
    });
    this.grantPrincipal = this.role;
  }
}
