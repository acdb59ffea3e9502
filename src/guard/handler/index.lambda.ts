import { ecrClient } from './ecr/client';
import { GetManifest, inspector } from './ecr/inspect';
import { recentImages } from './ecr/recent-images';
import { ReleaseTags } from './ecr/release-tags';
import { requirementsCheck } from './ecr/requirements';
import { explain, explainReleaseTags } from './failure-reason';
import { moveReleaseTags } from './move-release-tags';
import { pollUntilDecided } from './poll';
import { NO_IMAGE, ReleaseHistory } from './release-history';
import { MalformedRequest, openRequest, parse, Request } from './request';
import { Answer, deleted, failed, succeeded } from './response';
import { Deadlines, deadlines } from './runtime/deadlines';
import { Log, logger } from './runtime/log';
import { Redact, redaction } from './runtime/redaction';
import { during, LambdaContext, lambdaRuntime, Runtime } from './runtime/runtime';
import { stackOperation } from './runtime/stack-status';
import { sendResponse } from './send-response';

/** One request of CloudFormation, and all that answering it takes. */
interface Session {
  readonly runtime: Runtime;
  /** How many requests were sent so far. */
  readonly sent: () => number;
  readonly request: Request;
  readonly times: Deadlines;
  readonly log: Log;
  readonly redact: Redact;
}

/** Whatever happens, exactly one answer goes out, and in time. */
export function createHandler(runtime: Runtime) {
  return async (event: unknown, context: LambdaContext): Promise<void> => {
    const request = openRequest(event);
    const times = deadlines(runtime.clock.now(), context.getRemainingTimeInMillis(), request.serviceTimeoutMs);
    const redact = redaction(request.responseUrl, runtime.env);
    const { type, stack, logicalId, requestId } = request;
    const logTo = (print: Runtime['print']) => logger(print, redact, { requestType: type, stackId: stack.id, logicalId, requestId });

    const over = new AbortController();
    const meanwhile = during(runtime, over.signal);
    const session = { ...meanwhile, request, times, redact, log: logTo(meanwhile.runtime.print) };
    const answer = await Promise.race([answerTo(session), outOfTime(session)]);
    over.abort();
    await sendResponse(runtime, logTo(runtime.print), request, { ...answer, reason: answer.reason && redact(answer.reason) }, times.end);
  };
}

async function answerTo(session: Session): Promise<Answer> {
  const { request, log } = session;
  try {
    return request.type === 'Delete' ? deleted(request) : await guard(session);
  } catch (error) {
    if (error instanceof MalformedRequest) return failed(request, error.message);
    log('error', 'the guard failed', { error: error instanceof Error ? error.stack : String(error) });
    return failed(request, `The guard failed: ${String(error)}`);
  }
}

/** Observe, decide, then explain the refusal or move the release tags. */
async function guard({ runtime, sent, request, times, log, redact }: Session): Promise<Answer> {
  const question = parse(request);
  const { repository, version, releaseTag } = question;
  const ecr = ecrClient(runtime, redact, repository);
  const tags = releaseTag === undefined ? undefined : new ReleaseTags(ecr, releaseTag);
  const askOperation = stackOperation(runtime, redact, request.stack, repository.domain, log);
  const getManifest: GetManifest = async (imageDigest) => tags ? tags.manifestOf(imageDigest) : (await ecr.getManifests([{ imageDigest }]))[0];
  const recorded = ReleaseHistory.of(request);
  const history = recorded.isUnknown ? recorded.supposing(await tags?.latest().catch(() => undefined)) : recorded;

  const { decision, observation, operation, hasTurned } = await pollUntilDecided({
    runtime,
    registry: inspector(runtime, ecr, question, getManifest),
    requirements: requirementsCheck(runtime.clock, ecr, question),
    askOperation,
    log,
    request,
    question,
    history,
    times,
  });
  const waitedMs = runtime.clock.now() - times.start;
  const facts = () => ({
    repository: repository.uri,
    version: `${version.kind}:${version.value}`,
    observed: observation.kind,
    decision: decision.kind,
    operation,
    elapsedMs: runtime.clock.now() - times.start,
    calls: sent(),
  });
  const refuse = (reason: string): Answer => {
    log('error', reason, facts());
    return failed(request, reason);
  };

  if (decision.kind === 'fail') {
    const recent = observation.kind === 'missing' || observation.kind === 'unnamed' ? await recentImages(ecr, version.value) : undefined;
    return refuse(explain(observation, { question, stack: request.stack, waitedMs, mayRun: history.mayRun, recent }));
  }

  const { digest, warning } = decision;
  const target = operation === 'rollback' ? history.backTo(question) : undefined;
  const after = target?.history ?? history.after(question, digest);
  // Where it is not certain what the request belongs to, it must not change anything: it may be late, or cancelled.
  const isCertain = operation === 'rollback' ? target?.isCertain : operation !== 'unknown' || observation.kind !== 'unseen';
  if (tags && digest !== NO_IMAGE && isCertain && !hasTurned) {
    // What a rollback takes back keeps a tag too: an update to an earlier release that is delivered late looks the same.
    const earlier = [...new Set([...after.images, ...history.images])];
    const releases = { latest: digest, previous: after.images.find((image) => image !== digest), earlier };
    const trouble = await moveReleaseTags({ runtime, tags, releases, operation: operation === 'rollback' ? 'rollback' : 'forward', askOperation, times });
    if (trouble && operation !== 'rollback') return refuse(explainReleaseTags(trouble, { question, stack: request.stack, waitedMs, mayRun: history.mayRun }));
    if (trouble) log('warn', 'the release tags of what the stack rolls back to could not be moved', { trouble });
  }
  log(warning ? 'warn' : 'info', warning ?? 'the deployment may go on', { ...facts(), digest });
  return succeeded(question, digest, after);
}

/** Lambda ends a function that is out of time without a word, and CloudFormation would wait for its answer. */
async function outOfTime({ runtime, request, times, log }: Session): Promise<Answer> {
  await runtime.clock.sleep(times.answer - times.start);
  const reason = `The guard was out of time after ${Math.round((times.answer - times.start) / 1000)} s, because AWS did not answer. Deploy again.`;
  log('error', reason);
  return failed(request, reason);
}

export const handler = createHandler(lambdaRuntime);
