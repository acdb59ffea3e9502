import { BY_FACTORY, onlyByFactory } from '../../private/factories';
import { shown } from '../../private/validation';

/** The repository whose workflows are trusted. */
export interface GitHubRepository {
  /** `owner/name` */
  readonly repository: string;
  readonly ownerId: string;
  readonly repositoryId: string;
}

/** Characters that would be a variable in a policy, or a wildcard besides `*`. */
const VARIABLES = '?${}';

/** Characters that are not allowed in names, in addition. */
const NOT_IN_NAMES = `*:${VARIABLES}`;

/** The last part of a token's subject, after the repository. It identifies the branch or environment of a job. */
export class JobContext {
  public static readonly PULL_REQUEST = new JobContext('pull_request', 'pull requests', 'pass a GitHubDiffRole without subjects, which trusts pull requests');

  public static branch(name: string): JobContext {
    return new JobContext(`ref:refs/heads/${name}`, `runs for branch "${name}"`, `add GitHubSubject.branch('${name}') to its subjects`);
  }

  public static environment(name: string): JobContext {
    const subject = canBePart(name, NOT_IN_NAMES) ? `GitHubSubject.environment('${name}')` : 'a GitHubSubject.custom() that matches these jobs';
    return new JobContext(`environment:${name}`, `jobs in environment "${name}"`, `add ${subject} to its subjects`);
  }

  private constructor(public readonly text: string, public readonly description: string, public readonly remedy: string) {}
}

/**
 * Jobs that can assume a role, identified by the subject of their OIDC token.
 *
 * @see https://docs.github.com/actions/concepts/security/openid-connect
 */
export class GitHubSubject {
  /**
   * Jobs that run for commits of this branch and have no environment. Pull requests are excluded.
   *
   * @param name name of the branch, such as `main`
   * @throws if the name is empty, or contains a character that is not allowed in branch names
   */
  public static branch(name: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, JobContext.branch(checked('branch', name, NOT_IN_NAMES)).text);
  }

  /**
   * Jobs in this environment, for any branch. The protection rules of the environment decide which branches can use it.
   *
   * @param name name of the environment, as GitHub shows it
   * @throws if the name is empty, or contains a character that GitHub encodes in subjects
   */
  public static environment(name: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, JobContext.environment(checked('environment', name, NOT_IN_NAMES)).text);
  }

  /**
   * Jobs that run for matching Git tags and have no environment. Anyone who can push to the repository can push a tag, unless a
   * ruleset of the repository forbids it.
   *
   * @param pattern name of the tag, such as `v*`; `*` matches any characters
   * @throws if the pattern is empty, or contains a character that is not allowed in tag names
   */
  public static tag(pattern: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, `ref:refs/tags/${checked('tag', pattern, `:${VARIABLES}`)}`);
  }

  /**
   * Jobs whose token has exactly this subject. Use it for repositories with customized subjects.
   *
   * @see https://docs.github.com/rest/actions/oidc
   * @param subject complete subject, such as `repository_id:456789:environment:production`
   * @throws if the subject is empty or contains a wildcard; the role throws if the subject does not name the repository
   */
  public static custom(subject: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, checked('custom', subject, `*${VARIABLES}`), true);
  }

  /**
   * @internal
   */
  public static _pullRequests(): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, JobContext.PULL_REQUEST.text);
  }

  /**
   * @param context the last part of the subject
   * @param isWhole whether `context` is the complete subject
   */
  private constructor(key: symbol, private readonly context: string, private readonly isWhole = false) {
    onlyByFactory(GitHubSubject, key);
  }

  /**
   * Returns both forms of the subject. Repositories created since July 2026 use the form with IDs, which distinguishes them
   * from any later repository with the same name.
   *
   * @internal
   */
  public _of({ repository, ownerId, repositoryId }: GitHubRepository): string[] {
    if (this.isWhole) return [this.context];
    const [owner, name] = repository.split('/');
    return [`repo:${repository}:${this.context}`, `repo:${owner}@${ownerId}/${name}@${repositoryId}:${this.context}`];
  }

  /**
   * Whether a job with this context can assume the role. For a custom subject, this is unknown, so it returns true.
   *
   * @internal
   */
  public _covers(context: JobContext): boolean {
    return this.isWhole || this.context === context.text;
  }

  /**
   * The reason why the subject is not valid for this repository, if there is one.
   *
   * @internal
   */
  public _faultFor({ repository, repositoryId }: GitHubRepository): string | undefined {
    if (!this.isWhole) return undefined;
    // A reusable workflow can be called from any repository, so its location does not identify the caller.
    const caller = this.context.replace(/(^|:)job_workflow_ref:[^:]*/g, '');
    const names = [repository, repositoryId].map((name) => new RegExp(`(^|[:@/])${name.replace(/\./g, '\\.')}([:@/]|$)`));
    return names.some((name) => name.test(caller))
      ? undefined
      : `subjects: ${shown(this.context)} names neither ${repository} nor ${repositoryId}, so other repositories might assume the role`;
  }
}

function canBePart(name: unknown, refused: string): boolean {
  return typeof name === 'string' && name !== '' && ![...name].some((character) => refused.includes(character) || /\s/.test(character));
}

/**
 * @param refused characters that have another meaning in the subject or the policy
 */
function checked(factory: string, name: string, refused: string): string {
  if (!canBePart(name, refused)) {
    throw new Error(`GitHubSubject.${factory}: ${shown(name)} cannot be part of a subject: ` +
      `pass one or more characters, without whitespace and without ${[...refused].join(' ')}`);
  }
  return name;
}
