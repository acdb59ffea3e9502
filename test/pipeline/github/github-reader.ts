import { buildSync } from 'esbuild';

/** GitHub's own reader of workflows, with the schema that GitHub checks them against. It comes as an ECMAScript module only. */
const { parseWorkflow, convertWorkflowTemplate } = load('@actions/workflow-parser');

/** What GitHub finds wrong with a workflow: syntax, unknown keys, contexts that an expression cannot see there. */
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
