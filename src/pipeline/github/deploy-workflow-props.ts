import { Duration, Stage } from 'aws-cdk-lib';
import { ImageBuild } from '../image-build';

/**
 * GitHub environment of a stage.
 */
export interface WorkflowEnvironment {
  /**
   * The stage. Pass the app itself for services that are not in a stage.
   */
  readonly stage: Stage;

  /**
   * Name of the GitHub environment. Its protection rules apply. The subject of the OIDC token contains its name, so the
   * deploy role must trust `GitHubSubject.environment()` with this name.
   *
   * @default - the name of the stage; none for the app itself
   */
  readonly environmentName?: string;

  /**
   * ARN of the role that deploys this stage. It can be a GitHub expression.
   *
   * @default - `deployRoleArn` of the workflow
   */
  readonly deployRoleArn?: string;
}

/**
 * Properties of a `DeployWorkflow`.
 */
export interface DeployWorkflowProps {
  /**
   * ARN of the role that pushes images, such as a `GitHubPushRole`. It can be a GitHub expression, such as
   * `${{ vars.PUSH_ROLE_ARN }}`.
   */
  readonly pushRoleArn: string;

  /**
   * ARN of the role that deploys the registries and all stages without their own role. Use a `GitHubDeployRole`, for
   * example. The ARN can be a GitHub expression.
   */
  readonly deployRoleArn: string;

  /**
   * ARN of the role that runs `cdk diff` on pull requests, such as a `GitHubDiffRole`. It can be a GitHub expression.
   *
   * With this role, the workflow also runs on pull requests to the branch. It runs the checks, and a job that shows the
   * differences in the run summary. Pull requests from forks get only the checks, because GitHub gives them no token for
   * AWS.
   *
   * @default - the workflow does not run on pull requests
   */
  readonly diffRoleArn?: string;

  /**
   * Commands that must pass before the workflow deploys anything. Each key is the name of the job that runs the command.
   *
   * @default - no checks
   */
  readonly checks?: { [name: string]: string };

  /**
   * Build settings, for images that are not built from the `Dockerfile` in the root of the source repository.
   *
   * @default - builds each image from that Dockerfile, with the whole repository as the build context
   */
  readonly images?: ImageBuild[];

  /**
   * GitHub environments of the stages, in the order of deployment. A stage gets a release only after the previous stage
   * runs it. To change the order, list all stages that contain services. If you list only some stages, keep the order in
   * which they were created.
   *
   * @default - deploys all stages that contain services, in the order in which they were created; each stage uses the
   * environment with its name
   */
  readonly environments?: WorkflowEnvironment[];

  /**
   * Branch to deploy.
   *
   * @default main
   */
  readonly branch?: string;

  /**
   * Name of the workflow and of its file: `.github/workflows/<name>.yml`.
   *
   * @default - the ID of the construct in lowercase
   */
  readonly workflowName?: string;

  /**
   * Command that installs the dependencies. It runs in the directory of the app.
   *
   * @default - determined by the lockfiles: npm, pnpm, yarn, or bun; for an app in Python, pip, poetry, or uv
   */
  readonly installCommand?: string;

  /**
   * Command that runs the CDK CLI.
   *
   * @default - the command of the package manager, such as `npx cdk`; with an `installCommand`, always `npx cdk`
   */
  readonly cdkCommand?: string;

  /**
   * Version of Node.js for checks and deployments.
   *
   * @default 22
   */
  readonly nodeVersion?: string;

  /**
   * Label of the runners.
   *
   * @default ubuntu-24.04
   */
  readonly runsOn?: string;

  /**
   * GitHub environment of the jobs that build and promote images. Builds can use its secrets, and those of the repository and
   * the organization. Its protection rules apply. The subject of the OIDC token contains its name, so the push role must
   * trust `GitHubSubject.environment()` with this name.
   *
   * @default - `build` if an image has `secrets`, otherwise none
   */
  readonly buildEnvironmentName?: string;

  /**
   * Timeout of each check, in whole minutes.
   *
   * @default Duration.minutes(30)
   */
  readonly checkTimeout?: Duration;

  /**
   * Timeout of each build, in whole minutes up to 12 hours. If it is longer than one hour, the push role must allow sessions
   * of that length.
   *
   * @default Duration.minutes(60)
   */
  readonly buildTimeout?: Duration;

  /**
   * Timeout of each deployment, in whole minutes up to 12 hours. CloudFormation continues a deployment even after the job
   * times out. If the timeout is longer than one hour, the deploy roles must allow sessions of that length.
   *
   * @default Duration.minutes(60)
   */
  readonly deployTimeout?: Duration;

  /**
   * Commits to use for the actions of the workflow. Each key is the name of an action:
   * `{ 'actions/checkout': '<commit SHA of 40 digits> # v7.0.1' }`.
   *
   * @default - the commits that this version of the library was tested with
   */
  readonly actions?: { [action: string]: string };
}
