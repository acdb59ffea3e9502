import { createRequire } from 'node:module';

/** Returns the comment for a value, if it has one. */
export type Comment = (key: string, value: string) => string | undefined;

/** Characters that some YAML versions treat as a line break, or do not allow without an escape. */
const BREAKS = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** The library loses the whitespace of such a line in a block scalar. */
const BLANK_LINE = /^[ \t]+$/m;

/**
 * Writes a document as YAML: in block style, with keys in their original order, and with quotes wherever a YAML version
 * needs them. The same document always results in the same text. Keys whose value is `undefined` are omitted.
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
    // All of these characters are within double quotes.
    .replace(BREAKS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    // YAML 1.1 reads `on` as a boolean. Every workflow has this key, and GitHub reads it as a string.
    .replace(/^"on":/m, 'on:');
}

function prefixed(comment: string | undefined): string | undefined {
  return comment && ` ${comment}`;
}

/** Loaded on first use, because most apps do not render a workflow. */
function library(): typeof import('yaml') {
  return createRequire(__filename)('yaml');
}
