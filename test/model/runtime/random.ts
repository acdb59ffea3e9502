import { createHash } from 'node:crypto';

const MODULUS = 2 ** 31 - 1;

/** Random numbers that a seed reproduces on every machine. */
export class Random {
  /** A stream that is independent of all others of the same seed, so that omitting a step changes no other step. */
  public static of(...parts: Array<string | number>): Random {
    const hash = createHash('sha256').update(parts.join('\n')).digest();
    return new Random(1 + (hash.readUInt32BE() % (MODULUS - 1)));
  }

  private constructor(private state: number) {}

  /** At least 0 and less than 1, from the generator of Park and Miller, whose products are exact in doubles. */
  public next(): number {
    this.state = (this.state * 48271) % MODULUS;
    return (this.state - 1) / (MODULUS - 1);
  }

  public chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer in a range that includes both ends. */
  public integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1));
  }

  public pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }

  public weighted<T>(...choices: ReadonlyArray<readonly [weight: number, choice: T]>): T {
    let point = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      point -= weight;
      if (point < 0) return choice;
    }
    return choices[choices.length - 1][1];
  }

  public hex(digits: number): string {
    return Array.from({ length: digits }, () => Math.floor(this.next() * 16).toString(16)).join('');
  }
}
