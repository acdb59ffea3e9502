import { randomImage, randomQuestion, randomStep, Step, TAGS } from './steps';
import { randomWorld, World } from './world';
import { ImageSpec } from '../aws/images';
import { Question } from '../aws/template';
import { Random } from '../runtime/random';

/** Version of the library that created the stack. */
export type Origin = 'tested' | 'contract-2' | 'contract-1';

/** A whole life cycle as data. The same story always runs in the same way. */
export interface Story {
  readonly seed: number;
  readonly world: World;
  readonly origin: Origin;
  readonly question: Question;
  readonly images: ReadonlyArray<{ readonly repository: string; readonly tag: string; readonly image: ImageSpec }>;
  readonly steps: readonly Step[];
}

export function randomStory(seed: number, stormy: boolean): Story {
  const random = Random.of('story', seed);
  const world = randomWorld(random, stormy);
  return {
    seed,
    world,
    origin: random.weighted<Origin>([10, 'tested'], [1, 'contract-2'], [0.5, 'contract-1']),
    question: randomQuestion(random),
    images: ['shop', 'other'].flatMap((repository) => (
      TAGS.filter(() => random.chance(0.85)).map((tag) => ({ repository, tag, image: randomImage(random) }))
    )),
    steps: Array.from({ length: random.integer(3, 10) }, () => randomStep(random, stormy)),
  };
}
