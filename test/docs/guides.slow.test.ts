import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsOf, snippetsOf } from './snippets';

const GUIDES = join(__dirname, '../../docs/guides');

const snippets = readdirSync(GUIDES).flatMap((guide) => snippetsOf(`docs/guides/${guide}`, readFileSync(join(GUIDES, guide), 'utf8')));

test('every TypeScript block of the guides compiles, and an error is reported with its line', () => {
  const broken = snippetsOf('broken.md', [
    'A page.', '',
    '```ts', 'new ImageGuard(stack, "Guard", { registry: images });', 'new ImageGuard(stack, "Guard", { regsitry: images });', '```',
    '```ts nofixture', 'import { Nothing } from "@org/phased-fargate";', '```',
  ].join('\n'));
  expect(snippets).not.toEqual([]);
  expect(errorsOf([...snippets, ...broken])).toEqual([
    expect.stringMatching(/^broken\.md:5: .*'regsitry' does not exist/),
    expect.stringMatching(/^broken\.md:8: .*no exported member 'Nothing'/),
  ]);
});
