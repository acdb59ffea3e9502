import { MalformedRequest, openRequest, Request } from './request';
import { Answer, deleted, failed } from './response';
import { Deadlines, deadlines } from './runtime/deadlines';
import { Log, logger } from './runtime/log';
import { Redact, redaction } from './runtime/redaction';
import { during, LambdaContext, Runtime } from './runtime/runtime';
import { sendResponse } from './send-response';

/** A request of CloudFormation, and everything that the handler needs to answer it. */
export interface Session {
  readonly runtime: Runtime;
  /** Number of requests that were sent so far. */
  readonly sent: () => number;
  readonly request: Request;
  readonly times: Deadlines;
  readonly log: Log;
  readonly redact: Redact;
}

/** A type of custom resource. It does not handle Delete, because the handlers create nothing that must be deleted. */
export interface CustomResource {
  /** Name of the resource in failure reasons: `guard`. */
  readonly name: string;

  /** Answers a Create or an Update. */
  answer(session: Session): Promise<Answer>;

  /** Hint for users if there was no time to answer properly. */
  whenOutOfTime?(request: Request): string;
}

/** Sends exactly one answer in time, whatever happens. */
export function handlerOf(resource: CustomResource) {
  return (runtime: Runtime) => async (event: unknown, context: LambdaContext): Promise<void> => {
    const request = openRequest(event);
    const times = deadlines(runtime.clock.now(), context.getRemainingTimeInMillis(), request.serviceTimeoutMs);
    const redact = redaction(request.responseUrl, runtime.env);
    const { type, stack, logicalId, requestId } = request;
    const logTo = (print: Runtime['print']) => logger(print, redact, { requestType: type, stackId: stack.id, logicalId, requestId });

    const over = new AbortController();
    const meanwhile = during(runtime, over.signal, times.cutOff);
    const session = { ...meanwhile, request, times, redact, log: logTo(meanwhile.runtime.print) };
    const answer = await Promise.race([answerTo(resource, session), outOfTime(resource, session)]);
    over.abort();
    await sendResponse(runtime, logTo(runtime.print), request, { ...answer, reason: answer.reason && redact(answer.reason) }, times.end);
  };
}

async function answerTo(resource: CustomResource, session: Session): Promise<Answer> {
  const { request, log } = session;
  try {
    return request.type === 'Delete' ? deleted(request) : await resource.answer(session);
  } catch (error) {
    if (error instanceof MalformedRequest) return failed(request, error.message);
    log('error', `the ${resource.name} failed`, { error: error instanceof Error ? error.stack : String(error) });
    return failed(request, `The ${resource.name} failed: ${String(error)}`);
  }
}

/** Lambda ends a function at its timeout without notice, and CloudFormation would then wait for the answer. */
async function outOfTime(resource: CustomResource, { runtime, request, times, log }: Session): Promise<Answer> {
  await runtime.clock.sleep(times.answer - times.start);
  const seconds = Math.round((times.answer - times.start) / 1000);
  const reason = [
    `The ${resource.name} ran out of time after ${seconds} s, because AWS did not answer.`,
    resource.whenOutOfTime?.(request),
    'Deploy again.',
  ].filter((sentence) => sentence).join(' ');
  log('error', reason);
  return failed(request, reason);
}
