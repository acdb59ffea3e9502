import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Construct } from 'constructs';
import * as library from '../../src';

type Class = new (...args: unknown[]) => object;

const API = readFileSync(join(__dirname, '../..', 'API.md'), 'utf8');

/** Classes of values that users select by a factory. */
const CHOICES = Object.entries<unknown>({ ...library })
  .filter((entry): entry is [string, Class] => typeof entry[1] === 'function' && !(entry[1].prototype instanceof Construct));

test('the list contains every class with factories', () => {
  expect(CHOICES.map(([name]) => name).sort()).toEqual([
    'BuildAndPush', 'GitHubSubject', 'ImageCompression', 'ImageRequirement', 'ImageVersion', 'Ingress', 'JsonPatch', 'RollbackAlarm', 'Scaling', 'WhenMissing',
  ]);
});

describe.each(CHOICES)('%s', (name, type) => {
  const factories = Object.getOwnPropertyNames(type).filter((member) => typeof (type as any)[member] === 'function' && !member.startsWith('_'));
  const refused = new Error(`${name} cannot be constructed or extended: call ${factories.map((factory) => `${name}.${factory}()`).join(' or ')}`);

  test.each([[[]], [['v1']], [[{}, 1]], [[Symbol('key'), 'v1']]])('cannot be constructed with %p, and the error names its factories', (args) => {
    expect(() => new type(...args)).toThrow(refused);
  });

  test('cannot be extended', () => {
    expect(() => new (class extends type {})()).toThrow(refused);
  });

  test('has no initializer in the API reference', () => {
    expect(API).toContain(`id="@org/phased-fargate.${name}"`);
    expect(API).not.toContain(`id="@org/phased-fargate.${name}.Initializer"`);
  });
});
