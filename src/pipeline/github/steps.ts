import * as path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { ActionStep, Inputs, Step } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { InstallStep } from '../package-manager';
import { RepositoryPlan } from '../repository-plan';
import { functions } from '../shell';

/** Steps that several jobs have in common. */

/** Default session duration of the action, in seconds. */
const DEFAULT_SESSION = 3600;

export function checkOut({ actions }: WorkflowSettings, inputs: Inputs = {}): ActionStep {
  return actions.step('actions/checkout', { name: 'Check out', with: { 'persist-credentials': false, ...inputs } });
}

export function setUpNode({ actions, nodeVersion }: WorkflowSettings): ActionStep {
  return actions.step('actions/setup-node', { name: 'Set up Node.js', with: { 'node-version': nodeVersion, 'package-manager-cache': false } });
}

/** Steps that install the app for the CDK CLI. */
export function setUp(settings: WorkflowSettings): Step[] {
  return [checkOut(settings), setUpNode(settings), ...settings.install.flatMap((step) => install(settings, step))];
}

function install({ actions, appDirectory }: WorkflowSettings, { name, commands: run, directory, pnpm }: InstallStep): Step[] {
  const step = { name, 'working-directory': directory === appDirectory ? undefined : directory, 'run': run.join('\n') };
  if (!pnpm) return [step];
  const manifest = path.posix.join(directory, 'package.json');
  return [actions.step('pnpm/action-setup', { name: 'Set up pnpm', with: { version: pnpm.version, package_json_file: manifest } }), step];
}

/**
 * A step that assumes a role. The credentials last as long as the timeout of the job.
 *
 * @param timeout timeout of the job
 */
export function logIn({ actions }: WorkflowSettings, role: string, region: string, timeout: Duration): ActionStep {
  const seconds = timeout.toSeconds();
  return actions.step('aws-actions/configure-aws-credentials', {
    name: 'Log in to AWS',
    with: { 'role-to-assume': role, 'aws-region': region, 'role-duration-seconds': seconds > DEFAULT_SESSION ? seconds : undefined },
  });
}

/** The action uses the region in its environment. */
export function logInToRegistry({ actions }: WorkflowSettings, { account, region, repositoryUri }: RepositoryPlan): ActionStep {
  return actions.step('aws-actions/amazon-ecr-login', {
    name: `Log in to ${repositoryUri.split('/')[0]}`,
    env: { AWS_REGION: region },
    with: { registries: account },
  });
}

/** Commands with the definitions of the functions that they call. */
export function commands(...calls: string[]): string {
  return lines(functions(calls.join('\n')), ...calls);
}

/** Commands that write a table to the run summary. */
export function summary(head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return lines('{', ...[row(head), row(head.map(() => '---')), ...rows.map(row)].map((line) => `  echo "${line}"`), '} >> "$GITHUB_STEP_SUMMARY"');
}

export function lines(...pieces: string[]): string {
  return pieces.join('\n') + '\n';
}
