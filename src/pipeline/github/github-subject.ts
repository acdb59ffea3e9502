import { BY_FACTORY, onlyByFactory } from '../../private/factories';
import { shown } from '../../private/validation';

/** Whose workflows are trusted. */
export interface GitHubRepository {
  /** `owner/name` */
  readonly repository: string;
  readonly ownerId: string;
  readonly repositoryId: string;
}

/** What would be a variable in a policy, or a wildcard besides `*`. */
const VARIABLES = '?${}';

/** What would be more than a name, besides. */
const NOT_IN_NAMES = `*:${VARIABLES}`;

/** What the subject of a token says of a job, behind the repository. */
export class JobContext {
  public static readonly PULL_REQUEST = new JobContext('pull_request', 'pull requests', 'leave out its subjects');

  public static branch(name: string): JobContext {
    return new JobContext(`ref:refs/heads/${name}`, `runs for branch "${name}"`, `add GitHubSubject.branch('${name}') to its subjects`);
  }

  public static environment(name: string): JobContext {
    const subject = canBePart(name, NOT_IN_NAMES) ? `GitHubSubject.environment('${name}')` : 'a GitHubSubject.custom() with the subject of its tokens';
    return new JobContext(`environment:${name}`, `jobs in environment "${name}"`, `add ${subject} to its subjects`);
  }

  private constructor(public readonly text: string, public readonly description: string, public readonly remedy: string) {}
}

/**
 * Which runs of a workflow may assume a role, as the subject of their token says it.
 *
 * @see https://docs.github.com/actions/concepts/security/openid-connect
 */
export class GitHubSubject {
  /**
   * Runs for commits of this branch, in jobs without an environment. Pull requests are excluded.
   *
   * @param name name of the branch, such as `main`
   * @throws if it is empty, or has a character that branches cannot have
   */
  public static branch(name: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, JobContext.branch(checked('branch', name, NOT_IN_NAMES)).text);
  }

  /**
   * Jobs in this environment, of any branch. The protection rules of the environment decide which branches may use it.
   *
   * @param name name of the environment, as GitHub shows it
   * @throws if it is empty, or has a character that subjects write differently
   */
  public static environment(name: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, JobContext.environment(checked('environment', name, NOT_IN_NAMES)).text);
  }

  /**
   * Runs for these tags, in jobs without an environment. Everybody who may push to the repository may push a tag, unless a
   * ruleset of the repository forbids it.
   *
   * @param pattern name of the tag, in which `*` stands for any characters, such as `v*`
   * @throws if it is empty, or has a character that tags cannot have
   */
  public static tag(pattern: string): GitHubSubject {
    return new GitHubSubject(BY_FACTORY, `ref:refs/tags/${checked('tag', pattern, `:${VARIABLES}`)}`);
  }

  /**
   * A whole subject, for repositories whose subjects are customized. It is compared as it is, and must name the repository.
   *
   * @see https://docs.github.com/rest/actions/oidc
   * @param subject such as `repository_id:456789:environment:production`
   * @throws if it is empty or has a wildcard; in the role, if it does not name the repository
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
   * @param isWhole whether it is all of it
   */
  private constructor(key: symbol, private readonly context: string, private readonly isWhole = false) {
    onlyByFactory(GitHubSubject, key);
  }

  /**
   * Both forms that GitHub has for it: repositories made since July 2026 send the one with ids, which tells them from
   * any that gets the same name later.
   *
   * @internal
   */
  public _of({ repository, ownerId, repositoryId }: GitHubRepository): string[] {
    if (this.isWhole) return [this.context];
    const [owner, name] = repository.split('/');
    return [`repo:${repository}:${this.context}`, `repo:${owner}@${ownerId}/${name}@${repositoryId}:${this.context}`];
  }

  /**
   * Whether a job with this context may assume the role; a custom subject does not tell.
   *
   * @internal
   */
  public _covers(context: JobContext): boolean {
    return this.isWhole || this.context === context.text;
  }

  /**
   * What is wrong with it for this repository, if anything is.
   *
   * @internal
   */
  public _faultFor({ repository, repositoryId }: GitHubRepository): string | undefined {
    if (!this.isWhole) return undefined;
    // A reusable workflow may be called from anywhere, so where that is says nothing of who calls it.
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
 * @param refused characters that would mean something else in the subject or the policy
 */
function checked(factory: string, name: string, refused: string): string {
  if (!canBePart(name, refused)) {
    throw new Error(`GitHubSubject.${factory}: ${shown(name)} cannot be part of a subject: ` +
      `it must not be empty, or contain whitespace or any of ${[...refused].join(' ')}`);
  }
  return name;
}
