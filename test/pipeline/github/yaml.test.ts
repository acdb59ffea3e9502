import * as fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml } from '../../../src/pipeline/github/yaml';

test('YAML parsers of every version read exactly the written strings', () => {
  const text = fc.oneof(
    fc.string(), fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '1', ' ', ':', '#', '\n', '\r', '"', "'", '-', '?', '$', '{', '.', '~', '\t', '\u0085', '\u2028', '\ufeff', '\u{1f680}', '\u007f', '\u001b', '\ufffe', '\uffff') }),
  );
  const value = fc.letrec<{ value: unknown; map: object }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 }, text, fc.boolean(), fc.integer(), fc.constant(null), fc.array(tie('value'), { maxLength: 3 }), tie('map')),
    map: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).map;
  fc.assert(fc.property(value, (document) => {
    const yaml = toYaml(document);
    // The key `on` has no quotes, as in GitHub's documentation, and version 1.1 reads it as a boolean.
    if (!('on' in document)) expect(parse(yaml, { version: '1.1', uniqueKeys: true })).toEqual(document);
    expect(parse(yaml, { version: '1.2' })).toEqual(document);
    expect(yaml).not.toMatch(/[\0-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/);
  }), { numRuns: 500 });
});

test('the output has block style, the original order, and quotes only if needed', () => {
  expect(toYaml({
    name: 'deploy',
    on: { push: { branches: ['main'] } },
    permissions: {},
    version: '22',
    answer: 'no',
    left: undefined,
    group: '${{ github.ref }}: it',
    steps: [{ run: 'one\ntwo\n' }, { with: { empty: '', list: [] } }],
    nested: [['a'], null],
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
nested:
  - - a
  - null
`);
});

test('a value that appears twice is written twice', () => {
  const shared = { a: 1 };
  expect(toYaml({ one: shared, other: shared })).toBe('one:\n  a: 1\nother:\n  a: 1\n');
});

test('long commands keep their lines', () => {
  const run = 'word '.repeat(60).trim();
  expect(toYaml({ run })).toBe(`run: ${run}\n`);
});

test.each([' \n', 'a\n \nb', '\t\n', ' \n a\n', '\n', ' a\nb ', 'a\n\n\n'])('blank lines stay unchanged: %j', (text) => {
  expect(parse(toYaml({ text }))).toEqual({ text });
});

test('values can have comments', () => {
  expect(toYaml({ uses: 'a/b@c', name: 'x' }, (key) => key === 'uses' ? 'v1' : undefined)).toBe('uses: a/b@c # v1\nname: x\n');
});
