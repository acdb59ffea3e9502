import { NO_IMAGE } from './answers';
import { Verdict } from './invariants';
import { Part, partsOf, worstOf } from './requirements';
import { newSight, Sight } from './sight';
import { View, viewOf, viewOfDigest } from './view';
import { Examinations } from '../aws/examinations';
import { Fault, PERMANENT } from '../aws/faults';
import { Call, EXAMINATIONS } from '../aws/front-doors';
import { Repository } from '../aws/registry';
import { Answer, GuardRequest, Invocation } from '../aws/requests';
import { UNKNOWN_ID } from '../aws/stack';
import { asksForTheSame, Dialect, longestWait, needsOf, Question } from '../aws/template';

/** The last release of a guard. */
export interface Release {
  readonly question: Question;
  readonly dialect: Dialect;
  readonly digest: string;
  /** Number of the request. */
  readonly by: number;
}

interface Circumstances {
  /** Whether AWS permits the guard to set all release tags that it may need. */
  readonly mayTag: boolean;
  /** Whether the guard created the physical id in the request. */
  readonly knownId: boolean;
}

const NAMES: Readonly<Record<string, RegExp>> = {
  denied: /AccessDenied|not authorized|lacks permission|may not|must not/i,
  expiredToken: /ExpiredToken|expired/i,
  kms: /kms/i,
  limit: /LimitExceeded|1,?000|quota|limit/i,
};
const DUE_MS = 120_000;
const SOON_MS = 30_000;
const LAMBDA_MS = 900_000;
/** Longest time between two checks of a guard that is not throttled, and between its last check and its answer. */
const PACE_MS = 15_000;
const MOST_CALLS = 8;
const CALLS_FOR_CONFIG = 2;
/** Number of recorded images, besides its own, to which a new release moves release tags. */
const CALLS_FOR_UNTAGGED = 2;

/** Checks that the guard releases exactly the images that it should. */
export class ReleaseJudge {
  /** By logical id. */
  private readonly deployed = new Map<string, Release>();
  /** Releases in the life of the current stack. */
  private history: Release[] = [];
  /** Digests that each guard has on record: those of the last stable state, and those that it has released since. */
  private recorded = new Map<string, ReadonlySet<string>>();
  private recordedBefore = this.recorded;
  private readonly sights = new WeakMap<Invocation<Question>, Sight>();

  constructor(
    private readonly verdict: Verdict, private readonly repositories: ReadonlyMap<string, Repository>, private readonly examinations: Examinations,
  ) {}

  public called(call: Call, now: number): void {
    const { service, invocation } = call;
    if (service !== 'ecr') return;
    const { question } = invocation.request;
    const sight = this.sightOf(invocation);
    const view = viewOf(question, this.repositories);
    sight.canReadReleases &&= this.canReadReleases(this.repositories.get(question.repository)!);
    const before = this.before(invocation.request);
    const kept = before && isAnswerTo(invocation.request, before) ? this.see(before.digest, question) : undefined;
    for (const seen of [view, kept]) if (seen?.kind === 'fits') sight.fitting.add(seen.digest);
    for (const digest of sight.fitting) {
      const parts = partsOf(question, this.repositories.get(question.repository)!, digest, this.examinations, now);
      if (parts.length > 0) sight.parts.set(digest, parts);
    }
    sight.views.push({ at: now, view, deployed: kept, parts: view.kind === 'fits' ? sight.parts.get(view.digest) ?? [] : [] });
    if (call.action.replace('ecr:', '') in EXAMINATIONS) this.examined(call, sight);
    if (call.action === 'ecr:PutImage' && invocation.request.direction === 'forward') this.checkHold(invocation, String(call.input?.imageDigest), 'tagged');
  }

  public wasAskedBefore(question: Question): boolean {
    return this.history.some((release) => asksForTheSame(release.question, question));
  }

  /** Whether all existing images that a guard may keep by a tag can be read. */
  private canReadReleases(repository: Repository): boolean {
    return this.history.every(({ digest }) => (repository.images.get(digest)?.status ?? 'ACTIVE') === 'ACTIVE');
  }

  public areAllThere(repository: Repository): boolean {
    return this.history.every(({ digest }) => repository.images.get(digest)?.status === 'ACTIVE');
  }

