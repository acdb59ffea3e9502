import { AnswerJudge } from './answers';
import { Verdict } from './invariants';
import { isStatusUnknown, ReleaseJudge } from './releases';
import { Secrets } from './secrets';
import { ownTagPrefix, TagJudge } from './tags';
import { Examinations } from '../aws/examinations';
import { Fault, PERMANENT, Weather } from '../aws/faults';
import { Call } from '../aws/front-doors';
import { MOST_TAGS, Repository } from '../aws/registry';
import { Answer, GuardRequest, Invocation } from '../aws/requests';
import { GuardResource, StackEvent, StackModel } from '../aws/stack';
import { Dialect, Question } from '../aws/template';

export interface JudgeOptions {
  readonly verdict: Verdict;
  readonly repositories: ReadonlyMap<string, Repository>;
  readonly stack: StackModel;
  readonly weather: Weather;
  readonly examinations: Examinations;
  readonly dialect: Dialect;
  readonly credentials: Secrets;
  readonly now: () => number;
  /** Name of the bundle under test, as opposed to older ones. */
  readonly tested: string;
  readonly mayMove: (question: Question) => boolean;
}

/** A rollback with enough time must wait out any fault that is no longer than this. */
const PATIENCE_MS = 20_000;
/** Number of consecutive requests that a physical id must have room for. */
const LONGEST_CHAIN = 6;
const RELEASE_BYTES = 90;
const MOST_ID_BYTES = 1024;

/** Watches a story from outside and checks the invariants. */
export class Judge {
  private readonly answers: AnswerJudge;
  private readonly releases: ReleaseJudge;
  private readonly tags: TagJudge;
  private readonly invocations = new Map<number, Array<Invocation<Question>>>();
  /** Release tags of the last stable state, as far as they were correct then. */
  private tagsBefore = new Map<string, string>();
  /** Digests that reached a stable state in the life of the current stack. */
  private readonly settled = new Set<string>();
  private sinceStable: Array<GuardRequest<Question>> = [];

  constructor(private readonly options: JudgeOptions) {
    const { verdict, repositories, stack, dialect, credentials, examinations } = options;
    this.answers = new AnswerJudge(verdict, credentials);
    this.releases = new ReleaseJudge(verdict, repositories, examinations);
    this.tags = new TagJudge(verdict, repositories, stack, dialect, this.releases);
  }

  public invocationStarted(invocation: Invocation<Question>): void {
    const { number } = invocation.request;
    this.invocations.set(number, [...this.invocationsOf(invocation.request), invocation]);
  }

  public invocationEnded(invocation: Invocation<Question>): void {
    if (!this.isTested(invocation)) return;
    this.answers.invocationEnded(invocation);
    // Each late invocation is a check, even if it does not try to write.
    if (!invocation.request.live) this.options.verdict.expect('lateMessenger', true, String);
  }

  public called(call: Call): void {
    if (!this.isTested(call.invocation)) return;
    const { verdict, now } = this.options;
    verdict.expect('granted', call.service !== 'unknown' && call.error !== 'not granted' && call.error !== 'not the ResponseURL', () => `${call.action} ${call.error ?? ''}`);
    if (call.service === 'response') {
      const { headers } = call.request;
      const fits = !headers['content-type'] && headers.authorization === undefined && headers['transfer-encoding'] === undefined;
      verdict.expect('form', fits, () => `the headers do not fit a presigned URL: ${JSON.stringify(headers)}`);
    }
    this.releases.called(call, now());
    this.tags.called(call, now());
  }

  public registryChanged(): void {
    // The owner of an image can delete it together with its tags.
    for (const [tag, digest] of this.tagsBefore) if (!this.options.repositories.get(tag.split(':')[0])!.images.has(digest)) this.tagsBefore.delete(tag);
    this.tags.registryChanged();
  }

