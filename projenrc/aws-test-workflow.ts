import { Component, github } from 'projen';

const TIMEOUT_MINUTES = 180;

export interface AwsTestTasks {
  readonly run: string;
  readonly cleanup: string;
}

/**
 * Runs the test scenario in an account of the maintainers. A maintainer starts it, and another one approves it, as the
 * protection rules of the environment `aws-test` require. There are no stored keys, because the role trusts only this
 * environment.
 */
export class AwsTestWorkflow extends Component {
  constructor(hub: github.GitHub, { run, cleanup }: AwsTestTasks) {
    super(hub.project);
    const workflow = hub.addWorkflow('aws-test');
    workflow.on({ workflowDispatch: {} });
    workflow.addJob('test', {
      runsOn: ['ubuntu-latest'],
      timeoutMinutes: TIMEOUT_MINUTES,
      environment: 'aws-test',
      concurrency: { 'group': 'aws-test', 'cancel-in-progress': false },
      permissions: { idToken: github.workflows.JobPermission.WRITE, contents: github.workflows.JobPermission.READ },
      env: { ACCOUNT: '${{ vars.AWS_TEST_ACCOUNT }}' },
      steps: [
        { uses: 'actions/checkout' },
        { uses: 'actions/setup-node', with: { 'node-version': '24' } },
        { run: 'npm ci' },
        {
          uses: 'aws-actions/configure-aws-credentials',
          with: {
            'role-to-assume': '${{ vars.AWS_TEST_ROLE }}',
            'aws-region': '${{ vars.AWS_TEST_REGION }}',
            'allowed-account-ids': '${{ vars.AWS_TEST_ACCOUNT }}',
            'role-duration-seconds': TIMEOUT_MINUTES * 60,
          },
        },
        { name: run, run: `npx projen ${run} --account "$ACCOUNT"` },
        { name: cleanup, if: 'always()', run: `npx projen ${cleanup} --account "$ACCOUNT"` },
        { uses: 'actions/upload-artifact', if: 'always()', with: { name: 'aws-report', path: 'docs/aws-report.md' } },
      ],
    });
  }
}
