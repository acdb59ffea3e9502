import { decide, Decision } from './decide';
import { Inspector } from './ecr/inspect';
import { RequirementsCheck } from './ecr/requirements';
import { Observation } from './observation';
import { patience } from './patience';
import { ReleaseHistory } from './release-history';
import { Question } from './request';
import { Request } from '../../handler/request';
import { Deadlines } from '../../handler/runtime/deadlines';
import { Log } from '../../handler/runtime/log';
import { AT_FIRST, next, pollPause } from '../../handler/runtime/pauses';
import { Runtime } from '../../handler/runtime/runtime';
import { AskOperation, Operation } from '../../handler/runtime/stack-status';

export interface Outcome {
  readonly decision: Exclude<Decision, { readonly kind: 'lookAgain' }>;
  readonly observation: Observation;
  readonly operation: Operation;
  /**
   * Whether the operation changed while the guard was polling. If so, the request was canceled, or the first status was
   * misleading.
   */
  readonly hasTurned: boolean;
}

export interface Poll {
  readonly runtime: Runtime;
  readonly registry: Inspector;
  readonly requirements: RequirementsCheck;
  readonly askOperation: AskOperation;
  /** The operation that the request belongs to, as far as CloudFormation reports it. */
  readonly begun: Operation;
  readonly log: Log;
  readonly request: Request;
  readonly question: Question;
  readonly history: ReleaseHistory;
  readonly times: Deadlines;
}

/** Observes and decides repeatedly, until there is an answer. */
export async function pollUntilDecided(
  { runtime: { clock, random }, registry, requirements, askOperation, begun, log, request, question, history, times }: Poll,
): Promise<Outcome> {
  let operation = begun;

  async function look(thorough: boolean): Promise<Observation> {
    const seen = await lookOnce(thorough);
    return seen.kind === 'gone' ? lookOnce(thorough) : seen;
  }

  /** Checks the deployed image first. Looks up the requested version only if the deployed image is no longer suitable. */
  async function lookOnce(thorough: boolean): Promise<Observation> {
    if (!question.imageId) return { kind: 'unnamed' };
    const deployed = history.answerTo(question);
    if (deployed) {
      const seen = await registry.look({ imageDigest: deployed }, false);
      if (seen.kind === 'found' || 'message' in seen) return seen;
    }
    const seen = await registry.look(question.imageId, thorough);
    // The guard does not recheck an image that was released earlier, because new findings must not block infrastructure
    // changes.
    const isNew = seen.kind === 'found' && operation !== 'rollback' && !history.images.includes(seen.digest);
    return isNew ? requirements.check(seen) : seen;
  }

  let observation: Observation = { kind: 'unseen' };
  let announced: Observation['kind'] = 'unseen';
  let thorough = true;
  let backoff = AT_FIRST;
  for (;;) {
    const patienceMs = operation === 'rollback' ? patience(observation.kind, 0) : patience(observation.kind, question.waitMs, question.requirementsWaitMs);
    const until = Math.min(times.start + patienceMs, times.lastCall);
    const decision = decide({
      observation,
      timeLeft: clock.now() < until,
      operation,
      onRecord: operation === 'rollback' ? history.backTo(question)?.digest : history.answeredTo(question),
      mayRun: history.mayRun,
      whenMissing: question.whenMissing,
    });
    if (decision.kind === 'fail' && request.type === 'Update' && operation === begun && begun !== 'rollback') {
      // The rollback of the stack may have started later, or may not have been visible at first.
      const now = (await askOperation()).operation;
      if (now !== begun && (now === 'rollback' || now === 'unknown')) {
        operation = now;
        continue;
      }
    }
    if (decision.kind !== 'lookAgain') {
      if (observation.kind !== 'missing' || thorough) return { decision, observation, operation, hasTurned: operation !== begun };
      // The last look did not check the archive, which may contain the image.
      thorough = true;
      observation = await look(thorough);
      continue;
    }

    if (observation.kind !== announced) log('info', 'looking again', { observed: observation });
    announced = observation.kind;
    const first = observation.kind === 'unseen';
    if (!first) await clock.sleep(Math.min(pollPause(backoff, random()), until - clock.now()));
    thorough = first || clock.now() >= until;
    observation = await look(thorough);
    backoff = next(backoff, observation.kind);
  }
}
