import { loadEsm } from '../../util/esm';

/** GitHub's own parser of workflows, with GitHub's schema. */
const { parseWorkflow, convertWorkflowTemplate } = loadEsm('@actions/workflow-parser');

/** GitHub's errors in a workflow: invalid syntax, unknown keys, and contexts that are not available to an expression. */
export async function faultsInWorkflow(content: string): Promise<string[]> {
  const quiet = { error: () => undefined, info: () => undefined, verbose: () => undefined };
  const { context, value } = parseWorkflow({ name: 'deploy.yml', content }, quiet);
  const template = value && await convertWorkflowTemplate(context, value);
  return [...context.errors.getErrors(), ...template?.errors ?? []].map(({ message, Message }: any) => message ?? Message);
}