  public forwardOver(
    request: GuardRequest<Question>, answer: Answer | undefined, invocations: ReadonlyArray<Invocation<Question>>, { mayTag, knownId }: Circumstances,
  ): void {
    // The later of two deliveries may answer first.
    const [answering] = [...invocations].sort((one, other) => answeredAt(one) - answeredAt(other));
    if (!answer || !answering) return;
    if (answer.status === 'SUCCESS') {
      this.checkSuccess(request, answer, answering, knownId);
      this.checkCalls(request, answer, answering, invocations);
      this.checkHold(answering, answer.data.ImageDigest, 'released');
      this.checkWaited(answering, invocations);
      this.answered(request, answer.data.ImageDigest);
    } else {
      this.checkFailure(answer, answering, invocations, mayTag);
    }
  }

  public answered({ logicalId, question, dialect, direction, type, number }: GuardRequest<Question>, digest: string): void {
    const release = { question, dialect, digest, by: number };
    this.deployed.set(logicalId, release);
    this.history.push(release);
    const record = direction === 'rollback' ? this.recordedBefore : this.recorded;
    const known = type === 'Create' ? [] : record.get(logicalId) ?? [];
    this.recorded = new Map([...this.recorded, [logicalId, new Set([...known, digest])]]);
  }

  public settled(): void {
    this.recordedBefore = this.recorded;
  }

  public removed(): void {
    this.deployed.clear();
    this.history = [];
    this.recorded = new Map();
    this.settled();
  }

  /** Each request about an image must be for an image that the guard may release now and that is not deployed. */
  private examined({ action, invocation, input, fault }: Call, sight: Sight): void {
    const { request } = invocation;
    sight.examinations++;
    const kind = EXAMINATIONS[action.replace('ecr:', '')];
    const asked = (input?.imageId as { imageDigest?: string } | undefined)?.imageDigest;
    const before = this.before(request);
    // A late delivery contains the physical ID from the time of its request.
    const deployed = before && before.by < request.number ? before.digest : undefined;
    const required = [...sight.parts].flatMap(([digest, all]) => digest === deployed && isKnownId(request) ? [] : all);
    const parts = required.filter((part) => part.digest === asked && part.requirement.kind === kind);
    const isLate = request.direction === 'rollback' && this.verdict.exempts(['rollbackLookalike', !request.live], ['statusUnknown', invocation.statusUntold]);
    this.verdict.expect('examinesNew', parts.length > 0 && (request.direction === 'forward' || isLate), () => (
      `${action} of ${asked} in a request of direction ${request.direction}; deployed is ${deployed}, asked was ${JSON.stringify(request.question)}`
    ));
    if (!fault) for (const part of parts) sight.told.set(keyOf(part), part.standing);
  }

  /** Checks that a new image was found to meet all requirements. */
  private checkHold(invocation: Invocation<Question>, digest: string, how: string): void {
    const { request } = invocation;
    const { parts, told, tagged } = this.sightOf(invocation);
    const all = parts.get(digest);
    if (!all || (request.type !== 'Create' && this.recorded.get(request.logicalId)?.has(digest))) return;
    // For an unknown ID, only a release tag shows what the guard has released, even in an earlier stack.
    if (this.verdict.exempts(['unknownId', !isKnownId(request) && tagged.has(digest)])) return;
    const unmet = all.filter((part) => told.get(keyOf(part)) !== 'met');
    this.verdict.expect('requirementsHold', unmet.length === 0, () => `${digest} was ${how}, although ECR had reported ${JSON.stringify(unmet.map((part) => [part, told.get(keyOf(part)) ?? 'nothing']))}`);
  }

