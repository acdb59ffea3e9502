import { setUp } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';

/** A check that must pass before the workflow deploys anything. */
export function checkJob(settings: WorkflowSettings, name: string, run: string): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.checkTimeout.toMinutes(),
    'permissions': { contents: 'read' },
    // Each commit is checked, because a busy branch would otherwise never be deployed. No commit is checked twice at the
    // same time.
    'concurrency': { 'group': `${settings.name}-check-${name}-\${{ github.sha }}`, 'cancel-in-progress': true },
    'steps': [...setUp(settings), { name, run }],
  };
}
