import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const CHECKOUT = join(__dirname, '../..');

export interface Snippet {
  /** Path of the page in the checkout. */
  readonly page: string;
  /** Line number of its first line on the page. */
  readonly line: number;
  readonly source: string;
  /** Whether the block begins with "ts nofixture": it is complete and has its own imports. */
  readonly complete: boolean;
}

/** The TypeScript blocks of a page. */
export function snippetsOf(page: string, markdown: string): Snippet[] {
  return [...markdown.matchAll(/^ *```(?:ts|typescript)\b(.*)\n([^]*?)^ *```$/gm)].map(({ index, 1: remark, 2: source }) => {
    const line = markdown.slice(0, index).split('\n').length + 1;
    if (!['', ' nofixture'].includes(remark)) throw new Error(`${page}:${line - 1}: unknown remark "${remark.trim()}"`);
    return { page, line, source, complete: remark !== '' };
  });
}

/** The errors of the compiler. Snippets are compiled in the same fixture as those of the README and the docstrings. */
export function errorsOf(snippets: readonly Snippet[]): string[] {
  const [before, after] = readFileSync(join(CHECKOUT, 'rosetta/default.ts-fixture'), 'utf8').split('/// here');
  const files = new Map(snippets.map((snippet, index) => [join(CHECKOUT, `snippet-${index}.ts`), {
    ...snippet,
    text: snippet.complete ? snippet.source : before + snippet.source + after,
    linesBefore: snippet.complete ? 0 : before.split('\n').length - 1,
  }]));

  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    types: ['node'],
    paths: { '@org/phased-fargate': [join(CHECKOUT, 'src/index.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name)?.text ?? readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const file = files.get(name);
    return file ? ts.createSourceFile(name, file.text, version) : getSourceFile(name, version, ...rest);
  };

  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([name, { page, line, linesBefore }]) => {
    const source = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ start, messageText }) => {
      const at = line + source.getLineAndCharacterOfPosition(start!).line - linesBefore;
      return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}
