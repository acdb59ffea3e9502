import { loadEsm } from '../../util/esm';

/** Values available to expressions of a workflow, by context: `needs`, `steps`, `github`, … */
export type Contexts = Record<string, unknown>;

/** Results of `success()`, `failure()` and similar functions at this point of the run. */
export interface Status {
  readonly success: boolean;
  readonly failure: boolean;
}

/** GitHub's own expression evaluator. */
const { Lexer, Parser, Evaluator, data } = loadEsm('@actions/expressions');

const STATUS_FUNCTIONS = ['success', 'failure', 'always', 'cancelled'];

/** Replaces expressions in a value at any depth. */
export function interpolate<T>(value: T, contexts: Contexts, status: Status): T {
  if (typeof value === 'string') {
    return value.replace(/\$\{\{(.*?)\}\}/g, (_, expression) => evaluate(expression, contexts, status).coerceString()) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, interpolate(inner, contexts, status)]);
  return (Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)) as T;
}

/** Whether a job or step runs. Unless its condition checks the status, the status must be a success. */
export function holds(condition: string | undefined, contexts: Contexts, status: Status): boolean {
  const expression = String(condition ?? 'success()').replace(/^\s*\$\{\{(.*)\}\}\s*$/, '$1');
  const tellsStatus = new RegExp(`\\b(${STATUS_FUNCTIONS.join('|')})\\s*\\(`).test(expression);
  const result = evaluate(tellsStatus ? expression : `success() && (${expression})`, contexts, status);
  return result.coerceString() !== 'false' && result.coerceString() !== '' && result.coerceString() !== '0';
}

function evaluate(expression: string, contexts: Contexts, { success, failure }: Status): { coerceString(): string } {
  const answers: Record<string, boolean> = { success, failure, always: true, cancelled: false };
  const functions = STATUS_FUNCTIONS.map((name) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(answers[name]) }));
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  return new Evaluator(parsed, toData(contexts), new Map(functions.map((fn) => [fn.name, fn]))).evaluate();
}

function toData(value: unknown): any {
  switch (typeof value) {
    case 'string': return new data.StringData(value);
    case 'number': return new data.NumberData(value);
    case 'boolean': return new data.BooleanData(value);
    case 'object': if (value) return new data.Dictionary(...Object.entries(value).map(([key, inner]) => ({ key, value: toData(inner) })));
  }
  return new data.Null();
}
