import { YamlMap } from './yaml';
import { shown } from '../../private/validation';

/**
 * A change to a rendered workflow, in the terms of JSON Patch (RFC 6902): the way out where no property serves.
 *
 * Paths are JSON pointers: `/jobs/deploy/timeout-minutes`. In them, `~1` stands for `/`, `~0` for `~`, and `-` for the
 * place behind the last item of a list.
 */
export class JsonPatch {
  /**
   * Sets the value of a key, or puts an item into a list before the one at that index.
   *
   * @param path JSON pointer to what is added
   * @param value what is added, as JSON has it: a string, number, boolean, list or object
   */
  public static add(path: string, value: any): JsonPatch {
    return new JsonPatch('add', path, value);
  }

  /**
   * Replaces what is there.
   *
   * @param path JSON pointer to what is replaced
   * @param value what is there from then on, as JSON has it
   */
  public static replace(path: string, value: any): JsonPatch {
    return new JsonPatch('replace', path, value);
  }

  /**
   * Removes what is there.
   *
   * @param path JSON pointer to what is removed
   */
  public static remove(path: string): JsonPatch {
    return new JsonPatch('remove', path);
  }

  private constructor(private readonly operation: 'add' | 'replace' | 'remove', private readonly path: string, private readonly value?: any) {}

  /**
   * @internal
   */
  public _apply(document: YamlMap): YamlMap {
    const patched = structuredClone(document);
    const keys = this.path.split('/').slice(1).map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
    const last = keys.pop();
    if (last === undefined || !this.path.startsWith('/')) throw this.invalid('a path starts with "/" and names what is changed');

    const holder = keys.reduce<any>((value, key) => this.child(value, key), patched);
    if (typeof holder !== 'object' || holder === null) throw this.invalid('there is nothing that could have it');
    if (this.operation !== 'add') this.child(holder, last);

    if (Array.isArray(holder)) {
      const index = last === '-' ? holder.length : Number(last);
      if (!Number.isInteger(index) || index < 0 || index > holder.length) throw this.invalid(`${shown(last)} is no index of this list`);
      holder.splice(index, this.operation === 'add' ? 0 : 1, ...(this.operation === 'remove' ? [] : [this.value]));
    } else if (this.operation === 'remove') {
      delete holder[last];
    } else {
      holder[last] = this.value;
    }
    return patched;
  }

  private child(value: any, key: string): any {
    if (typeof value !== 'object' || !Object.prototype.hasOwnProperty.call(value, key)) throw this.invalid(`there is no ${shown(key)}`);
    return value[key];
  }

  private invalid(reason: string): Error {
    return new Error(`JsonPatch.${this.operation}: path ${shown(this.path)} does not fit the workflow: ${reason}`);
  }
}
