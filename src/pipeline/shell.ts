import * as fs from 'node:fs';
import * as path from 'node:path';

/** The package contains these files unchanged, so compiled code also reads them from `src`. */
const DIRECTORY = path.join(__dirname, '..', '..', 'src', 'pipeline', 'shell');

/**
 * Returns the definitions of all functions that the commands call, unchanged from the files with their names. The functions
 * expect `set -e` and `pipefail`. They also work where `set -e` has no effect, such as in a condition.
 */
export function functions(commands: string): string {
  const called = new Set<string>();
  const follow = (text: string): void => {
    const words = new Set(text.replace(/^ *#.*/gm, '').match(/\w+/g));
    for (const name of known().filter((candidate) => words.has(candidate) && !called.has(candidate))) {
      called.add(name);
      follow(definition(name));
    }
  };
  follow(commands);
  return [...called].sort().map(definition).join('\n\n');
}

function definition(name: string): string {
  return fs.readFileSync(path.join(DIRECTORY, `${name.replace(/_/g, '-')}.sh`), 'utf8').replace(/^#!.*\n+/, '').trimEnd();
}

function known(): string[] {
  return fs.readdirSync(DIRECTORY).map((file) => file.replace(/\.sh$/, '').replace(/-/g, '_'));
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\\': '\\\\', '\'': '\\\'' };

/** Quotes a word for bash. The result is always a single line, so indentation never becomes part of it. */
export function quoted(word: string): string {
  if (/^[\w./:@=,+-]+$/.test(word)) return word;
  // shellcheck would report a dollar sign in plain single quotes.
  if (!/[\p{Cc}$`\\]/u.test(word)) return `'${word.replace(/'/g, "'\\''")}'`;
  const escaped = word.replace(/[\p{Cc}\\']/gu, (character) =>
    ESCAPES[character] ?? Buffer.from(character).toString('hex').replace(/../g, '\\x$&'));
  return `$'${escaped}'`;
}

/** Joins a command and its arguments. A long command has one argument or option per line. */
export function command(...words: string[]): string {
  return words.join(' \\\n  ');
}

/** Indents the body of a block. */
export function indented(run: string): string {
  // A regular expression would also match other line breaks within words.
  return run.split('\n').map((line) => line && `  ${line}`).join('\n');
}
