import * as crypto from 'node:crypto';
import { compileFunction } from 'node:vm';
import { httpModule, Line } from './network';
import { Timer } from './virtual-time';

export interface LambdaContext {
  readonly functionName: string;
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

/** Globals and modules of a bundle in place of the machine's: the same names, on virtual time and a virtual network. */
export interface Surroundings extends Line {
  readonly random: () => number;
  readonly print: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
}

const GLOBALS = [
  'require', 'module', 'exports', 'process', 'console', 'Date', 'Math', 'AbortSignal', 'setTimeout', 'clearTimeout',
  'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'performance', 'fetch', 'globalThis', 'global',
];

/** A bundle that is compiled once and started each time Lambda would start it. */
export class Bundle {
  private readonly start: (...values: unknown[]) => void;

  constructor(code: string) {
    this.start = compileFunction(code, GLOBALS, { filename: 'bundle.js' }) as (...values: unknown[]) => void;
  }

  /** A cold start. */
  public load(surroundings: Surroundings): Handler {
    const timers = timersOf(surroundings);
    const modules = modulesOf(surroundings, timers);
    const module: { exports: { handler?: Handler } } = { exports: {} };
    const values: Record<string, unknown> = {
      ...timers,
      module,
      exports: module.exports,
      require: (name: string) => modules[name.replace(/^node:/, '')] ?? refuse(`the module ${name}`),
      process: processOf(surroundings),
      console: consoleOf(surroundings),
      Date: dateOf(surroundings),
      Math: Object.assign(Object.create(Math), { random: surroundings.random }),
      AbortSignal: abortSignalOf(surroundings),
      performance: { now: () => surroundings.time.now },
      fetch: () => refuse('fetch'),
    };
    values.globalThis = values.global = values;
    this.start(...GLOBALS.map((name) => values[name]));
    if (!module.exports.handler) throw new Error('the bundle exports no handler');
    return module.exports.handler;
  }
}

function refuse(what: string): never {
  throw new Error(`the model does not stand in for ${what}, which the bundle wants: teach it in test/model/runtime/sandbox.ts`);
}

function timersOf({ time, owner }: Surroundings) {
  const handle = (timer: Timer) => {
    const self = { ...timer, ref: () => self, unref: () => self, hasRef: () => true };
    return self;
  };
  const clear = (timer?: Timer) => timer?.cancel();
  const setTimeout = (action: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => (
    handle(time.after(Math.max(1, ms), () => action(...args), owner))
  );
  const setInterval = (action: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => {
    let current: Timer;
    const next = () => { current = time.after(Math.max(1, ms), () => { next(); action(...args); }, owner); };
    next();
    return handle({ cancel: () => current.cancel() });
  };
  const setImmediate = (action: (...args: unknown[]) => void, ...args: unknown[]) => handle(time.after(0, () => action(...args), owner));
  return { setTimeout, setInterval, setImmediate, clearTimeout: clear, clearInterval: clear, clearImmediate: clear };
}

type Timers = ReturnType<typeof timersOf>;

function modulesOf(surroundings: Surroundings, timers: Timers): Record<string, unknown> {
  const sleep = async <T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}) => new Promise<T | undefined>((resolve, reject) => {
    const abort = () => {
      timer.cancel();
      reject(Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
    };
    const timer = timers.setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    }, ms);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
  });
  return {
    'crypto': crypto,
    'http': httpModule(surroundings, 'http:'),
    'https': httpModule(surroundings, 'https:'),
    'timers': timers,
    'timers/promises': { setTimeout: sleep, setImmediate: async <T>(value?: T) => sleep(0, value), scheduler: { wait: sleep } },
  };
}

function processOf({ environment, print, time }: Surroundings) {
  const stream = { write: (text: string) => { print(text); return true; } };
  return {
    env: { ...environment },
    stdout: stream,
    stderr: stream,
    version: process.version,
    versions: process.versions,
    platform: 'linux',
    arch: 'x64',
    nextTick: process.nextTick,
    hrtime: { bigint: () => BigInt(Math.round(time.now * 1e6)) },
    uptime: () => time.now / 1000,
    emitWarning: print,
  };
}

function consoleOf({ print }: Surroundings) {
  const log = (...texts: unknown[]) => print(texts.map((text) => typeof text === 'string' ? text : JSON.stringify(text)).join(' '));
  return { log, info: log, warn: log, error: log, debug: log, trace: log };
}

function dateOf({ time }: Surroundings): DateConstructor {
  return new Proxy(Date, {
    construct: (target, args: [], newTarget) => Reflect.construct(target, args.length > 0 ? args : [time.now], newTarget),
    apply: () => new Date(time.now).toString(),
    get: (target, name) => name === 'now' ? () => Math.floor(time.now) : Reflect.get(target, name) as unknown,
  });
}

function abortSignalOf({ time, owner }: Surroundings): typeof AbortSignal {
  const timeout = (ms: number) => {
    const controller = new AbortController();
    time.after(ms, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), owner);
    return controller.signal;
  };
  return new Proxy(AbortSignal, { get: (target, name) => name === 'timeout' ? timeout : Reflect.get(target, name) as unknown });
}
