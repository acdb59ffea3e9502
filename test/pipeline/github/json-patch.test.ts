import { JsonPatch } from '../../../src';
import { YamlMap } from '../../../src/pipeline/github/yaml';

const DOCUMENT: YamlMap = { 'jobs': { deploy: { steps: [{ name: 'one' }, { name: 'two' }] } }, 'a/b~c': 1 };

test.each<[string, JsonPatch, any]>([
  ['adds a key', JsonPatch.add('/jobs/deploy/environment', 'production'), { environment: 'production', steps: [{ name: 'one' }, { name: 'two' }] }],
  ['inserts into a list', JsonPatch.add('/jobs/deploy/steps/1', { name: 'new' }), { steps: [{ name: 'one' }, { name: 'new' }, { name: 'two' }] }],
  ['appends to a list', JsonPatch.add('/jobs/deploy/steps/-', { name: 'new' }), { steps: [{ name: 'one' }, { name: 'two' }, { name: 'new' }] }],
  ['replaces in a list', JsonPatch.replace('/jobs/deploy/steps/0', { name: 'new' }), { steps: [{ name: 'new' }, { name: 'two' }] }],
  ['replaces the value of a key', JsonPatch.replace('/jobs/deploy/steps/0/name', 'new'), { steps: [{ name: 'new' }, { name: 'two' }] }],
  ['removes from a list', JsonPatch.remove('/jobs/deploy/steps/0'), { steps: [{ name: 'two' }] }],
  ['removes a key', JsonPatch.remove('/jobs/deploy/steps'), {}],
])('%s', (_, patch, deploy) => {
  const before = structuredClone(DOCUMENT);
  expect(patch._apply(DOCUMENT)).toEqual({ ...DOCUMENT, jobs: { deploy } });
  expect(DOCUMENT).toEqual(before);
});

test('keys with a slash or a tilde are escaped', () => {
  expect(JsonPatch.remove('/a~1b~0c')._apply(DOCUMENT)).toEqual({ jobs: DOCUMENT.jobs });
});

test.each([
  [JsonPatch.replace('/jobs/build/name', 'x'), 'there is no "build"'],
  [JsonPatch.remove('/jobs/deploy/steps/2'), 'there is no "2"'],
  [JsonPatch.add('/jobs/deploy/steps/5', {}), '"5" is no index of this list'],
  [JsonPatch.add('/jobs/deploy/steps/x', {}), '"x" is no index of this list'],
  [JsonPatch.add('/a~1b~0c/d', {}), 'there is nothing that could have it'],
  [JsonPatch.add('jobs', {}), 'a path starts with "/"'],
  [JsonPatch.remove(''), 'a path starts with "/"'],
])('what does not fit is an error with the path (%#)', (patch, message) => {
  expect(() => patch._apply(DOCUMENT)).toThrow(message);
});
