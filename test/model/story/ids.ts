import { Random } from '../runtime/random';

/** In the form of AWS's own ids. */
export function randomUUIDs(random: Random): () => string {
  return () => [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join('-');
}
