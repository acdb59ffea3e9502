import { setUp } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';

/** What must pass before anything is deployed. */
export function checkJob(settings: WorkflowSettings, name: string, run: string): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.checkTimeout.toMinutes(),
    'permissions': { contents: 'read' },
    // Each commit is checked, else a branch that never rests would never be deployed; but none of them twice at once.
    'concurrency': { 'group': `${settings.name}-check-${name}-\${{ github.sha }}`, 'cancel-in-progress': true },
    'steps': [...setUp(settings), { name, run }],
  };
}
