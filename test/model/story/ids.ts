import { Random } from '../runtime/random';

/** A random id in AWS's format. */
export function randomUUIDs(random: Random): () => string {
  return () => [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join('-');
}
