import { Duration } from 'aws-cdk-lib';
import { shown } from './validation';

/** Checks the value of an option. Returns a description of the problem, if there is one. A token can be a string, a number, or a list. */
export type Kind = (name: string, value: unknown) => string | undefined;

/** A check for each option. A new option does not compile without one. */
export type Kinds<T> = { readonly [K in keyof T]-?: Kind };

export const anyText = kind('a string', (value) => typeof value === 'string');
export const anyNumber = kind('a number', (value) => typeof value === 'number');

/** For numbers whose range nothing else checks. */
export const finiteNumber = kind('a finite number', (value) => Number.isFinite(value));
export const anyFlag = kind('true or false', (value) => typeof value === 'boolean');

/** `Duration` accepts a value that is not a number. All comparisons with its length are then false. */
export const anyDuration: Kind = (name, value) => aDuration(name, value)
  ?? (!(value as Duration).isUnresolved() && Number.isNaN((value as Duration).toMilliseconds({ integral: false })) ? `${name} NaN is not a Duration` : undefined);

/** A duration that aws-cdk-lib renders in one unit. It cannot convert a token to that unit. */
export function durationIn(unit: 'seconds' | 'minutes'): Kind {
  return (name, value) => anyDuration(name, value) ?? ((value as Duration).isUnresolved() && (value as Duration).unitLabel() !== unit
    ? `${name} is a token in ${(value as Duration).unitLabel()}, which cannot be converted: pass Duration.${unit}(…)`
    : undefined);
}

const aDuration = instance('a Duration', 'toSeconds', 'toMilliseconds', 'isUnresolved');
export const aStack = instance('a Stack', 'stackName', 'node');
export const aRepository = instance('an ECR repository', 'node', 'repositoryName', 'repositoryArn', 'repositoryUriForDigest');

/** One of the values of an enum. */
export function oneOf(...values: (string | number)[]): Kind {
  return (name, value) => values.includes(value as string)
    ? undefined
    : `${name} ${shown(value)} is not one of ${values.join(', ')}`;
}

/** An object with these members, such as a construct or a class. `instanceof` would fail across copies of a package. */
export function instance(what: string, ...members: string[]): Kind {
  return kind(what, (value) => isRecord(value) && members.every((member) => member in value));
}

export function listOf(item: Kind): Kind {
  return (name, value) => Array.isArray(value)
    ? firstFault(value.map((each, index) => item(`${name}[${index}]`, each)))
    : `${name} ${shown(value)} is not a list`;
}

export function mapOf(item: Kind): Kind {
  return (name, value) => isRecord(value)
    ? firstFault(Object.entries(value).map(([key, each]) => item(`${name}.${key}`, each)))
    : `${name} ${shown(value)} is not an object`;
}

/**
 * An object with these properties. Required properties must be present. Other properties may belong to a newer aws-cdk-lib, but
 * a name that resembles a known property must be misspelled.
 */
export function structOf(required: Record<string, Kind>, optional: Record<string, Kind> = {}): Kind {
  const kinds = Object.entries({ ...required, ...optional });
  return (name, value) => isRecord(value)
    ? firstFault([
      ...misspelled(value, kinds.map(([key]) => key)).map((wrong) => `${name}.${wrong.name} is not an option: did you mean ${wrong.meant}?`),
      ...kinds.map(([key, each]) => value[key] == null && key in optional ? undefined : each(`${name}.${key}`, value[key])),
    ])
    : `${name} ${shown(value)} is not an object`;
}

/**
 * Returns the options that are set, without null and undefined.
 *
 * @param fail creates the error
 * @param required names of the options without a default
 * @throws if an option has the wrong type; only callers without a type checker can cause this
 */
export function givenOptions<T extends object>(
  options: T, kinds: Kinds<T>, fail: (message: string) => Error, required: (keyof T & string)[] = [],
): T {
  if (!isRecord(options)) throw fail(`options ${shown(options)} is not an object`);
  const names = (Object.keys(kinds) as (keyof T & string)[]).filter((name) => options[name] != null || required.includes(name));
  const fault = firstFault(names.map((name) => kinds[name](name, options[name])));
  if (fault) throw fail(fault);
  return withoutNull(Object.fromEntries(names.map((name) => [name, options[name]]))) as T;
}

/** jsii treats null as undefined. This also applies to nested structs, which aws-cdk-lib reads. */
function withoutNull(value: unknown, within: readonly unknown[] = []): unknown {
  if (within.includes(value)) return value;
  const inner = (member: unknown) => withoutNull(member, [...within, value]);
  if (Array.isArray(value)) return value.map(inner);
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member != null).map(([key, member]) => [key, inner(member)]));
}

/**
 * Returns the options of a factory. Users cannot add their own options here, so any other name is a mistake.
 *
 * @throws in the same cases as `givenOptions`, and for an unknown name
 */
export function factoryOptions<T extends object>(
  options: T, kinds: Kinds<T>, fail: (message: string) => Error, required: (keyof T & string)[] = [],
): T {
  const names = Object.keys(kinds);
  if (isRecord(options)) {
    for (const { name, meant } of misspelled(options, names)) throw fail(`${name} is not an option: did you mean ${meant}?`);
    for (const name of unknownNames(options, names)) throw fail(`${name} is not an option: the options are ${names.join(', ')}`);
  }
  return givenOptions(options, kinds, fail, required);
}

/** Returns names that look like misspelled options, each with the option that was probably meant. */
export function misspelled(given: object, options: string[]): { name: string; meant: string }[] {
  return unknownNames(given, options)
    .flatMap((name) => options.filter((option) => isNearly(name, option)).slice(0, 1).map((meant) => ({ name, meant })));
}

function unknownNames(given: object, options: string[]): string[] {
  return Object.entries(given).filter(([name, value]) => value != null && !options.includes(name)).map(([name]) => name);
}

function kind(what: string, accepts: (value: unknown) => boolean): Kind {
  return (name, value) => accepts(value) ? undefined : `${name} ${shown(value)} is not ${what}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstFault(faults: (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}

/** Whether two names differ only in case, in one missing, additional, or replaced letter, or in two swapped letters. */
function isNearly(name: string, option: string): boolean {
  const [one, other] = [name.toLowerCase(), option.toLowerCase()];
  if (one === other) return true;
  if (Math.min(one.length, other.length) < 5) return false;
  const [shorter, longer] = one.length <= other.length ? [one, other] : [other, one];
  if (longer.length - shorter.length > 1) return false;
  const start = [...shorter].findIndex((letter, index) => letter !== longer[index]);
  const same = start === -1 ? shorter.length : start;
  const swapped = shorter.slice(0, same) + (shorter[same + 1] ?? '') + (shorter[same] ?? '') + shorter.slice(same + 2);
  return swapped === longer || longer.slice(same + 1) === shorter.slice(longer.length === shorter.length ? same + 1 : same);
}
