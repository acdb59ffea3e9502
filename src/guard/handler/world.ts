import { setTimeout as sleep } from 'node:timers/promises';
import { Send, sendOverNetwork } from './http';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** All that lies outside the handler, in one place, so that tests can stand in for it. */
export interface World {
  readonly send: Send;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the handler uses of Lambda's context. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/**
 * The world during one request. It counts what is sent, and falls silent when the answer is out: whatever is still
 * under way then is frozen by Lambda, and would go on in the middle of the next request.
 */
export function during(world: World, over: AbortSignal): { readonly world: World; readonly sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    world: {
      ...world,
      clock: { now: () => world.clock.now(), sleep: (ms) => world.clock.sleep(ms, over) },
      send: async (request) => {
        over.throwIfAborted();
        sent++;
        return world.send(request);
      },
      print: (line) => {
        if (!over.aborted) world.print(line);
      },
    },
  };
}

export const realWorld: World = {
  send: sendOverNetwork,
  clock: {
    now: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  },
  random: Math.random,
  print: console.log,
  env: process.env,
};
