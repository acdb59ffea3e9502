import { run, RunOptions } from './run';
import { Story } from './story';
import { Invariant } from '../judge/invariants';

/** Reduces a story to the steps, faults and events that the violation needs. */
export async function minimized(story: Story, invariant: Invariant, options: RunOptions): Promise<Story> {
  const stillWrong = async (candidate: Story) => (await run(candidate, options)).verdict.violated.has(invariant);
  let smallest = story;
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (const candidate of smaller(smallest)) {
      if (!await stillWrong(candidate)) continue;
      smallest = candidate;
      shrunk = true;
      break;
    }
  }
  return smallest;
}

function* smaller(story: Story): Generator<Story> {
  const { steps } = story;
  for (let index = steps.length - 1; index >= 0; index--) yield { ...story, steps: steps.filter((_, other) => other !== index) };
  for (const step of steps) {
    const replaced = (changed: object) => ({ ...story, steps: steps.map((other) => other === step ? { ...step, ...changed } : other) });
    for (const [at] of step.faults.entries()) yield replaced({ faults: step.faults.filter((_, other) => other !== at) });
    for (const [at] of step.meanwhile.entries()) yield replaced({ meanwhile: step.meanwhile.filter((_, other) => other !== at) });
    if (step.kind === 'deploy' && step.mishap.kind !== 'none') yield replaced({ mishap: { kind: 'none' } });
  }
  for (const [index] of story.images.entries()) yield { ...story, images: story.images.filter((_, other) => other !== index) };
}
