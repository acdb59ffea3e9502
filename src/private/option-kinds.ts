import { Duration } from 'aws-cdk-lib';
import { shown } from './validation';

/** Finds fault with the value of an option: what it is not, in words. Tokens are strings, numbers and lists themselves. */
export type Kind = (name: string, value: unknown) => string | undefined;

/** The kind of each option, so that a new option does not compile without one. */
export type Kinds<T> = { readonly [K in keyof T]-?: Kind };

export const anyText = kind('a string', (value) => typeof value === 'string');
export const anyNumber = kind('a number', (value) => typeof value === 'number');
export const anyFlag = kind('true or false', (value) => typeof value === 'boolean');

/** Of what was not a number there is no length, and every comparison with it is false. */
export const anyDuration: Kind = (name, value) => aDuration(name, value)
  ?? (!(value as Duration).isUnresolved() && Number.isNaN((value as Duration).toMilliseconds({ integral: false })) ? `${name} NaN is not a Duration` : undefined);

const aDuration = instance('a Duration', 'toSeconds', 'toMilliseconds', 'isUnresolved');
export const aStack = instance('a Stack', 'stackName', 'node');
export const aRepository = instance('an ECR repository', 'node', 'repositoryName', 'repositoryArn', 'repositoryUriForDigest');

/** One of the values of an enum, or a newer one that this version of aws-cdk-lib does not know: a string all the same. */
export function oneOf(...values: (string | number)[]): Kind {
  return (name, value) => values.includes(value as string)
    ? undefined
    : `${name} ${shown(value)} is none of ${values.join(', ')}`;
}

/** An object that has these members, as constructs and classes do: `instanceof` fails across copies of a package. */
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

/** A struct of which these properties are judged. The required ones are there, the others may be. */
export function structOf(required: Record<string, Kind>, optional: Record<string, Kind> = {}): Kind {
  return (name, value) => isRecord(value)
    ? firstFault(Object.entries({ ...required, ...optional }).map(([key, each]) =>
      value[key] == null && key in optional ? undefined : each(`${name}.${key}`, value[key])))
    : `${name} ${shown(value)} is not an object`;
}

/**
 * The options that are given, without those that are null or undefined.
 *
 * @param fail makes the error
 * @param required options that there is no default for
 * @throws if one of them is of another kind, which only programs without types get this far with
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

/** Null counts as left out, as it does for jsii: in structs within the options too, which aws-cdk-lib reads. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member != null).map(([key, member]) => [key, withoutNull(member)]));
}

/**
 * The options of a factory. Nobody extends these with options of their own, so a name that is nearly that of an option is
 * a mistake.
 *
 * @throws also for such a name
 */
export function factoryOptions<T extends object>(
  options: T, kinds: Kinds<T>, fail: (message: string) => Error, required: (keyof T & string)[] = [],
): T {
  const given = givenOptions(options, kinds, fail, required);
  for (const { name, meant } of misspelled(options, Object.keys(kinds))) throw fail(`${name} is not an option: did you mean ${meant}?`);
  return given;
}

/** Names that are no options but nearly so, each with the option that is probably meant. */
export function misspelled(given: object, options: string[]): { name: string; meant: string }[] {
  const unknown = Object.keys(given).filter((name) => !options.includes(name));
  return unknown.flatMap((name) => options.filter((option) => isNearly(name, option)).slice(0, 1).map((meant) => ({ name, meant })));
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

/** The same but for case, or for a letter that is left out, added or exchanged. */
function isNearly(name: string, option: string): boolean {
  const [one, other] = [name.toLowerCase(), option.toLowerCase()];
  if (one === other) return true;
  if (Math.min(one.length, other.length) < 5) return false;
  const [shorter, longer] = one.length <= other.length ? [one, other] : [other, one];
  if (longer.length - shorter.length > 1) return false;
  const start = [...shorter].findIndex((letter, index) => letter !== longer[index]);
  const same = start === -1 ? shorter.length : start;
  return longer.slice(same + 1) === shorter.slice(longer.length === shorter.length ? same + 1 : same);
}