  private checkSuccess(request: GuardRequest<Question>, { data }: Answer, invocation: Invocation<Question>, knownId: boolean): void {
    const { question, type } = request;
    const { fitting, views } = this.sightOf(invocation);
    const digest = data.ImageDigest;
    const before = this.before(request);
    if (digest === NO_IMAGE) {
      const missing = views.some(({ view }) => view.kind === 'missing') || views.length === 0;
      this.verdict.expect('rightImage', question.whenMissing === 'startWithoutTasks' && missing, () => `the answer to ${JSON.stringify(question)} has no image; the registry had ${JSON.stringify(views.at(-1))}`);
      this.verdict.expect('keepsTasks', before === undefined || before.digest === NO_IMAGE, () => `the tasks of ${before!.digest} stop`);
      return;
    }
    const answeredBefore = this.history.some((release) => release.digest === digest && isAnswerTo(request, release));
    if (!fitting.has(digest) && !(type === 'Update' && answeredBefore && this.verdict.exempts(['statusUnknown', isStatusUnknown(invocation) || invocation.statusUntold]))) {
      this.verdict.expect('rightImage', false, () => `the answer to ${JSON.stringify(question)} has ${digest}; the registry had ${JSON.stringify(views.at(-1)?.view)}`);
    } else {
      this.verdict.expect('rightImage', true, String);
    }
    const stays = before && asksForTheSame(before.question, question) && views.length > 0 && views.every(({ deployed }) => deployed?.kind === 'fits');
    if (stays && !this.verdict.exempts(['unknownId', !knownId])) {
      this.verdict.expect('keepsImage', digest === before.digest, () => `${before.digest} became ${digest}, although the question is the same`);
    }
  }

  private checkFailure(answer: Answer, invocation: Invocation<Question>, invocations: ReadonlyArray<Invocation<Question>>, mayTag: boolean): void {
    const { reason } = answer;
    const { request: { question }, startedAt, puts } = invocation;
    const { views, canReadReleases } = this.sightOf(invocation);
    const elapsed = puts[0].at - startedAt;
    const detail = (what: string) => () => `${what} after ${elapsed / 1000} s: ${reason}; the registry had ${JSON.stringify(views.at(-1))}, asked was ${JSON.stringify(question)}`;
    const hits = invocations.flatMap((each) => [...each.hits]);
    const foreseeable = invocations.length === 1 && hits.length === 0;
    const last = views.at(-1)?.view;
    if (foreseeable) {
      // An image that arrives during a check may be too late for that check.
      const isFit = (digest: string, parts: readonly Part[]) => worstOf(parts) === 'met' || (isKnownId(invocation.request) && this.before(invocation.request)?.digest === digest);
      const isThere = last?.kind === 'fits'
        && views.every(({ at, view, parts }) => at < puts[0].at - PACE_MS || (view.kind === 'fits' && view.digest === last.digest && isFit(view.digest, parts)));
      this.verdict.expect('releases', !isThere || !mayTag || (question.retain && !canReadReleases), detail('refused'));
      if (views.length > 0 && views.every(({ view }) => view.kind === 'missing')) {
        const wait = question.whenMissing === 'waitFor' ? Math.min(question.waitSeconds * 1000, LAMBDA_MS - 60_000) : 0;
        this.verdict.expect('waits', wait - PACE_MS <= elapsed && elapsed <= wait + SOON_MS, detail('stopped waiting'));
      }
    }
    if (foreseeable) this.checkRequirementsWait(invocation, detail);
    const [[fault, metAt] = []] = hits;
    const nothingElse = invocations.length === 1 && hits.length === 1 && views.every(({ view }) => view.kind === last?.kind);
    // A missing image stays missing, even if a call about existing images fails.
    const isAsked = last?.kind === 'fits' || last?.kind === 'unfit' || (last?.kind !== 'unnamed' && (fault?.operation ?? 'DescribeImages') === 'DescribeImages');
    if (nothingElse && isAsked && fault && isThereToStay(fault)) {
      this.verdict.expect('namesError', NAMES[fault.kind].test(reason), detail(`${fault.kind} of ${fault.operation ?? 'all'} not named`));
      this.verdict.expect('namesError', puts[0].at - metAt! <= DUE_MS, detail(`${fault.kind} of ${fault.operation ?? 'all'} answered late`));
    }
  }

  private checkRequirementsWait(invocation: Invocation<Question>, detail: (what: string) => () => string): void {
    const { request: { question }, startedAt, puts } = invocation;
    const { views } = this.sightOf(invocation);
    const [first] = views;
    const isPending = views.every(({ view, parts }) => (
      view.kind === 'fits' && first.view.kind === 'fits' && view.digest === first.view.digest && parts.every(({ standing }) => standing === 'met' || standing === 'pending')
    ));
    const open = views.at(-1)?.parts.filter(({ standing }) => standing === 'pending') ?? [];
    if (!isPending || open.length === 0) return;
    const elapsed = puts[0].at - startedAt;
    const least = Math.min(...open.map(({ requirement }) => requirement.waitSeconds)) * 1000;
    this.verdict.expect('requirementsWait', least - PACE_MS <= elapsed && elapsed <= mostWaitMs(question) + SOON_MS, detail('stopped waiting for the requirements'));
  }

