import { Answer, encode } from './answer';
import { Log } from './log';
import { Envelope } from './parse';
import { World } from './world';

const ATTEMPT_MS = 5_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Delivers the one answer. A repeated attempt carries the same bytes, and CloudFormation takes the first.
 *
 * @throws when it could not be delivered in time: then Lambda runs the whole request again
 */
export async function respond(world: World, log: Log, envelope: Envelope, answer: Answer, until: number): Promise<void> {
  const body = encode(envelope, answer);
  for (let attempt = 1; ; attempt++) {
    const problem = await put(world, envelope.responseUrl, body, until);
    if (problem === undefined) return;

    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (1 + world.random()) / 2;
    const hopeless = problem.final || world.clock.now() + pause >= until;
    log(hopeless ? 'error' : 'warn', 'the answer was not delivered', { problem: problem.message, attempt, hopeless });
    if (hopeless) throw new Error(`the answer could not be delivered: ${problem.message}`);
    await world.clock.sleep(pause);
  }
}

interface Problem {
  readonly message: string;
  /** To try again would end the same way. */
  readonly final: boolean;
}

async function put({ send, clock }: World, url: string, body: string, until: number): Promise<Problem | undefined> {
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
