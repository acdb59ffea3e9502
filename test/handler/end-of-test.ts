import { VirtualClock } from './virtual-clock';

export interface Finished {
  readonly clock: VirtualClock;
  readonly lines: readonly string[];
  readonly answers: readonly string[];
}

/** Checks that nothing is still waiting, and that neither the log nor an answer contains a secret. */
export function expectCleanEnd({ clock, lines, answers }: Finished, secrets: readonly string[]): void {
  expect(clock.sleepers).toBe(0);
  for (const text of [...lines, ...answers]) {
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
}