  public stackEvent(event: StackEvent): void {
    switch (event.kind) {
      case 'request': {
        this.sinceStable.push(event.request);
        return this.tags.requested(event.request);
      }
      case 'outcome': return this.requestOver(event.request, event.answer);
      case 'running': return this.tags.checkAll('an update of the service');
      case 'status': {
        if (this.options.stack.status === 'DELETE_COMPLETE' || this.options.stack.status === 'ROLLBACK_COMPLETE') {
          this.releases.removed();
          this.settled.clear();
        }
        return this.tags.checkAll('a change of the stack');
      }
      case 'stable': {
        if (event.after === 'rollback' && event.before) this.checkRestored(event.before.guard);
        this.remember();
        this.releases.settled();
        this.sinceStable = [];
        return undefined;
      }
    }
  }

  private requestOver(request: GuardRequest<Question>, answer: Answer | undefined): void {
    const invocations = this.invocationsOf(request);
    const { verdict } = this.options;
    if (verdict.exempts(['otherCode', !invocations.every((invocation) => this.isTested(invocation))])) {
      if (answer?.status === 'SUCCESS' && request.type !== 'Delete') this.releases.answered(request, answer.data.ImageDigest);
      return;
    }
    this.answers.requestOver(request, answer, invocations);
    if (request.direction === 'rollback') return this.rollbackOver(request, answer, invocations);
    if (request.direction !== 'forward') return;

    const { stack, mayMove } = this.options;
    const { question } = request;
    const repository = this.options.repositories.get(question.repository)!;
    const roomy = [...repository.images.keys()].every((digest) => repository.countTags(digest) < MOST_TAGS - 4);
    const mayTag = !question.retain || (mayMove(question) && roomy);
    this.releases.forwardOver(request, answer, invocations, { mayTag, knownId: stack.stable?.guard.madeBy !== 'unknown' });
    if (answer?.status !== 'SUCCESS') return;
    const unknown = verdict.exempts(['statusUnknown', invocations.some(isStatusUnknown)]);
    this.tags.released(request, answer.data.ImageDigest, question.retain && !unknown);
  }

  private rollbackOver(request: GuardRequest<Question>, answer: Answer | undefined, invocations: ReadonlyArray<Invocation<Question>>): void {
    const { verdict, stack } = this.options;
    const before = stack.stable!.guard;
    if (!answer) {
      const lost = verdict.exempts(['lostTime', invocations.some(({ ended, attempt }) => ended === 'killed' || attempt > 1)], ['hardFault', hitsOf(invocations).some(({ service }) => service === 'response')]);
      if (!lost) verdict.expect('rollbackSucceeds', false, () => 'no answer');
      return;
    }
    const unknownId = before.madeBy === 'unknown';
    if (answer.status !== 'SUCCESS') {
      if (!verdict.exempts(['unknownId', unknownId])) verdict.expect('rollbackSucceeds', false, () => answer.reason);
      return;
    }
    verdict.expect('rollbackSucceeds', true, String);
    if (!verdict.exempts(['unknownId', unknownId])) {
      const wanted = ['ImageDigest', 'ImageTag', ...request.question.taskCounts.map((count) => `TaskCount${count}`)];
      verdict.expect('rollbackAnswer', wanted.every((name) => before.data[name] === answer.data[name]), () => `${JSON.stringify(before.data)} became ${JSON.stringify(answer.data)}`);
    }
    this.releases.answered(request, answer.data.ImageDigest);
  }