  private checkWaited(invocation: Invocation<Question>, { length }: ReadonlyArray<Invocation<Question>>): void {
    const { request: { question }, startedAt, puts, hits } = invocation;
    const waited = this.sightOf(invocation).views.some(({ parts }) => worstOf(parts) === 'pending');
    if (!waited || length > 1 || hits.size > 0) return;
    const elapsed = puts[0].at - startedAt;
    this.verdict.expect('requirementsWait', elapsed <= mostWaitMs(question) + SOON_MS, () => `released after ${elapsed / 1000} s: ${JSON.stringify(question)}`);
  }

  private checkCalls(
    { question }: GuardRequest<Question>, { data }: Answer, invocation: Invocation<Question>, invocations: ReadonlyArray<Invocation<Question>>,
  ): void {
    const { views: [first, ...others], examinations, untagged } = this.sightOf(invocation);
    const isSteady = others.every(({ view, deployed }) => view.kind === 'fits' && deployed?.kind === first.deployed?.kind);
    if ([first, ...others].some((seen) => seen && worstOf(seen.parts) !== 'met')) return;
    if (invocations.length > 1 || invocation.hits.size > 0 || first?.view.kind !== 'fits' || !isSteady) return;
    // The tag may have moved before the guard looked at it.
    const image = this.repositories.get(question.repository)?.images.get(data.ImageDigest)?.image;
    // It may have been deleted since.
    if (!image) return;
    const late = question.retain ? Math.max(0, untagged.size - CALLS_FOR_UNTAGGED) : 0;
    const most = MOST_CALLS + (image.single ? CALLS_FOR_CONFIG : 0) + late;
    this.verdict.expect('calls', invocation.calls - examinations <= most, () => `${invocation.calls} calls, ${examinations} of them about requirements, at most ${most} for ${image.name}`);
  }

  /** A new guard has no record of the past, even if another guard had the same name. */
  private before({ type, logicalId }: GuardRequest<Question>): Release | undefined {
    return type === 'Create' ? undefined : this.deployed.get(logicalId);
  }

  private see(digest: string, question: Question): View {
    const repository = this.repositories.get(question.repository);
    return repository?.exists ? viewOfDigest(digest, question, repository) : { kind: 'repositoryMissing' };
  }

  private sightOf(invocation: Invocation<Question>): Sight {
    const known = this.sights.get(invocation);
    if (known) return known;
    const { request } = invocation;
    const released = request.type === 'Create' ? [] : this.history.map(({ digest }) => digest);
    const sight = newSight(request, this.repositories.get(request.question.repository)!, released);
    this.sights.set(invocation, sight);
    return sight;
  }
}

/** As far as the record shows: the record of an older version omits the requirements on the image. */
function isAnswerTo({ question, dialect }: GuardRequest<Question>, release: Release): boolean {
  return asksForTheSame(release.question, release.dialect === dialect ? question : { ...question, ...needsOf(release.question) });
}

function keyOf({ requirement, digest }: Part): string {
  return `${requirement.kind} ${digest}`;
}

function mostWaitMs(question: Question): number {
  return ((question.whenMissing === 'waitFor' ? question.waitSeconds : 0) + longestWait(question)) * 1000;
}

function isKnownId({ physicalId = '' }: GuardRequest<Question>): boolean {
  return !physicalId.startsWith(UNKNOWN_ID);
}

function isThereToStay({ kind, service, probability, from, until }: Fault): boolean {
  return PERMANENT.includes(kind) && service === 'ecr' && probability === 1 && until - from > 2 * DUE_MS;
}

function answeredAt({ puts }: Invocation<Question>): number {
  return puts.find(({ accepted }) => accepted)?.at ?? Number.MAX_VALUE;
}

/** Whether the guard requested the status without success. */
export function isStatusUnknown({ statusAsked, statusSeen }: Invocation<Question>): boolean {
  return statusAsked > 0 && statusSeen === undefined;
}
