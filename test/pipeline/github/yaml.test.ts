import * as fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml, YamlMap, YamlValue } from '../../../src/pipeline/github/yaml';

test('what is written is what a YAML parser reads, whatever the strings', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '1', ' ', ':', '#', '\n', '"', "'", '-', '?', '$', '{', '.', '~', '\t') }));
  const value = fc.letrec<{ value: YamlValue; map: YamlMap }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, text, fc.boolean(), fc.integer(), fc.array(fc.oneof(text, tie('map')), { maxLength: 3 }), tie('map')),
    map: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).map;
  fc.assert(fc.property(value.filter((document) => Object.keys(document).length > 0), (document) => {
    expect(parse(toYaml(document), { version: '1.1', uniqueKeys: true })).toEqual(document);
    expect(parse(toYaml(document), { version: '1.2' })).toEqual(document);
  }), { numRuns: 500 });
});

test('block style, in the given order, quoted only where that is needed', () => {
  expect(toYaml({
    name: 'deploy',
    on: { push: { branches: ['main'] } },
    permissions: {},
    version: '22',
    answer: 'no',
    left: undefined,
    group: '${{ github.ref }}: it',
    steps: [{ run: 'one\ntwo\n' }, { with: { empty: '', list: [] } }],
  })).toBe(`name: deploy
on:
  push:
    branches:
      - main
permissions: {}
version: "22"
answer: "no"
group: "\${{ github.ref }}: it"
steps:
  - run: |
      one
      two
  - with:
      empty: ""
      list: []
`);
});

test('comments explain values', () => {
  expect(toYaml({ uses: 'a/b@c', name: 'x' }, (key) => key === 'uses' ? 'v1' : undefined)).toBe('uses: a/b@c # v1\nname: x\n');
});
