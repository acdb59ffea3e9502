import * as fs from 'node:fs';
import * as path from 'node:path';

/** Where bash is bash. It is published as it is, so it is found from the compiled code too. */
const DIRECTORY = path.join(__dirname, '..', '..', 'src', 'pipeline', 'shell');

/**
 * The definitions of all functions that the commands call, as they are in the files of the same names. They expect `set -e`
 * and `pipefail`, and also work where `set -e` does not, as in a condition.
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

/** A word that bash takes as it is. It is always on one line, so that indentation never becomes part of it. */
export function quoted(word: string): string {
  if (/^[\w./:@=,+-]+$/.test(word)) return word;
  // In plain single quotes, shellcheck would take a dollar sign for a mistake.
  if (!/[\p{Cc}$`\\]/u.test(word)) return `'${word.replace(/'/g, "'\\''")}'`;
  const escaped = word.replace(/[\p{Cc}\\']/gu, (character) =>
    ESCAPES[character] ?? Buffer.from(character).toString('hex').replace(/../g, '\\x$&'));
  return `$'${escaped}'`;
}

/** A call of a command, an argument or option on each line where it gets long. */
export function command(...words: string[]): string {
  return words.join(' \\\n  ');
}

/** For the body of a block. */
export function indented(run: string): string {
  // A regular expression would take other characters for the end of a line, within words too.
  return run.split('\n').map((line) => line && `  ${line}`).join('\n');
}
