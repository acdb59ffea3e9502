/** Key that a factory passes to the constructor of its class. */
export const BY_FACTORY = Symbol('made by a factory');

/**
 * Allows only the factories of a class to call its constructor. `private` alone does not stop JavaScript users.
 *
 * @param type the class; the error names its factories
 * @throws if a caller other than a factory calls the constructor
 */
export function onlyByFactory(type: Function, key?: unknown): void {
  if (key === BY_FACTORY) return;
  const factories = Object.entries(Object.getOwnPropertyDescriptors(type))
    .filter(([name, { value }]) => typeof value === 'function' && !name.startsWith('_'))
    .map(([name]) => `${type.name}.${name}()`);
  throw new Error(`${type.name} cannot be constructed or extended: call ${factories.join(' or ')}`);
}
