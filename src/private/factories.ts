/** What a factory passes to the constructor of its class. */
export const BY_FACTORY = Symbol('made by a factory');

/**
 * A private constructor stops the compilers of all other languages, but not JavaScript.
 *
 * @param type the class, whose factories the error names
 * @throws if not a factory of the class calls its constructor
 */
export function onlyByFactory(type: Function, key?: unknown): void {
  if (key === BY_FACTORY) return;
  const factories = Object.entries(Object.getOwnPropertyDescriptors(type))
    .filter(([name, { value }]) => typeof value === 'function' && !name.startsWith('_'))
    .map(([name]) => `${type.name}.${name}()`);
  throw new Error(`${type.name} cannot be constructed or extended: call ${factories.join(' or ')}`);
}
