import { setTimeout as sleep } from 'node:timers/promises';
import { NetworkError, Send, sendOverNetwork } from './http';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The ports of the handler: everything outside the handler, so that tests can replace it. */
export interface Runtime {
  readonly send: Send;
  readonly clock: Clock;
  /** Number from 0 to below 1. */
  readonly random: () => number;
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The part of the Lambda context that the handler uses. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/**
 * The runtime of one request. It counts HTTP requests, and limits each of them to the cut-off. It stops when the answer is
 * sent, because Lambda freezes unfinished work and would resume it during the next request.
 */
export function during(runtime: Runtime, over: AbortSignal, cutOff: number): { readonly runtime: Runtime; readonly sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    runtime: {
      ...runtime,
      clock: { now: () => runtime.clock.now(), sleep: (ms) => runtime.clock.sleep(ms, over) },
      send: async (request) => {
        over.throwIfAborted();
        const leftMs = cutOff - runtime.clock.now();
        if (leftMs <= 0) throw new NetworkError('no time is left for a request');
        sent++;
        return runtime.send({ ...request, timeoutMs: Math.min(request.timeoutMs, leftMs) });
      },
      print: (line) => {
        if (!over.aborted) runtime.print(line);
      },
    },
  };
}

export const lambdaRuntime: Runtime = {
  send: sendOverNetwork,
  clock: {
    now: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  },
  random: Math.random,
  print: console.log,
  env: process.env,
};
