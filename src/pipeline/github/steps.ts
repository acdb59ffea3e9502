import { ActionStep, Inputs, Step } from './workflow';
import { WorkflowSettings } from './workflow-settings';

/** Steps that several jobs have in common. */

export function checkOut({ actions }: WorkflowSettings, inputs: Inputs = {}): ActionStep {
  return actions.step('actions/checkout', { name: 'Check out', with: { 'persist-credentials': false, ...inputs } });
}

/** The app as the CDK CLI takes it. */
export function setUp(settings: WorkflowSettings): Step[] {
  const { actions, nodeVersion, installCommand } = settings;
  return [
    checkOut(settings),
    actions.step('actions/setup-node', { name: 'Set up Node.js', with: { 'node-version': nodeVersion, 'package-manager-cache': false } }),
    { name: 'Install', run: installCommand },
  ];
}

export function logIn({ actions }: WorkflowSettings, role: string, region: string): ActionStep {
  return actions.step('aws-actions/configure-aws-credentials', {
    name: 'Log in to AWS',
    with: { 'role-to-assume': role, 'aws-region': region },
  });
}

/** A table on the page of the run. */
export function summary(head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return lines('{', ...[row(head), row(head.map(() => '---')), ...rows.map(row)].map((line) => `  echo "${line}"`), '} >> "$GITHUB_STEP_SUMMARY"');
}

export function lines(...pieces: string[]): string {
  return pieces.join('\n') + '\n';
}
