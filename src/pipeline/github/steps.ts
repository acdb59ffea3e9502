import { ActionStep, Inputs, Step } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { RepositoryPlan } from '../repository-plan';
import { functions } from '../shell';

/** Steps that several jobs have in common. */

export function checkOut({ actions }: WorkflowSettings, inputs: Inputs = {}): ActionStep {
  return actions.step('actions/checkout', { name: 'Check out', with: { 'persist-credentials': false, ...inputs } });
}

export function setUpNode({ actions, nodeVersion }: WorkflowSettings): ActionStep {
  return actions.step('actions/setup-node', { name: 'Set up Node.js', with: { 'node-version': nodeVersion, 'package-manager-cache': false } });
}

/** The app as the CDK CLI takes it. */
export function setUp(settings: WorkflowSettings): Step[] {
  return [checkOut(settings), setUpNode(settings), { name: 'Install', run: settings.installCommand }];
}

export function logIn({ actions }: WorkflowSettings, role: string, region: string): ActionStep {
  return actions.step('aws-actions/configure-aws-credentials', {
    name: 'Log in to AWS',
    with: { 'role-to-assume': role, 'aws-region': region },
  });
}

/** The action asks in the region of its environment. */
export function logInToRegistry({ actions }: WorkflowSettings, { account, region, repositoryUri }: RepositoryPlan): ActionStep {
  return actions.step('aws-actions/amazon-ecr-login', {
    name: `Log in to ${repositoryUri.split('/')[0]}`,
    env: { AWS_REGION: region },
    with: { registries: account },
  });
}

/** With the definitions of the functions that they call. */
export function commands(...calls: string[]): string {
  return lines(functions(calls.join('\n')), ...calls);
}

/** A table on the page of the run. */
export function summary(head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return lines('{', ...[row(head), row(head.map(() => '---')), ...rows.map(row)].map((line) => `  echo "${line}"`), '} >> "$GITHUB_STEP_SUMMARY"');
}

export function lines(...pieces: string[]): string {
  return pieces.join('\n') + '\n';
}
