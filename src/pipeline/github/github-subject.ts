import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { partitionOf } from '../../private/stacks';
import { shown } from '../../private/validation';

const ISSUER = 'token.actions.githubusercontent.com';
const AUDIENCE = 'sts.amazonaws.com';

/** Whose workflows are trusted. */
export interface GitHubRepository {
  /** `owner/name` */
  readonly repository: string;
  readonly ownerId: string;
  readonly repositoryId: string;
}

const REPOSITORY = /^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/;
const ID = /^[1-9][0-9]*$/;

/** What would be a wildcard or variable in a policy, or would end the part of the subject that it is in. */
const SPECIAL = /[*?${}:\s]/;

/**
 * Which runs of a workflow may assume a role: what comes last in the subject of the token that GitHub gives them.
 */
export class GitHubSubject {
  /**
   * Runs for commits of this branch, in jobs without an environment. Pull requests are none of them.
   *
   * @param name name of the branch, such as `main`
   * @throws if it is empty, or has a character that branches cannot have
   */
  public static branch(name: string): GitHubSubject {
    check('branch', name);
    return new GitHubSubject(`ref:refs/heads/${name}`);
  }

  /**
   * Jobs in this environment, of whatever branch: which branches may use it is a protection rule of the environment.
   *
   * @param name name of the environment, as GitHub shows it
   * @throws if it is empty, or has a character that subjects write differently
   */
  public static environment(name: string): GitHubSubject {
    check('environment', name);
    return new GitHubSubject(`environment:${name}`);
  }

  private constructor(private readonly context: string) {}

  /**
   * Both forms that GitHub has for it: repositories made since July 2026 send the one with ids, which tells them from
   * any that gets the same name later.
   *
   * @internal
   */
  public _of({ repository, ownerId, repositoryId }: GitHubRepository): string[] {
    const [owner, name] = repository.split('/');
    return [`repo:${repository}:${this.context}`, `repo:${owner}@${ownerId}/${name}@${repositoryId}:${this.context}`];
  }
}

function check(factory: string, name: string): void {
  if (typeof name !== 'string' || name === '' || SPECIAL.test(name)) {
    throw new Error(`GitHubSubject.${factory}: ${shown(name)} is not a name that a subject can be compared with: none of * ? $ { } : and blanks`);
  }
}

/** What is wrong with the repository, if anything is. */
export function faultOf({ repository, ownerId, repositoryId }: GitHubRepository): string | undefined {
  if (!REPOSITORY.test(repository)) return `repository ${shown(repository)} is not <owner>/<name>`;
  const [property, id] = Object.entries({ ownerId, repositoryId }).find(([, value]) => !ID.test(value)) ?? [];
  return property && `${property} ${shown(id)} is not a number as "gh api repos/${repository} --jq '.owner.id, .id'" prints it`;
}

/**
 * The trust condition of a role: which tokens of GitHub may assume it. Subjects are compared as they are, never as
 * patterns.
 *
 * @param stack that of the role, in whose account the provider is
 */
export function trustedRuns(stack: Stack, repository: GitHubRepository, subjects: GitHubSubject[], provider?: iam.IOidcProvider): iam.IPrincipal {
  const providerArn = provider?.oidcProviderArn ?? `arn:${partitionOf(stack)}:iam::${stack.account}:oidc-provider/${ISSUER}`;
  return new iam.WebIdentityPrincipal(providerArn, {
    StringEquals: {
      [`${ISSUER}:aud`]: AUDIENCE,
      [`${ISSUER}:sub`]: [...new Set(subjects.flatMap((subject) => subject._of(repository)))],
    },
  });
}
