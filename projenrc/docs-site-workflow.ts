import { Component, github } from 'projen';

const { READ, WRITE } = github.workflows.JobPermission;

/** Repository variable that a maintainer sets to `true` after enabling GitHub Pages. Publishing fails before that. */
const SWITCH = 'DOCS_SITE';

/** Publishes the documentation of `main` on GitHub Pages. The job that runs code of dependencies has no permission to publish. */
export class DocsSiteWorkflow extends Component {
  constructor(hub: github.GitHub, task: string) {
    super(hub.project);
    // A newer commit replaces the site of an older one.
    const concurrencyOptions = { group: 'docs-site', cancelInProgress: true };
    const workflow = new github.GithubWorkflow(hub, 'docs-site', { limitConcurrency: true, concurrencyOptions });
    workflow.on({ push: { branches: ['main'] }, workflowDispatch: {} });
    workflow.addJobs({
      // Pull requests already check the site. If this job is skipped, GitHub also skips the job that needs it.
      generate: {
        if: `\${{ vars.${SWITCH} == 'true' }}`,
        runsOn: ['ubuntu-latest'],
        permissions: { contents: READ },
        steps: [
          { uses: 'actions/checkout' },
          { uses: 'actions/setup-node', with: { 'node-version': '24', 'package-manager-cache': false } },
          { run: 'npm ci' },
          { run: `npx projen ${task}` },
          { uses: 'actions/upload-pages-artifact', with: { path: '.site/html' } },
        ],
      },
      publish: {
        needs: ['generate'],
        runsOn: ['ubuntu-latest'],
        environment: 'github-pages',
        permissions: { pages: WRITE, idToken: WRITE },
        steps: [{ uses: 'actions/deploy-pages' }],
      },
    });
  }
}
