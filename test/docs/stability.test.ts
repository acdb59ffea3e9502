import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');

test('README.md calls the library experimental if and only if package.json does', () => {
  const { stability } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
  const banner = readFileSync(join(CHECKOUT, 'README.md'), 'utf8').match(/^> \*\*(Experimental)\b/m);
  expect(['experimental', 'stable']).toContain(stability);
  expect(banner?.[1].toLowerCase() ?? 'stable').toBe(stability);
});
