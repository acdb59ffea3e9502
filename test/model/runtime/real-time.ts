import { Time, Timer } from './virtual-time';

const LONGEST_SLEEP_MS = 100;

/** The clock of this machine. Waiting alone is shortened. */
export class RealTime implements Time {
  private pending = 0;
  private onIdle?: () => void;

  constructor(private readonly haste: number) {}

  public get now(): number {
    return Date.now();
  }

  public after(ms: number, action: () => void): Timer {
    this.pending++;
    let over = false;
    const finish = () => {
      if (over) return;
      over = true;
      this.pending--;
      // The consequences of the action may need more time.
      setImmediate(() => { if (this.pending === 0) this.onIdle?.(); });
    };
    const timer = setTimeout(() => {
      action();
      finish();
    }, ms);
    return {
      cancel: () => {
        clearTimeout(timer);
        finish();
      },
    };
  }

  public async sleep(ms: number): Promise<void> {
    return new Promise((resolve) => { this.after(Math.min(LONGEST_SLEEP_MS, ms / this.haste), resolve); });
  }

  public async run(): Promise<void> {
    await new Promise<void>((resolve) => { this.onIdle = resolve; });
  }
}
