/** Values of every kind. Some are valid for some options. */
export const WRONG_VALUES: any[] = [
  '', 'x', 0, -1, 1.5, NaN, Infinity, true, false, [], [undefined], [null], ['x'], [{}], {}, { x: 1 }, { x: null }, { command: 'x' },
  () => 1, new Date(0), Symbol('x'), 10n, null,
];

/** Whether the library threw the error on purpose. */
export function isIntended(error: unknown): error is Error {
  return error instanceof Error && ![TypeError, RangeError, ReferenceError].some((type) => error instanceof type);
}

/** Passes each wrong value. Returns the errors that the library did not throw on purpose, or that do not name the option. */
export function unclearErrors(name: string, attempt: (value: any) => void): string[] {
  return WRONG_VALUES.flatMap((value) => {
    try {
      attempt(value);
      return [];
    } catch (error: any) {
      if (!isIntended(error)) return [`${String(value)}: ${error?.stack ?? error}`];
      return error.message.includes(name) ? [] : [`${String(value)}: "${error.message}" does not name ${name}`];
    }
  });
}
