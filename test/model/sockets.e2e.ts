import { ProcessEnvironment } from './aws/process-environment';
import { Question } from './aws/template';
import { RealTime } from './runtime/real-time';
import { run } from './story/run';
import { randomStory, Story } from './story/story';
import { TESTED_FILE, versionOf } from './story/subject';

const STORIES = Number(process.env.MODEL_PROCESSES ?? 25);
const HASTE = 500;
const AT_ONCE = 5;

/** A quick story: nobody waits for an image, and nothing is delivered late. */
function quickStory(seed: number): Story {
  const story = randomStory(seed, false);
  const atOnce = <T extends Partial<Question>>(question: T): T => ({
    ...question,
    ...question.whenMissing === 'waitFor' && { whenMissing: 'fail' },
    ...question.requirements && { requirements: question.requirements.map((requirement) => ({ ...requirement, waitSeconds: 0 })) },
  });
  return {
    ...story,
    origin: 'tested',
    question: atOnce(story.question),
    images: story.images.filter(({ image }) => image.kind !== 'latin1'),
    steps: story.steps.map((step) => ({
      ...step,
      ...step.kind === 'deploy' && { change: { ...step.change, question: atOnce(step.change.question) } },
      meanwhile: step.meanwhile.map((timed) => ({ ...timed, afterMs: timed.afterMs / HASTE })),
    })),
  };
}

test(`${STORIES} stories with real processes and sockets satisfy the same invariants as in virtual time`, async () => {
  const seeds = Array.from({ length: STORIES }, (_, index) => index + 1);
  const found: string[] = [];
  while (seeds.length > 0) found.push(...await Promise.all(seeds.splice(0, AT_ONCE).map(violations)));

  expect(found.filter((text) => text !== '')).toEqual([]);
});

/** The violations as readable text, or an empty text. */
async function violations(seed: number): Promise<string> {
  const environments: Array<ProcessEnvironment<Question>> = [];
  const { verdict, trace } = await run(quickStory(seed), {
    subject: versionOf('tested'),
    traced: true,
    prompt: true,
    time: new RealTime(HASTE),
    newEnvironment: (version, options) => {
      const environment = new ProcessEnvironment(version, options, TESTED_FILE);
      environments.push(environment);
      return environment;
    },
  });
  await Promise.all(environments.map((environment) => environment.close()));
  return verdict.violations.length === 0 ? '' : `Seed ${seed}:\n${trace.text(verdict.violations)}`;
}
