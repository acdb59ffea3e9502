import * as fs from 'node:fs';
import * as path from 'node:path';
import { setUpNode } from './steps';
import { CommandStep, Concurrency, JobBody, Permissions } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { StackPlan } from '../deploy-plan';

/** It is published as it is, so it is found from the compiled code too. */
const SCRIPT = path.join(__dirname, '..', '..', '..', 'src', 'pipeline', 'github', 'keep-order.js');

export const ORDER_NAME = 'Check the commit order';

/** What the step takes: runs of the workflow and commits of the branch, both to look at. */
export const ORDER_PERMISSIONS: Permissions = { actions: 'read', contents: 'read' };

/**
 * A step that fails if the same job of a newer commit has passed it. GitHub hands out the turns of a concurrency group by
 * the time at which jobs arrive, and a slow build of an older commit arrives late.
 *
 * @param rebuilds names of the jobs that build the images of this one, of images that are rebuilt on a schedule: a rebuild
 * counts as newer too
 */
export function keepOrder({ name, appDirectory }: WorkflowSettings, job: string, rebuilds: string[] = []): CommandStep {
  return {
    'name': ORDER_NAME,
    'working-directory': appDirectory === '.' ? undefined : '.',
    // Runners behind a proxy have it in their environment.
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
 * The end of what different commits do at the same time. An older commit stops here, so that it does not take the place of
 * a newer one in the queue of a deployment: GitHub lets only the last that arrived wait there.
 */
export function orderJob(settings: WorkflowSettings, name: string, rebuilds: string[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': 10,
    'permissions': ORDER_PERMISSIONS,
    // One of its own: nothing is gained by waiting here.
    'concurrency': { 'group': `${settings.name}-order-\${{ github.run_id }}`, 'cancel-in-progress': false },
    'steps': [setUpNode(settings), keepOrder(settings, name, rebuilds)],
  };
}

/**
 * One deployment of a stack at a time, whichever workflow of the repository makes it, and without cancelling any. A stack is
 * in one stage only, so its first one stands for the stage.
 */
export function oneAtATime([{ stackName, account, region }]: StackPlan[]): Concurrency {
  return { 'group': `deploy-${stackName}-${account}-${region}`, 'cancel-in-progress': false };
}
