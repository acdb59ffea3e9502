const SHORTEST = 8;

/** Pieces of the secrets that must not appear anywhere, regardless of where they were cut. */
export class Secrets {
  private readonly pieces = new Set<string>();

  constructor(...secrets: string[]) {
    for (const secret of secrets) {
      for (let start = 0; start + SHORTEST <= secret.length; start++) this.pieces.add(secret.slice(start, start + SHORTEST));
    }
  }

  public foundIn(text: string): string | undefined {
    for (let start = 0; start + SHORTEST <= text.length; start++) {
      if (this.pieces.has(text.slice(start, start + SHORTEST))) return text.slice(Math.max(0, start - 20), start + SHORTEST + 20);
    }
    return undefined;
  }
}
