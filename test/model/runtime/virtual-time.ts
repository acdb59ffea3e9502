/** Owner of events that can be stopped at any time, such as a frozen or dead execution environment of Lambda. */
export interface Owner {
  /** Events that come due while it is frozen. */
  backlog: Array<() => void>;
  readonly state: 'running' | 'frozen' | 'dead';
}

export interface Timer {
  cancel(): void;
}

/** The clock that the model uses. */
export interface Time {
  readonly now: number;
  after(ms: number, action: () => void, owner?: Owner): Timer;
  sleep(ms: number): Promise<void>;
  run(most: number): Promise<void>;
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly action: () => void;
  readonly owner?: Owner;
  cancelled: boolean;
}

/** Time that passes only from event to event, so that an hour takes only as long as its events. */
export class VirtualTime implements Time {
  /** Milliseconds since 1970. */
  public now: number;
  public events = 0;
  private readonly heap: Event[] = [];
  private order = 0;

  constructor(start: number) {
    this.now = start;
  }

  public after(ms: number, action: () => void, owner?: Owner): Timer {
    const event: Event = { time: this.now + Math.max(0, ms || 0), order: this.order++, action, owner, cancelled: false };
    this.push(event);
    return { cancel: () => { event.cancelled = true; } };
  }

  public async sleep(ms: number): Promise<void> {
    return new Promise((resolve) => { this.after(ms, resolve); });
  }

  /**
   * Runs event after event until there is none. All pending promises settle between two events.
   *
   * @throws if the events do not end
   */
  public async run(most: number): Promise<void> {
    await settled();
    for (let event = this.pop(); event; event = this.pop()) {
      if (event.cancelled || event.owner?.state === 'dead') continue;
      this.now = event.time;
      if (event.owner?.state === 'frozen') {
        event.owner.backlog.push(event.action);
        continue;
      }
      if (++this.events > most) throw new Error(`more than ${most} events`);
      event.action();
      await settled();
    }
  }

  private push(event: Event): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = Math.floor((index - 1) / 2);
      if (isBefore(heap[parent], event)) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): Event | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    let index = 0;
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (isBefore(last, heap[child])) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}

/** Node.js runs all promises and next-tick callbacks before the next `setImmediate` callback. */
async function settled(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve); });
}
