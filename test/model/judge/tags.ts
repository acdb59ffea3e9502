import { nameOf, NO_IMAGE } from './answers';
import { Verdict } from './invariants';
import { ReleaseJudge } from './releases';
import { Call } from '../aws/front-doors';
import { Repository } from '../aws/registry';
import { GuardRequest, IN_PROGRESS, Invocation } from '../aws/requests';
import { StackModel } from '../aws/stack';
import { Dialect, Question, releaseTagName } from '../aws/template';

/** Time for which a status check counts as "just before" a write. */
const FRESH_MS = 10_000;

/** Checks the tags that keep deployed images from expiring: they always exist, and only the right invocations move them. */
export class TagJudge {
  /** `repository@digest` of images that the guard under test has released with release tags, while they can be tagged: they exist and are not archived. */
  private readonly established = new Set<string>();
  /** Latest answer of the guard, while it is valid. */
  private current?: string;
  /** Images that a rollback removes. */
  private leaving = new Set<string>();
  /** Whether tags were disturbed since the last release. */
  public disturbed = false;
  private readonly begun = new Set<Invocation<Question>>();
  /** Invocations that could know from the beginning that they are late. */
  private readonly begunAtRest = new Set<Invocation<Question>>();

  constructor(
    private readonly verdict: Verdict,
    private readonly repositories: ReadonlyMap<string, Repository>,
    private readonly stack: StackModel,
    private readonly dialect: Dialect,
    private readonly releases: ReleaseJudge,
  ) {}

  public requested({ direction }: GuardRequest<Question>): void {
    if (direction === 'cleanup') return;
    this.current = undefined;
    this.leaving = direction === 'rollback' ? new Set([...this.stack.running].filter((image) => image !== this.stack.stable?.running)) : new Set();
  }

  public released({ question }: GuardRequest<Question>, digest: string, withTags: boolean): void {
    this.current = `${question.repository}@${digest}`;
    if (withTags && digest !== NO_IMAGE) {
      if (this.canBeTagged(this.current)) this.established.add(this.current);
      this.disturbed = false;
    }
    this.checkAll(`the release of ${digest}`);
  }

  public registryChanged(): void {
    for (const image of this.established) if (!this.canBeTagged(image)) this.established.delete(image);
    this.checkAll('a change of the registry');
  }

  public checkAll(after: string): void {
    if (this.disturbed) return;
    for (const image of this.needed()) {
      if (!this.established.has(image)) continue;
      const [repository, digest] = image.split('@');
      const tags = this.repositories.get(repository)!.tagsOf(digest);
      const isTagged = tags.some((tag) => tag.startsWith(this.dialect.releaseTagPrefix));
      if (!isTagged && this.leaving.has(image) && this.verdict.exempts(['passing', true])) continue;
      this.verdict.expect('deployedIsTagged', isTagged, () => `after ${after}, ${image} has ${tags.join(', ') || 'no tag'}; the stack is ${this.stack.status}`);
    }
  }

  public called(call: Call, now: number): void {
    const { action, invocation, input, done } = call;
    this.noteBeginning(call);
    if (action !== 'ecr:PutImage') return;
    const { request, statusSeen, idleSeen } = invocation;
    const tag = String(input?.imageTag);
    // A rollback of an upgrade sends the request of the older version.
    const isOwn = request.dialect.releaseTagProperty !== undefined && tag.startsWith(ownTagPrefix(request.dialect, request.logicalId));
    this.verdict.expect('ownTags', isOwn && request.question.retain, () => `${nameOf(invocation)} moves ${tag}`);
    if (request.live) return;

    const fresh = statusSeen !== undefined && now - statusSeen.at <= FRESH_MS;
    // Neither an event nor `DescribeStacks` identifies the operation.
    const [like] = request.direction === 'forward' ? IN_PROGRESS.rollback : ['UPDATE_IN_PROGRESS'];
    const lookalike = statusSeen?.status === like && this.releases.wasAskedBefore(request.question);
    // An invocation that has, or could have, seen a stable stack knows that it is late, even if another operation has begun since.
    const allowed = !idleSeen && !this.begunAtRest.has(invocation) && this.verdict.exempts(
      ['disturbed', fresh && (statusSeen.live || IN_PROGRESS[request.direction].includes(statusSeen.status))],
      ['rollbackLookalike', fresh && lookalike],
    );
    if (done) this.disturbed = true;
    this.verdict.expect('lateMessenger', allowed, () => (
      `${nameOf(invocation)} moves ${tag} to ${String(input?.imageDigest)} while the stack is ${this.stack.status}; `
      + (statusSeen ? `the guard saw ${statusSeen.status} ${(now - statusSeen.at) / 1000} s earlier` : 'the guard did not query the status')
    ));
  }

  private noteBeginning({ invocation, fault }: Call): void {
    if (this.begun.has(invocation)) return;
    this.begun.add(invocation);
    const { event: { StackId } } = invocation.request;
    const isBusy = StackId === this.stack.id && [...IN_PROGRESS.forward, ...IN_PROGRESS.rollback].includes(this.stack.status);
    if (!fault && !isBusy) this.begunAtRest.add(invocation);
  }

  private canBeTagged(image: string): boolean {
    const [repository, digest] = image.split('@');
    return this.repositories.get(repository)?.images.get(digest)?.status === 'ACTIVE';
  }

  private needed(): Set<string> {
    const { stable, running } = this.stack;
    const goal = stable && `${stable.guard.template.question.repository}@${stable.guard.data.ImageDigest}`;
    return new Set([...running, goal, this.current].filter((image) => image !== undefined));
  }
}

/** The readable part comes from the template. A unique suffix follows. */
export function ownTagPrefix({ releaseTagPrefix }: Dialect, logicalId: string): string {
  return `${releaseTagPrefix}${releaseTagName(logicalId)}-`;
}
