type YamlScalar = string | number | boolean;

/** What a YAML document is made of here. Keys whose value is `undefined` are left out. */
export type YamlValue = YamlScalar | (YamlScalar | YamlMap)[] | YamlMap | undefined;

export interface YamlMap {
  readonly [key: string]: YamlValue;
}

/** What is written behind a value, to explain it. */
export type Comment = (key: string, value: string) => string | undefined;

/**
 * Writes a document as YAML: block style, keys in the order they have, quotes only where they are needed. The same
 * document always gives the same text.
 *
 * Written by hand because a library of jsii may depend on nothing that it does not bundle, and the subset of YAML that
 * a workflow takes is small.
 */
export function toYaml(document: YamlMap, comment: Comment = () => undefined): string {
  return mapLines(document, comment).join('\n') + '\n';
}

function mapLines(map: YamlMap, comment: Comment): string[] {
  return Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => entryLines(key, value, comment));
}

function entryLines(key: string, value: YamlValue, comment: Comment): string[] {
  const name = key === 'on' ? key : scalar(key); // Every workflow has it, and GitHub reads it as a word.
  if (Array.isArray(value)) {
    return value.length === 0 ? [`${name}: []`] : [`${name}:`, ...indented(value.flatMap((item) => itemLines(item, comment)))];
  }
  if (typeof value === 'object') {
    const lines = mapLines(value, comment);
    return lines.length === 0 ? [`${name}: {}`] : [`${name}:`, ...indented(lines)];
  }
  if (typeof value === 'string' && isLiteral(value)) {
    return [`${name}: ${value.endsWith('\n') ? '|' : '|-'}`, ...indented(value.replace(/\n$/, '').split('\n'))];
  }
  const remark = comment(key, String(value));
  return [`${name}: ${scalar(value)}${remark ? ` # ${remark}` : ''}`];
}

function itemLines(item: YamlValue, comment: Comment): string[] {
  const lines = typeof item === 'object' ? mapLines(item as YamlMap, comment) : [scalar(item)];
  return lines.length === 0 ? ['- {}'] : lines.map((line, index) => index === 0 ? `- ${line}` : line && `  ${line}`);
}

function indented(lines: string[]): string[] {
  return lines.map((line) => line && `  ${line}`);
}

/** Strings that YAML 1.1 or 1.2 reads as something else. */
const AMBIGUOUS = /^(null|true|false|yes|no|on|off|y|n|[0-9].*|e[-+]?[0-9]+)$/i;

/** No indicator of YAML at the beginning, and neither `: ` nor ` #` in it. */
const PLAIN = /^(?:[A-Za-z0-9_/$(^]|\.(?=\/))(?:(?:[!"$-9;-~ ]|:(?! |$)|(?<! )#)*[!"$-9;-~])?$/;

/** Several lines, none of which needs an escape. */
function isLiteral(text: string): boolean {
  const lines = text.replace(/\n$/, '').split('\n');
  return text.includes('\n')
    && lines.every((line) => /^([ -~]*[!-~])?$/.test(line))
    && /^[!-~]/.test(lines[0])
    && lines[lines.length - 1] !== '';
}

function scalar(value: YamlValue): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) && !AMBIGUOUS.test(value) ? value : escaped(value);
}

/** Double quotes as in JSON, which leaves some characters as they are that YAML does not take. */
function escaped(value: string): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
