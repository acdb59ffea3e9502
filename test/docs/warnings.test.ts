import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');

test('the page of warnings lists each warning ID of the sources once', () => {
  const page = readFileSync(join(CHECKOUT, 'docs/guides/warnings.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `([^`]+)` \| .+ \| .+ \|$/gm)].map(([, id]) => id);
  const sources = readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(CHECKOUT, 'src', file), 'utf8'))
    .join('\n');

  const calls = sources.match(/\.add(Warning|Info)(V2)?\(/g)!;
  const ids = [...sources.matchAll(/\.addWarningV2\('(@org\/phased-fargate:\w+)'/g)].map(([, id]) => id);
  expect(ids).toHaveLength(calls.length);
  expect(documented).toEqual([...new Set(ids)].sort());
});
