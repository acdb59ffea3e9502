/** Random numbers that a seed reproduces, on every machine. */
export class Random {
  /** Independent of every other stream of the same seed, so that a step that is left out changes no other step. */
  public static of(...parts: Array<string | number>): Random {
    let hash = 0x811c9dc5;
    for (const char of parts.join('\n')) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
    return new Random(hash >>> 0);
  }

  private constructor(private state: number) {
    for (let i = 0; i < 4; i++) this.next();
  }

  /** From 0 to below 1 (mulberry32). */
  public next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  public chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Both ends included. */
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
