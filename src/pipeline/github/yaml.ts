import { createRequire } from 'node:module';

/** What a value of a document is explained with, in a comment behind it. */
export type Comment = (key: string, value: string) => string | undefined;

/** Characters that some versions of YAML take for the end of a line, or do not allow as they are. */
const BREAKS = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** The library loses what such a line is made of in a block. */
const BLANK_LINE = /^[ \t]+$/m;

/**
 * Writes a document as YAML: block style, keys in the order they have, quotes where any version of YAML needs them. The
 * same document always gives the same text. Keys whose value is `undefined` are left out.
 */
export function toYaml(document: object, comment: Comment = () => undefined): string {
  const { Document, isScalar, visit } = library();
  const yaml = new Document(document, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(yaml, {
    Pair: (_, { key, value }) => {
      if (isScalar(key) && isScalar(value)) value.comment = prefixed(comment(String(key.value), String(value.value)));
    },
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && (scalar.value.search(BREAKS) >= 0 || BLANK_LINE.test(scalar.value))) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return yaml.toString({ lineWidth: 0 })
    // All of them are within double quotes.
    .replace(BREAKS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    // YAML 1.1 reads `on` as a boolean; every workflow has it, and GitHub reads it as a word.
    .replace(/^"on":/m, 'on:');
}

function prefixed(comment: string | undefined): string | undefined {
  return comment && ` ${comment}`;
}

/** Loaded on use: most apps render no workflow. */
function library(): typeof import('yaml') {
  return createRequire(__filename)('yaml');
}
