import { Duration, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The largest number that APIs of AWS accept as an integer. */
export const MOST_INTEGER = 2_147_483_647;

const withPath = new WeakSet<Error>();

/** Creates an error in the style of CDK: the problem, then the path. */
export function invalid(scope: IConstruct, message: string): Error {
  const error = new Error(`${message} (at ${scope.node.path || 'the app'})`);
  withPath.add(error);
  return error;
}

/** @throws if there is a fault */
export function refuse(scope: IConstruct, fault: string | undefined): void {
  if (fault !== undefined) throw invalid(scope, fault);
}

/**
 * Adds the path to errors of functions that do not know the construct.
 *
 * @param property property that the function reads; errors of aws-cdk-lib do not name it
 */
export function located<T>(scope: IConstruct, work: () => T, property?: string): T {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw withPath.has(error as Error) ? error : invalid(scope, property === undefined ? message : `${property}: ${message}`);
  }
}

/** Formats an invalid value for an error. Distinguishes `undefined`, an empty string, and an object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return Token.isUnresolved(value) ? 'a token' : `"${value}"`;
  if (typeof value === 'number' && Token.isUnresolved(value)) return 'a token';
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'function') return `function ${value.name}`.trim();
  if (typeof value === 'object' && value !== null) {
    const { constructor } = Object.getPrototypeOf(value) ?? Object.prototype;
    const names = Object.keys(value).join(', ');
    return constructor !== Object ? constructor.name : names && `{ ${names} }` || '{}';
  }
  return String(value);
}

/**
 * Placeholders that `fromLookup` and `valueFromLookup` of CDK return until the CDK CLI has looked up the value. The CLI
 * looks up values only after a successful synthesis, so no check can refuse a placeholder.
 */
const PLACEHOLDERS = [
  /dummy-value-for-/,
  /(^|\/)DUMMY_ARN$/,
  /^vpc-12345$/,
  /^arn:aws:elasticloadbalancing:us-west-2:123456789012:\w+\/\w+\/my-load-balancer\/50dc6c495c0c9188\b/,
];

export function isPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && PLACEHOLDERS.some((placeholder) => placeholder.test(value));
}

/** Whether a check can evaluate a value: it is neither a token nor a placeholder. */
export function isKnown(value: unknown): boolean {
  return !Token.isUnresolved(value) && !isPlaceholder(value);
}

/** Whether a number is known at synthesis and out of range. Tokens pass. */
export function outside(value: number, min: number, max = Infinity): boolean {
  return isKnown(value) && !(Number.isSafeInteger(value) && value >= min && value <= max);
}

/** Whether a duration is known at synthesis, and is out of range or not a whole number of this unit. */
export function durationOutside(unit: 'seconds' | 'minutes', duration: Duration, min: number, max: number): boolean {
  if (duration.isUnresolved()) return false;
  const length = unit === 'seconds' ? duration.toSeconds({ integral: false }) : duration.toMinutes({ integral: false });
  return outside(length, min, max);
}
