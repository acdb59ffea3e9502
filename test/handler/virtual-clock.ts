import { Clock } from '../../src/handler/runtime/runtime';

interface Timer {
  readonly due: number;
  readonly ring: () => void;
  readonly isCancellable?: boolean;
}

/** A clock whose time passes only when no other work is left. */
export class VirtualClock implements Clock {
  private time = Date.UTC(2026, 10, 24);
  private timers: Timer[] = [];

  public now(): number {
    return this.time;
  }

  public sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.timers = this.timers.filter((other) => other !== timer);
        reject(new Error('aborted'));
      };
      const ring = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const timer: Timer = { due: this.time + Math.max(0, ms), ring, isCancellable: signal !== undefined };
      this.timers.push(timer);
      signal?.addEventListener('abort', abort);
    });
  }

  public at(ms: number, then: () => void): void {
    this.timers.push({ due: this.time + ms, ring: then });
  }

  /** Number of sleeps that should have been woken. Zero after a handler has responded. */
  public get sleepers(): number {
    return this.timers.filter(({ isCancellable }) => isCancellable).length;
  }

  /** Lets time pass until the work is done. */
  public async until<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finish = () => { done = true; };
    work.then(finish, finish);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done) return work;
      if (this.timers.length === 0) throw new Error('the work waits for something that never happens');

      const next = this.timers.reduce((first, timer) => timer.due < first.due ? timer : first);
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.due;
      next.ring();
    }
  }
}
