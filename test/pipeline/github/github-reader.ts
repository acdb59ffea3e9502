import { buildSync } from 'esbuild';

/** GitHub's own parser of workflows, with GitHub's schema. It is available as an ECMAScript module only. */
const { parseWorkflow, convertWorkflowTemplate } = load('@actions/workflow-parser');

/** GitHub's errors in a workflow: invalid syntax, unknown keys, and contexts that are not available to an expression. */
export async function faultsInWorkflow(content: string): Promise<string[]> {
  const quiet = { error: () => undefined, info: () => undefined, verbose: () => undefined };
  const { context, value } = parseWorkflow({ name: 'deploy.yml', content }, quiet);
  const template = value && await convertWorkflowTemplate(context, value);
  return [...context.errors.getErrors(), ...template?.errors ?? []].map(({ message, Message }: any) => message ?? Message);
}

function load(name: string): any {
  const { outputFiles: [{ text }] } = buildSync({
    stdin: { contents: `export * from '${name}'`, resolveDir: __dirname },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    write: false,
  });
  const loaded = { exports: {} };
  new Function('module', 'exports', 'require', text)(loaded, loaded.exports, require);
  return loaded.exports;
}
