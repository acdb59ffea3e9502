/**
 * Removes secrets from log lines. Everyone with access to the stack can read a failure reason. The handler does not know the
 * values of the secrets, because only ECS can read them. It therefore removes text that looks like a secret: values that are
 * assigned to the name of a secret or to a name that suggests one, and text with the format of a credential.
 */
export function redactLogLines(text: string, secretNames: readonly string[]): string {
  const withoutPasswords = text.replace(PASSWORD_IN_URL, `$1:${REDACTED}@`);
  const withoutValues = redactValues(withoutPasswords, secretNames);
  return CREDENTIALS.reduce((rest, pattern) => rest.replace(pattern, REDACTED), withoutValues);
}

const REDACTED = '[redacted]';

/** The last `@` of a word ends the password, which can contain other `@` characters. */
const PASSWORD_IN_URL = /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"']{0,300}):[^\s"']{0,1000}@/gi;

const SPEAKING_NAME = /passw(?:or)?d|passphrase|pwd|secret|token|credential|authorization|(?:api|access|private)[_-]?key/i;

/** Between a name and its value: `NAME=…`, `"name": …`, `name => …`; with quotes perhaps escaped, as in JSON within JSON. */
const ASSIGNMENT = /\\?["']?[^\S\n]*(?:=>|[=:])[^\S\n]*/y;
const BLANKS = /[^\S\n]+/y;

const QUOTED = '\\\\"(?:[^"\\\\\\n]|\\\\[^"\\n])*\\\\"|"(?:[^"\\\\\\n]|\\\\.)*"|\'[^\'\\n]*\'';
const VALUE = new RegExp(`${QUOTED}|(?:(?:Bearer|Basic)[^\\S\\n]+)?[^\\s"']+`, 'yi');

/** After the name of a known secret, any value is removed. */
const REST_OF_LINE = new RegExp(`${QUOTED}|[^\\n]+`, 'y');

function redactValues(text: string, secretNames: readonly string[]): string {
  const isSecret = (word: string) => secretNames.some((name) => word === name || word.endsWith(`.${name}`));
  const lengthOf = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0].length ?? 0;
  };
  let kept = '';
  let end = 0;
  for (const { 0: word, index } of text.matchAll(/[\w.-]+/g)) {
    if (index < end || !(isSecret(word) || SPEAKING_NAME.test(word))) continue;

    const separator = index + word.length;
    // `--password …` has no equals sign.
    const value = separator + (lengthOf(ASSIGNMENT, separator) || (word.startsWith('-') ? lengthOf(BLANKS, separator) : 0));
    const length = value > separator ? lengthOf(isSecret(word) ? REST_OF_LINE : VALUE, value) : 0;
    if (length === 0) continue;

    kept += text.slice(end, value) + REDACTED;
    end = value + length;
  }
  return kept + text.slice(end);
}

const CREDENTIALS = [
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/gs,
  // A line of a private key or other unreadable text, except a digest.
  /(?<!sha256:|[\w+/])[A-Za-z0-9+/]{60,}={0,2}(?![\w+/=])/g,
  /\beyJ[\w-]{1,2000}\.[\w-]{1,2000}\.[\w-]*/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk_live_|rk_live_)[\w-]{10,}/g,
];
