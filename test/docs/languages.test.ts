import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');

/** The programs that CI runs. test/languages runs the TypeScript program of the page itself. */
const EXAMPLES = {
  python: 'python/app.py',
  java: 'java/src/main/java/com/example/App.java',
  go: 'go/main.go',
  csharp: 'dotnet/Program.cs',
};

test.each(Object.entries(EXAMPLES))('the program in %s on the page equals examples/%s', (language, file) => {
  const page = readFileSync(join(CHECKOUT, 'docs/guides/languages.md'), 'utf8');
  const [, program] = page.split(`\n\`\`\`${language}\n`);
  expect(program?.split('```')[0].split('\n')).toEqual(readFileSync(join(CHECKOUT, 'examples', file), 'utf8').split('\n'));
});
