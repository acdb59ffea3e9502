import { MalformedRequest, openRequest, Request } from './request';
import { Answer, deleted, failed } from './response';
import { Deadlines, deadlines } from './runtime/deadlines';
import { Log, logger } from './runtime/log';
import { Redact, redaction } from './runtime/redaction';
import { during, LambdaContext, Runtime } from './runtime/runtime';
import { sendResponse } from './send-response';

/** One request of CloudFormation, and all that answering it takes. */
export interface Session {
  readonly runtime: Runtime;
  /** How many requests were sent so far. */
  readonly sent: () => number;
  readonly request: Request;
  readonly times: Deadlines;
  readonly log: Log;
  readonly redact: Redact;
}

/** A kind of custom resource. Delete is none of its business: nothing that is made here has to be deleted. */
export interface CustomResource {
  /** As reasons call it: `guard`. */
  readonly name: string;

  /** The answer to a Create or an Update. */
  answer(session: Session): Promise<Answer>;

  /** What a user should know where there was no time to answer properly. */
  whenOutOfTime?(request: Request): string;
}

/** Whatever happens, exactly one answer goes out, and in time. */
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

/** Lambda ends a function that is out of time without a word, and CloudFormation would wait for its answer. */
async function outOfTime(resource: CustomResource, { runtime, request, times, log }: Session): Promise<Answer> {
  await runtime.clock.sleep(times.answer - times.start);
  const seconds = Math.round((times.answer - times.start) / 1000);
  const reason = [
    `The ${resource.name} was out of time after ${seconds} s, because AWS did not answer.`,
    resource.whenOutOfTime?.(request),
    'Deploy again.',
  ].filter((sentence) => sentence).join(' ');
  log('error', reason);
  return failed(request, reason);
}
