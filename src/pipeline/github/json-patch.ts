import { createRequire } from 'node:module';
import type { Operation } from 'fast-json-patch';
import { BY_FACTORY, onlyByFactory } from '../../private/factories';
import { shown } from '../../private/validation';

/** RFC 6901: `~` is only valid as `~0` or `~1`. */
const POINTER = /^(\/([^~]|~[01])*)?$/;

/** RFC 6901: no leading zeros. */
const INDEX = /^(0|[1-9][0-9]*)$/;

/**
 * A JSON Patch operation (RFC 6902) on the rendered workflow, for settings that no property covers.
 *
 * Paths are JSON pointers (RFC 6901), such as `/jobs/deploy/timeout-minutes`. In a path, write `/` as `~1` and `~` as `~0`.
 * Use `-` for the position after the last item of a list.
 */
export class JsonPatch {
  /**
   * Sets the value of a key, or inserts an item into a list before the given index.
   *
   * @param path JSON pointer to the new value
   * @param value any JSON value: a string, number, boolean, list, object, or null
   */
  public static add(path: string, value: any): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'add', path, value });
  }

  /**
   * Removes a value.
   *
   * @param path JSON pointer to an existing value
   */
  public static remove(path: string): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'remove', path });
  }

  /**
   * Replaces a value.
   *
   * @param path JSON pointer to an existing value
   * @param value any JSON value: a string, number, boolean, list, object, or null
   */
  public static replace(path: string, value: any): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'replace', path, value });
  }

  /**
   * Moves a value to another path.
   *
   * @param source JSON pointer to an existing value
   * @param path JSON pointer to the new location, which must not be inside the value
   */
  public static move(source: string, path: string): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'move', from: source, path });
  }

  /**
   * Copies a value to another path.
   *
   * @param source JSON pointer to an existing value
   * @param path JSON pointer to the copy
   */
  public static copy(source: string, path: string): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'copy', from: source, path });
  }

  /**
   * Fails synthesis if a value differs from the expected value. Use it to protect later patches from changes to the
   * workflow.
   *
   * @param path JSON pointer to an existing value
   * @param value expected JSON value
   */
  public static test(path: string, value: any): JsonPatch {
    return new JsonPatch(BY_FACTORY, { op: 'test', path, value });
  }

  private constructor(key: symbol, private readonly operation: Operation) {
    onlyByFactory(JsonPatch, key);
  }

  /**
   * @internal
   */
  public _apply(document: unknown): unknown {
    const { operation } = this;
    const isNew = operation.op === 'add' || operation.op === 'move' || operation.op === 'copy';
    if ('from' in operation) this.check(document, operation.from, false);
    this.check(document, operation.path, isNew);
    if ('value' in operation && !isJson(operation.value)) throw this.invalid('value is not a JSON value');
    if (operation.op === 'move' && operation.path.startsWith(`${operation.from}/`)) throw this.invalid('a value cannot be moved into itself');

    const { applyPatch, getValueByPointer, JsonPatchError } = library();
    try {
      return applyPatch(document, [operation], true, false).newDocument;
    } catch (error) {
      if (operation.op === 'test' && error instanceof JsonPatchError && error.name === 'TEST_OPERATION_FAILED') {
        throw this.invalid(`expected ${JSON.stringify(operation.value)}, found ${JSON.stringify(getValueByPointer(document, operation.path))}`);
      }
      throw error;
    }
  }

  /**
   * Checks cases that the library does not report: invalid escapes, invalid list indexes, and inherited property names. Also
   * checks that the pointer leads to a value, or to the place for a new one.
   */
  private check(document: unknown, pointer: string, isNew: boolean): void {
    if (typeof pointer !== 'string' || !POINTER.test(pointer)) {
      throw this.invalid(`${shown(pointer)} is not a JSON pointer: start it with "/", and write "~" as "~0"`);
    }
    const keys = pointer.split('/').slice(1).map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
    let value: any = document;
    keys.forEach((key, depth) => {
      const mayBeNew = isNew && depth === keys.length - 1;
      const isList = Array.isArray(value);
      if (typeof value !== 'object' || value === null) {
        const parent = pointer.split('/').slice(0, depth + 1).join('/');
        throw this.invalid(`${shown(parent)} is not an object or a list, so it cannot contain ${shown(key)}`);
      }
      if (isList && key !== '-' && !INDEX.test(key)) {
        throw this.invalid(`${shown(key)} is not an index of a list: pass a number without leading zeros, or "-" for the end`);
      }
      const exists = Object.hasOwn(value, key);
      if (!exists && !isList && key in value) throw this.invalid(`${shown(key)} is a reserved name`);
      if (!exists && !mayBeNew) throw this.invalid(`there is no ${shown(key)}`);
      if (!exists && isList && key !== '-' && Number(key) > value.length) throw this.invalid(`${shown(key)} is beyond the end of the list`);
      value = value[key];
    });
  }

  private invalid(message: string): Error {
    const { op, path } = this.operation;
    const source = 'from' in this.operation ? `source ${shown(this.operation.from)}, ` : '';
    return new Error(`JsonPatch.${op}: ${source}path ${shown(path)}: ${message}`);
  }
}

/** Whether YAML can represent the value without loss. */
function isJson(value: unknown, within: readonly unknown[] = []): boolean {
  switch (typeof value) {
    case 'string': case 'boolean': return true;
    case 'number': return Number.isFinite(value);
    case 'object': return value === null || ((Array.isArray(value) || isPlain(value)) && !within.includes(value) &&
      // Spreading a sparse list turns its holes into undefined, which JSON cannot represent.
      (Array.isArray(value) ? [...value] : Object.values(value)).every((inner) => isJson(inner, [...within, value])));
    default: return false;
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Loaded on first use, because most apps do not patch a workflow. */
function library(): typeof import('fast-json-patch') {
  return createRequire(__filename)('fast-json-patch');
}
