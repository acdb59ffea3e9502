import * as fs from 'node:fs';
import * as path from 'node:path';
import { setUpNode } from './steps';
import { CommandStep, Concurrency, JobBody, Permissions } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { StackPlan } from '../deploy-plan';

/** The package contains this file unchanged, so compiled code also reads it from `src`. */
const SCRIPT = path.join(__dirname, '..', '..', '..', 'src', 'pipeline', 'github', 'check-commit-order.js');

export const ORDER_NAME = 'Check the commit order';

/** Permissions of the step: to read workflow runs and commits. */
export const ORDER_PERMISSIONS: Permissions = { actions: 'read', contents: 'read' };

/**
 * A step that fails if a newer commit has already passed the same step in the same job. GitHub orders the jobs of a
 * concurrency group by their time of arrival, and a slow build of an older commit can arrive late.
 *
 * @param rebuilds names of the jobs that build images of this job on a schedule; a rebuild also counts as newer
 */
export function checkCommitOrder({ name, appDirectory }: WorkflowSettings, job: string, rebuilds: string[] = []): CommandStep {
  return {
    'name': ORDER_NAME,
    'working-directory': appDirectory === '.' ? undefined : '.',
    // Runners behind a proxy have the address of the proxy in their environment.
    'env': {
      TOKEN: '${{ github.token }}',
      WORKFLOW: `${name}.yml`,
      JOB: job,
      STEP: ORDER_NAME,
      ...rebuilds.length > 0 ? { REBUILDS: JSON.stringify(rebuilds) } : {},
      NODE_USE_ENV_PROXY: '1',
    },
    'run': `node - <<'SCRIPT'\n${fs.readFileSync(SCRIPT, 'utf8')}SCRIPT\n`,
  };
}

/**
 * Ends the part of the workflow that runs in parallel for different commits. An older commit stops here, so that it does not
 * replace a newer commit in the queue of a deployment. GitHub keeps only the latest arrival in that queue.
 */
export function orderJob(settings: WorkflowSettings, name: string, rebuilds: string[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': 10,
    'permissions': ORDER_PERMISSIONS,
    // Each run has its own group, because this job does not need to wait.
    'concurrency': { 'group': `${settings.name}-order-\${{ github.run_id }}`, 'cancel-in-progress': false },
    'steps': [setUpNode(settings), checkCommitOrder(settings, name, rebuilds)],
  };
}

/**
 * Allows one deployment of a stack at a time in the whole repository, and never cancels it. A stack belongs to only one
 * stage, so the first stack of a stage identifies the stage.
 */
export function oneAtATime([{ stackName, account, region }]: StackPlan[]): Concurrency {
  return { 'group': `deploy-${stackName}-${account}-${region}`, 'cancel-in-progress': false };
}
