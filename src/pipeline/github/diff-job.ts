import { logIn, setUp } from './steps';
import { JobBody } from './workflow';
import { WorkflowSettings } from './workflow-settings';
import { StackPlan } from '../deploy-plan';
import { quoted } from '../shell';

/** Limit of GitHub for the summary of a step, in bytes. The log contains the rest. */
const LIMIT = 1_000_000;

/** Only pull requests from the repository itself, because pull requests from forks get no token for AWS. */
export const DIFF_CONDITION = "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository";

/** Shows what the deployment of a pull request would change. The role has read-only access, so `cdk diff` creates no change set. */
export function diffJob(settings: WorkflowSettings, roleArn: string, stacks: StackPlan[]): JobBody {
  return {
    'runs-on': settings.runsOn,
    'timeout-minutes': settings.checkTimeout.toMinutes(),
    'permissions': { 'contents': 'read', 'id-token': 'write' },
    'concurrency': { 'group': `${settings.name}-diff-\${{ github.event.pull_request.number }}`, 'cancel-in-progress': true },
    'steps': [
      ...setUp(settings),
      logIn(settings, roleArn, stacks[0].region, settings.checkTimeout),
      {
        name: 'Compare with the deployed stacks',
        id: 'diff',
        run: `${settings.cdkCommand} diff ${stacks.map(({ deployId }) => quoted(deployId)).join(' ')} --no-change-set --no-color 2>&1 | tee "$RUNNER_TEMP/diff"`,
      },
      {
        name: 'Summarize',
        if: "${{ !cancelled() && steps.diff.outcome != 'skipped' }}",
        run: `{\n  echo '~~~~~~~~diff'\n  head --bytes ${LIMIT} "$RUNNER_TEMP/diff"\n  echo\n  echo '~~~~~~~~'\n} >> "$GITHUB_STEP_SUMMARY"`,
      },
    ],
  };
}
