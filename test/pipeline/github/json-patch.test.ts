import { readFileSync } from 'node:fs';
import { JsonPatch } from '../../../src';

const DOCUMENT = { 'jobs': { deploy: { steps: [{ name: 'one' }, { name: 'two' }] } }, 'a/b~c': 1 };

const CIRCULAR: Record<string, unknown> = {};
CIRCULAR.itself = [CIRCULAR];

test.each<[string, JsonPatch, any]>([
  ['adds a key', JsonPatch.add('/jobs/deploy/environment', 'production'), { environment: 'production', steps: [{ name: 'one' }, { name: 'two' }] }],
  ['inserts into a list', JsonPatch.add('/jobs/deploy/steps/1', { name: 'new' }), { steps: [{ name: 'one' }, { name: 'new' }, { name: 'two' }] }],
  ['appends to a list', JsonPatch.add('/jobs/deploy/steps/-', { name: 'new' }), { steps: [{ name: 'one' }, { name: 'two' }, { name: 'new' }] }],
  ['adds null', JsonPatch.add('/jobs/deploy/env', null), { env: null, steps: [{ name: 'one' }, { name: 'two' }] }],
  ['replaces in a list', JsonPatch.replace('/jobs/deploy/steps/0', { name: 'new' }), { steps: [{ name: 'new' }, { name: 'two' }] }],
  ['replaces the value of a key', JsonPatch.replace('/jobs/deploy/steps/0/name', 'new'), { steps: [{ name: 'new' }, { name: 'two' }] }],
  ['removes from a list', JsonPatch.remove('/jobs/deploy/steps/0'), { steps: [{ name: 'two' }] }],
  ['removes a key', JsonPatch.remove('/jobs/deploy/steps'), {}],
  ['moves within a list', JsonPatch.move('/jobs/deploy/steps/0', '/jobs/deploy/steps/1'), { steps: [{ name: 'two' }, { name: 'one' }] }],
  ['copies', JsonPatch.copy('/jobs/deploy/steps/0/name', '/jobs/deploy/name'), { name: 'one', steps: [{ name: 'one' }, { name: 'two' }] }],
  ['leaves everything as it is after a test that holds', JsonPatch.test('/jobs/deploy/steps/1', { name: 'two' }), DOCUMENT.jobs.deploy],
])('%s', (_, patch, deploy) => {
  const before = structuredClone(DOCUMENT);
  expect(patch._apply(DOCUMENT)).toEqual({ ...DOCUMENT, jobs: { deploy } });
  expect(DOCUMENT).toEqual(before);
});

test('keys with a slash or a tilde are escaped', () => {
  expect(JsonPatch.remove('/a~1b~0c')._apply(DOCUMENT)).toEqual({ jobs: DOCUMENT.jobs });
});

test.each<[string, JsonPatch]>([
  ['there is no "build"', JsonPatch.replace('/jobs/build/name', 'x')],
  ['there is no "2"', JsonPatch.remove('/jobs/deploy/steps/2')],
  ['there is no "-"', JsonPatch.remove('/jobs/deploy/steps/-')],
  ['"5" is beyond the end of the list', JsonPatch.add('/jobs/deploy/steps/5', {})],
  ['"x" is not an index of a list', JsonPatch.add('/jobs/deploy/steps/x', {})],
  ['"" is not an index of a list', JsonPatch.add('/jobs/deploy/steps/', {})],
  ['"01" is not an index of a list', JsonPatch.add('/jobs/deploy/steps/01', {})],
  ['"01" is not an index of a list', JsonPatch.replace('/jobs/deploy/steps/01/name', 'x')],
  ['"/a~1b~0c" is not an object or a list, so it cannot contain "d"', JsonPatch.add('/a~1b~0c/d', {})],
  ['"/jobs/a~2b" is not a JSON pointer', JsonPatch.add('/jobs/a~2b', {})],
  ['"jobs" is not a JSON pointer: start it with "/"', JsonPatch.add('jobs', {})],
  ['undefined is not a JSON pointer', JsonPatch.add(undefined as any, {})],
  ['"toString" is a reserved name', JsonPatch.add('/jobs/toString', {})],
  ['"__proto__" is a reserved name', JsonPatch.add('/__proto__/polluted', {})],
  ['value is not a JSON value', JsonPatch.add('/jobs/x', undefined)],
  ['value is not a JSON value', JsonPatch.replace('/jobs', { deploy: [() => 1] })],
  ['value is not a JSON value', JsonPatch.add('/jobs/x', NaN)],
  ['value is not a JSON value', JsonPatch.add('/jobs/x', new Array(1))],
  ['value is not a JSON value', JsonPatch.add('/jobs/x', CIRCULAR)],
  ['a value cannot be moved into itself', JsonPatch.move('/jobs/deploy', '/jobs/deploy/deploy')],
  ['source "/jobs/build", path "/jobs/deploy": there is no "build"', JsonPatch.move('/jobs/build', '/jobs/deploy')],
  ['"jobs" is not a JSON pointer', JsonPatch.copy('jobs', '/x')],
  ['expected "two", found "one"', JsonPatch.test('/jobs/deploy/steps/0/name', 'two')],
  ['expected "1", found 1', JsonPatch.test('/a~1b~0c', '1')],
  ['there is no "name"', JsonPatch.test('/name', 'x')],
])('a patch that does not fit the workflow is refused: %s', (message, patch) => {
  expect(() => patch._apply(DOCUMENT)).toThrow(message);
  expect(() => patch._apply(DOCUMENT)).toThrow(/^JsonPatch\.\w+: (source ".*", )?path .*: /);
});

/** https://github.com/json-patch/json-patch-tests, by the authors of the standard. */
describe('the test suite of JSON Patch', () => {
  interface Case { comment?: string; doc: any; patch: any[]; expected?: any; error?: string; disabled?: boolean }
  const cases = ['spec_tests', 'tests']
    .flatMap((name): Case[] => JSON.parse(readFileSync(require.resolve(`json-patch-test-suite/${name}.json`), 'utf8')))
    .filter(({ disabled, patch, error }) => !disabled && !/^(missing '(value|from)'|Unrecognized op)/.test(error ?? '') && patch.length > 0);

  test('has its cases', () => expect(cases.length).toBeGreaterThan(75));

  test.each(cases.map((one, index) => [one.comment ?? one.error ?? `case ${index}`, one] as const))('%s', (_, { doc, patch, expected, error }) => {
    const apply = () => patch.map(patchOf).reduce((patched, one) => one._apply(patched), doc);
    if (error) expect(apply).toThrow(/^JsonPatch\.\w+: (source ".*", )?path /);
    else expect(apply()).toEqual(expected ?? doc);
  });

  function patchOf({ op, path, from, value }: any): JsonPatch {
    switch (op) {
      case 'add': return JsonPatch.add(path, value);
      case 'remove': return JsonPatch.remove(path);
      case 'replace': return JsonPatch.replace(path, value);
      case 'move': return JsonPatch.move(from, path);
      case 'copy': return JsonPatch.copy(from, path);
      case 'test': return JsonPatch.test(path, value);
      default: throw new Error(`no operation ${op}`);
    }
  }
});
