import { wildcard } from './wildcard';

/**
 * Whether EventBridge sends an event to the targets of a rule. Supports only the pattern features used here and throws for
 * all others, so that none is silently ignored.
 */
export function matches(pattern: any, event: any): boolean {
  const { $or: alternatives, ...all } = pattern;
  return (alternatives === undefined || alternatives.some((alternative: any) => matches(alternative, event)))
    && Object.entries<any>(all).every(([key, expected]) => Array.isArray(expected)
      ? [event[key]].flat().some((value) => expected.some((each) => matchesValue(each, value)))
      : event[key] !== undefined && matches(expected, event[key]));
}

function matchesValue(expected: any, value: unknown): boolean {
  if (typeof expected === 'string') return value === expected;

  const [[operator, operand], ...others] = Object.entries<any>(expected);
  if (others.length > 0) throw new Error(`not an operator: ${JSON.stringify(expected)}`);
  switch (operator) {
    case 'prefix':
      return typeof value === 'string' && value.startsWith(operand);
    case 'wildcard':
      return typeof value === 'string' && wildcard(operand).test(value);
    case 'anything-but':
      return value !== undefined && !matchesValue(operand, value);
    default:
      throw new Error(`cannot tell what ${operator} matches`);
  }
}
