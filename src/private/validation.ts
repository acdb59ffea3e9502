import { Duration, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** An error as CDK words them: what is wrong, then where. */
export function invalid(scope: IConstruct, message: string): Error {
  return new Error(`${message} (at ${scope.node.path || 'the app'})`);
}

/** Errors of what knows nothing of constructs say where they come from too. */
export function located<T>(scope: IConstruct, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw / \(at [^)]*\)$/.test(message) ? error : invalid(scope, message);
  }
}

/** How a refused value is shown: `undefined`, an empty string and an object must be told apart. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return Token.isUnresolved(value) ? 'a token' : `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'function') return `function ${value.name}`.trim();
  if (typeof value === 'object' && value !== null) {
    const { constructor } = Object.getPrototypeOf(value) ?? Object.prototype;
    const names = Object.keys(value).join(', ');
    return constructor !== Object ? constructor.name : names && `{ ${names} }` || '{}';
  }
  return String(value);
}

const holdersByApp = new WeakMap<IConstruct, Map<string, string>>();

/** The path of who in the app has claimed this before; where nobody has, it is the scope's from now on. */
export function claim(scope: IConstruct, what: string): string | undefined {
  const holders = holdersByApp.get(scope.node.root) ?? new Map<string, string>();
  holdersByApp.set(scope.node.root, holders);
  const holder = holders.get(what);
  if (holder === undefined) holders.set(what, scope.node.path);
  return holder;
}

/** Whether a number is known at synthesis and lies outside what is allowed. Tokens pass. */
export function outside(value: number, min: number, max = Infinity): boolean {
  return !Token.isUnresolved(value) && !(Number.isSafeInteger(value) && value >= min && value <= max);
}

/** The same for a duration, which has to be whole in this unit. */
export function durationOutside(unit: 'seconds' | 'minutes', duration: Duration, min: number, max: number): boolean {
  if (duration.isUnresolved()) return false;
  const length = unit === 'seconds' ? duration.toSeconds({ integral: false }) : duration.toMinutes({ integral: false });
  return outside(length, min, max);
}
