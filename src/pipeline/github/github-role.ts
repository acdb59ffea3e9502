import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { GitHubSubject, JobContext } from './github-subject';
import { RoleTask } from './role-task';
import { faultOf, trustedRuns } from './trust-condition';
import { checkedOptions } from '../../private/checked-options';
import { anyDuration, anyText, instance, isRecord, Kind, Kinds, listOf } from '../../private/option-kinds';
import { partitionOf, pathInStack } from '../../private/stacks';
import { durationOutside, invalid, isPlaceholder, located, shown } from '../../private/validation';

const GITHUB_ROLE = Symbol.for('@org/phased-fargate.GitHubRole');
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;

/** Limits of IAM. */
const SESSION = { min: Duration.hours(1), max: Duration.hours(12) };

/**
 * The older construct of aws-cdk-lib has different members. Its only useful value can be passed as `issuer`. Newer versions of
 * aws-cdk-lib give the current construct the older members too.
 */
const aProvider: Kind = (name, value) => isRecord(value) && 'openIdConnectProviderArn' in value && !('oidcProviderArn' in value)
  ? `${name} is an OpenIdConnectProvider, not an OidcProviderNative: leave it out, and pass its URL as issuer`
  : instance('an iam.IOidcProvider, such as an OidcProviderNative', 'oidcProviderArn')(name, value);

/** Options of all roles. Each role has additional options: `registries`, `stacks`. */
const OPTION_KINDS: Kinds<GitHubRoleProps> = {
  repository: anyText,
  ownerId: anyText,
  repositoryId: anyText,
  subjects: listOf(instance('a GitHubSubject, such as GitHubSubject.branch()', '_of')),
  provider: aProvider,
  issuer: anyText,
  maxSessionDuration: anyDuration,
  roleName: anyText,
};

/**
 * Common properties of the roles for GitHub Actions workflows.
 */
export interface GitHubRoleProps {
  /**
   * The repository whose workflows can assume the role: `owner/name`.
   */
  readonly repository: string;

  /**
   * Numeric ID of the repository owner; GitHub never reuses IDs. `gh api repos/<owner>/<name> --jq '.owner.id, .id'` prints
   * the ID of the owner and the ID of the repository.
   */
  readonly ownerId: string;

  /**
   * Numeric ID of the repository; GitHub never reuses IDs.
   */
  readonly repositoryId: string;

  /**
   * Jobs that can assume the role.
   *
   * @default - `GitHubSubject.branch('main')`; for a `GitHubDiffRole`, pull requests
   */
  readonly subjects?: GitHubSubject[];

  /**
   * OIDC provider for GitHub in the account of this role, with the client ID `sts.amazonaws.com`. An account can have only
   * one provider per URL. If you have an `iam.OpenIdConnectProvider`, pass its URL as `issuer` instead.
   *
   * @default - the existing provider for the issuer in the account
   */
  readonly provider?: iam.IOidcProvider;

  /**
   * URL of the token issuer. For GitHub Enterprise Server, pass `https://<host>/_services/token`. For an enterprise with its
   * own issuer, pass `https://token.actions.githubusercontent.com/<enterprise>`.
   *
   * @see https://docs.github.com/enterprise-server/actions/concepts/security/openid-connect
   * @default - the URL of `provider`, otherwise `https://token.actions.githubusercontent.com`
   */
  readonly issuer?: string;

  /**
   * Maximum lifetime of the credentials of a job: 1 to 12 hours. It must be at least the timeout of the job.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html
   * @default Duration.hours(1)
   */
  readonly maxSessionDuration?: Duration;

  /**
   * Name of the role. It must be known at synthesis, because the workflow contains it.
   *
   * @default - the name of the stack and the construct IDs below it, joined by `-`
   */
  readonly roleName?: string;
}

/**
 * A role that workflows of one GitHub repository can assume without a stored secret. Instead, they present a token that
 * GitHub signs. It names the branch or environment of the job.
 *
 * @internal
 */
export abstract class GitHubRole extends Construct implements iam.IGrantable {
  /**
   * Whether a construct is a role of this library.
   *
   * @internal
   */
  public static _isGitHubRole(construct: IConstruct): construct is GitHubRole {
    return GITHUB_ROLE in construct;
  }

  /** ARN of the role. It is built from the name and does not reference this stack. */
  public readonly roleArn: string;

  /** The role. */
  public readonly role: iam.Role;

  /** The principal of the role. Grant it additional permissions. */
  public readonly grantPrincipal: iam.IPrincipal;

  /** @internal */
  public readonly _repository: string;

  /** @internal */
  public readonly _maxSessionDuration: Duration;

  private readonly subjects: GitHubSubject[];

  /**
   * @param description purpose of the role, as IAM shows it
   * @param defaultSubjects jobs that can assume the role, unless the properties specify others
   * @throws if the repository is not `owner/name`; if an ID is not a number; if there is no subject, or a subject does not
   * name the repository; if the issuer is a token, or does not match the provider; if the session duration is not 1 to 12
   * hours; if the name of the role is a token or longer than 64 characters
   */
  protected constructor(scope: Construct, id: string, props: GitHubRoleProps, description: string, defaultSubjects = [GitHubSubject.branch('main')]) {
    super(scope, id);
    Object.defineProperty(this, GITHUB_ROLE, { value: true });
    const given = checkedOptions<GitHubRoleProps>(this, props, OPTION_KINDS, ['repository', 'ownerId', 'repositoryId']);
    const { subjects = defaultSubjects, maxSessionDuration = SESSION.min } = given;
    const fault = faultOf(given) ?? subjects.map((subject) => subject._faultFor(given)).find((found) => found !== undefined);
    if (fault) throw invalid(this, fault);
    if (subjects.length === 0) throw invalid(this, 'subjects is empty, so nobody could assume the role');
    if (maxSessionDuration.isUnresolved() || durationOutside('seconds', maxSessionDuration, SESSION.min.toSeconds(), SESSION.max.toSeconds())) {
      throw invalid(this, `maxSessionDuration ${maxSessionDuration.toHumanString()} is not between 1 and 12 hours`);
    }

    const stack = Stack.of(this);
    const roleName = given.roleName ?? [stack.stackName, ...pathInStack(this)].join('-').replace(/[^\w+=,.@-]+/g, '-');
    if (Token.isUnresolved(roleName) || !isPlaceholder(roleName) && !ROLE_NAME.test(roleName)) {
      throw invalid(this, `roleName ${shown(roleName)} must be known at synthesis and have at most 64 characters: letters, digits, and any of +=,.@_-`);
    }
    this.subjects = subjects;
    this._repository = given.repository;
    this._maxSessionDuration = maxSessionDuration;
    this.roleArn = `arn:${partitionOf(stack)}:iam::${stack.account}:role/${roleName}`;
    this.role = new iam.Role(this, 'Resource', {
      roleName,
      description: `${description} (${given.repository})`,
      assumedBy: located(this, () => trustedRuns(stack, given, subjects, given)),
      maxSessionDuration: given.maxSessionDuration,
    });
    this.grantPrincipal = this.role;
  }

  /**
   * Whether a job with this context may assume the role.
   *
   * @internal
   */
  public _trusts(context: JobContext): boolean {
    return this.subjects.some((subject) => subject._covers(context));
  }

  /**
   * The permissions that the role lacks for a task, as far as synthesis can tell.
   *
   * @internal
   */
  public _lacks(_task: RoleTask): string[] {
    return [];
  }
}
