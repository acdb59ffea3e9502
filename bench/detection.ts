import { median, seededRandom } from './statistics';
import { event, Simulation } from '../test/guard/handler/simulation';

export const detectionRuns = 50;
const WAIT_S = 600;

export interface Detection {
  readonly medianMs: number;
  readonly worstMs: number;
}

/** Measures the time from the push of an image to the answer of a waiting guard. */
export async function measureDetection(): Promise<Detection> {
  const random = seededRandom(20_261_124);
  const delays: number[] = [];
  for (let run = 0; run < detectionRuns; run++) {
    const aws = new Simulation();
    aws.random = random;
    const pushedAfter = 10_000 + random() * (WAIT_S - 30) * 1_000;
    const pushedAt = aws.clock.now() + pushedAfter;
    aws.clock.at(pushedAfter, () => aws.push('v1'));
    const { Status, Reason } = await aws.request(event({}, { WhenMissing: 'waitFor', WaitSeconds: String(WAIT_S) }));
    if (Status !== 'SUCCESS') throw new Error(`the image was not found: ${Reason}`);
    delays.push(aws.clock.now() - pushedAt);
  }
  return { medianMs: median(delays), worstMs: Math.max(...delays) };
}
