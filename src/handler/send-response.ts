import { Request } from './request';
import { Answer, encode } from './response';
import { Log } from './runtime/log';
import { retryPause } from './runtime/pauses';
import { Runtime } from './runtime/runtime';

const ATTEMPT_MS = 5_000;
const FIRST_PAUSE_MS = 200;

/**
 * Delivers the answer. A repeated attempt sends the same bytes, and CloudFormation uses the first answer.
 *
 * @throws if the answer could not be delivered in time; Lambda then runs the whole request again
 */
export async function sendResponse(runtime: Runtime, log: Log, request: Request, answer: Answer, until: number): Promise<void> {
  const body = encode(request, answer);
  for (let attempt = 1; ; attempt++) {
    const problem = await put(runtime, request.responseUrl, body, until);
    if (problem === undefined) return;

    const pause = retryPause(attempt, runtime.random(), FIRST_PAUSE_MS);
    const hopeless = problem.final || runtime.clock.now() + pause >= until;
    log(hopeless ? 'error' : 'warn', 'the answer was not delivered', { problem: problem.message, attempt, hopeless });
    if (hopeless) throw new Error(`the answer could not be delivered: ${problem.message}`);
    await runtime.clock.sleep(pause);
  }
}

interface Problem {
  readonly message: string;
  /** Whether another attempt would fail in the same way. */
  readonly final: boolean;
}

async function put({ send, clock }: Runtime, url: string, body: string, until: number): Promise<Problem | undefined> {
  try {
    const { status } = await send({
      method: 'PUT',
      url,
      // The URL was signed for an empty content type.
      headers: { 'content-type': '', 'content-length': String(Buffer.byteLength(body)) },
      body,
      timeoutMs: Math.max(1, Math.min(ATTEMPT_MS, until - clock.now())),
    });
    if (status >= 200 && status < 300) return undefined;
    return { message: `HTTP ${status}`, final: status >= 300 && status < 500 && status !== 408 && status !== 429 };
  } catch (error) {
    return { message: String(error), final: false };
  }
}