  /** Checks that a rollback leaves no trace of the failed update. */
  private checkRestored(before: GuardResource): void {
    const { verdict, stack, tested } = this.options;
    const asked = this.sinceStable.filter(({ type }) => type !== 'Delete');
    const invocations = asked.filter(({ direction }) => direction === 'rollback').flatMap((request) => this.invocationsOf(request));
    const exempt = verdict.exempts(
      ['unknownId', before.madeBy === 'unknown'],
      ['otherCode', before.madeBy !== tested || stack.guard?.madeBy !== tested],
      ['statusUnknown', invocations.some(isStatusUnknown)],
      ['longChain', asked.length > LONGEST_CHAIN || Buffer.byteLength(before.physicalId) + asked.length * RELEASE_BYTES > MOST_ID_BYTES],
      ['lostTime', invocations.some(({ ended }) => ended === 'killed')],
    );
    if (exempt) return;
    verdict.expect('rollbackId', stack.guard?.physicalId === before.physicalId, () => `${before.physicalId} became ${stack.guard?.physicalId}`);

    const { question } = before.template;
    // If nothing was deployed, or its image is gone, the tags are from an earlier life that the guard does not know. If the image
    // has as many tags as ECR allows, no other tag can protect it, so the tag that it has must stay.
    const repository = this.options.repositories.get(question.repository)!;
    const deployed = repository.images.get(before.data.ImageDigest);
    const canMove = deployed?.status === 'ACTIVE' && repository.countTags(before.data.ImageDigest) < MOST_TAGS;
    if (!question.retain || !canMove || verdict.exempts(['disturbed', this.tags.disturbed], ['hardFault', this.hasHardFault(invocations)])) return;
    const tags = this.releaseTags();
    for (const [tag, digest] of this.tagsBefore) {
      const exists = repository.images.get(digest)?.status === 'ACTIVE';
      // Only an owner can remove a tag. And if an earlier image is gone, the order of the others is undefined.
      const isOpen = !tags.has(tag) || (digest !== before.data.ImageDigest && !this.releases.areAllThere(repository));
      // ECR allows no further tag on the image, or the repository no longer exists.
      const isFull = repository.countTags(digest) >= MOST_TAGS;
      if (!tag.startsWith(`${repository.name}:`) || !exists || isOpen || isFull || !repository.exists) continue;
      verdict.expect('rollbackTags', tags.get(tag) === digest, () => `${tag} was ${digest} and is ${tags.get(tag)}`);
    }
  }

  /**
   * Remembers the tags that a rollback must restore. Tags that are still on a rolled-back image, because the guard cannot delete
   * them, are not among these. Neither are the tags of a guard with another name. That guard is not part of this state, and a
   * new guard with that name may begin with its tags.
   */
  private remember(): void {
    const { template: { question, logicalId }, data } = this.options.stack.guard!;
    const own = `${question.repository}:${ownTagPrefix(this.options.dialect, logicalId)}`;
    this.settled.add(data.ImageDigest);
    const tags = [...this.releaseTags()];
    const deployed = tags.find(([tag]) => tag.startsWith(own) && /^[0-9a-f]+$/.test(tag.slice(own.length)));
    const areRight = !this.tags.disturbed && deployed?.[1] === data.ImageDigest;
    this.tagsBefore = new Map(areRight ? tags.filter(([tag, digest]) => tag.startsWith(own) && this.settled.has(digest)) : []);
  }

  private hasHardFault(invocations: ReadonlyArray<Invocation<Question>>): boolean {
    const lasts = (fault: Fault, met: number) => PERMANENT.includes(fault.kind) || this.options.weather.endOf(fault) - met > PATIENCE_MS;
    return invocations.some(({ hits }) => [...hits].some(([fault, met]) => lasts(fault, met)));
  }

  private releaseTags(): Map<string, string> {
    const all = new Map<string, string>();
    for (const [name, { tags }] of this.options.repositories) {
      for (const [tag, digest] of tags) if (tag.startsWith(this.options.dialect.releaseTagPrefix)) all.set(`${name}:${tag}`, digest);
    }
    return all;
  }

  private isTested({ code }: Invocation<Question>): boolean {
    return code === this.options.tested;
  }

  private invocationsOf({ number }: GuardRequest<Question>): Array<Invocation<Question>> {
    return this.invocations.get(number) ?? [];
  }
}

function hitsOf(invocations: ReadonlyArray<Invocation<Question>>) {
  return invocations.flatMap(({ hits }) => [...hits.keys()]);
}
