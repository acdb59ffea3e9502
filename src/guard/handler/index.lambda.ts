import { Answer, deleted, failed, succeeded } from './answer';
import { registryClient, stackClient } from './aws-client';
import { explain, explainPin } from './explain';
import { Log, logger } from './log';
import { lookUntilDecided, Search } from './look';
import { imageBefore, recall, runningImage } from './memory';
import { Trouble } from './observation';
import { Envelope, MalformedRequest, openEnvelope, parse } from './parse';
import { movePins } from './pin';
import { recentImages } from './recent-images';
import { respond } from './respond';
import { scrubber } from './secrets';
import { isRollingBack } from './stack-status';
import { Timetable, timetable } from './timetable';
import { during, LambdaContext, realWorld, World } from './world';

/** One request of CloudFormation, and all that answering it takes. */
interface Session {
  readonly world: World;
  /** How many requests were sent so far. */
  readonly sent: () => number;
  readonly envelope: Envelope;
  readonly times: Timetable;
  readonly log: Log;
}

/** Whatever happens, exactly one answer goes out, and in time. */
export function createHandler(world: World) {
  return async (event: unknown, context: LambdaContext): Promise<void> => {
    const times = timetable(world.clock.now(), context.getRemainingTimeInMillis());
    const envelope = openEnvelope(event);
    const scrub = scrubber(envelope.responseUrl, world.env);
    const { requestType, stack, logicalId, requestId } = envelope;
    const logTo = (print: World['print']) => logger(print, scrub, { requestType, stackId: stack.id, logicalId, requestId });

    const over = new AbortController();
    const meanwhile = during(world, over.signal);
    const session = { ...meanwhile, envelope, times, log: logTo(meanwhile.world.print) };
    const answer = await Promise.race([answerTo(session), alarm(session)]);
    over.abort();
    await respond(world, logTo(world.print), envelope, { ...answer, reason: answer.reason && scrub(answer.reason) }, times.end);
  };
}

async function answerTo(session: Session): Promise<Answer> {
  const { envelope, log } = session;
  try {
    return envelope.requestType === 'Delete' ? deleted(envelope) : await guard(session);
  } catch (error) {
    if (error instanceof MalformedRequest) return failed(envelope, error.message);
    log('error', 'the guard failed', { error: error instanceof Error ? error.stack : String(error) });
    return failed(envelope, `The guard failed: ${String(error)}`);
  }
}

async function guard({ world, sent, envelope, times, log }: Session): Promise<Answer> {
  const question = parse(envelope);
  const { repository, version } = question;
  const askRegistry = registryClient(world, repository);
  const askStack = stackClient(world, envelope.stack, repository.domain);
  const { decision, observation, rollingBack, imageRunning } = await lookUntilDecided({
    world,
    askRegistry,
    isRollingBack: () => isRollingBack(world, askStack, log),
    envelope,
    question,
    times,
    log,
  });
  const facts = {
    repository: repository.uri,
    version: `${version.kind}:${version.value}`,
    observed: observation.kind,
    decision: decision.kind,
    rollingBack,
    elapsedMs: world.clock.now() - times.start,
  };

  if (decision.kind === 'succeed') {
    const { digest, warning } = decision;
    const trouble = await keep(digest, { world, askRegistry, envelope, question, rollingBack, times });
    if (trouble && !rollingBack) {
      const reason = explainPin(trouble, question);
      log('error', reason, { ...facts, calls: sent() });
      return failed(envelope, reason);
    }
    if (trouble) log('warn', 'what the stack rolls back to could not be marked', { trouble });
    log(warning ? 'warn' : 'info', warning ?? 'the deployment may go on', { ...facts, digest, calls: sent() });
    return succeeded(envelope, question, digest, rollingBack);
  }
  const recent = observation.kind === 'missing' || observation.kind === 'unnamed' ? await recentImages(askRegistry, version.value) : undefined;
  const reason = explain(observation, { question, stack: envelope.stack, waitedMs: facts.elapsedMs, imageRunning, recent });
  log('error', reason, { ...facts, calls: sent() });
  return failed(envelope, reason);
}

/** Keeps what is released, and what is deployed until then, from expiring. A rollback does not wait for it. */
async function keep(
  released: string,
  { world, askRegistry, envelope, question, rollingBack, times }: Pick<Search, 'world' | 'askRegistry' | 'envelope' | 'question' | 'times'> & { rollingBack: boolean },
): Promise<Trouble | undefined> {
  if (!question.releaseTag) return undefined;
  const memory = recall(envelope.physicalId);
  const before = rollingBack ? imageBefore(memory, question) : runningImage(memory);
  return movePins(world, askRegistry, { tag: question.releaseTag, released, before, rollingBack }, rollingBack ? 0 : times.lastLook);
}

/** Lambda ends a function that is out of time without a word, and CloudFormation would wait for its answer. */
async function alarm({ world, envelope, times, log }: Session): Promise<Answer> {
  await world.clock.sleep(times.alarm - times.start);
  const reason = `The guard was out of time after ${Math.round((times.alarm - times.start) / 1000)} s, because AWS did not answer. Deploy again.`;
  log('error', reason);
  return failed(envelope, reason);
}

export const handler = createHandler(realWorld);
