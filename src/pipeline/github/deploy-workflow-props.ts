import { Duration, Stage } from 'aws-cdk-lib';
import { ImageBuild } from '../image-build';

/**
 * What a stage of the app is on GitHub.
 */
export interface WorkflowEnvironment {
  /**
   * The stage; the app itself for the services that are in no stage.
   */
  readonly stage: Stage;

  /**
   * Name of the environment on GitHub. Its protection rules apply, and its name is in the subject of the token that the role
   * is assumed with.
   *
   * @default - the name of the stage; none for the app itself
   */
  readonly environmentName?: string;

  /**
   * ARN of the role that deploys this stage. May be an expression of GitHub.
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
   * ARN of the role that pushes images, such as that of a `GitHubPushRole`. May be an expression of GitHub, such as
   * `${{ vars.PUSH_ROLE_ARN }}`.
   */
  readonly pushRoleArn: string;

  /**
   * ARN of the role that deploys the registries, and every stage without a role of its own, such as that of a
   * `GitHubDeployRole`. May be an expression of GitHub.
   */
  readonly deployRoleArn: string;

  /**
   * ARN of the role that `cdk diff` runs with on pull requests, such as that of a `GitHubDiffRole`. May be an expression of
   * GitHub. With it, the workflow also runs on pull requests to the branch: the checks, and a job that shows the differences
   * on the page of the run. Pull requests from forks get the checks only, since GitHub gives them no token for AWS.
   *
   * @default - the workflow does not run on pull requests
   */
  readonly diffRoleArn?: string;

  /**
   * Commands that must pass before anything is deployed, by the name of the job that runs each of them.
   *
   * @default - nothing is checked
   */
  readonly checks?: { [name: string]: string };

  /**
   * How to build images that are not built from the `Dockerfile` in the root of the source repository.
   *
   * @default - each from that Dockerfile, with the whole repository as its context
   */
  readonly images?: ImageBuild[];

  /**
   * What stages of the app are on GitHub. To change the order of deployments, name all stages with services: a release
   * reaches a stage after the one before runs it. If you name only some of them, name them in the order in which they were
   * made.
   *
   * @default - each stage with services is deployed to the environment of its name, in the order in which they were made
   */
  readonly environments?: WorkflowEnvironment[];

  /**
   * Branch whose commits are deployed.
   *
   * @default main
   */
  readonly branch?: string;

  /**
   * Name of the workflow, and of its file in `.github/workflows`, to which `.yml` is added.
   *
   * @default - the id of the construct in lower case
   */
  readonly workflowName?: string;

  /**
   * Command that installs the dependencies, in the directory of the app.
   *
   * @default - lockfiles say what to install with npm, pnpm, yarn or bun, and for an app in Python with pip, poetry or uv
   */
  readonly installCommand?: string;

  /**
   * Command that runs the CDK CLI.
   *
   * @default - as the package manager runs it, such as `npx cdk`; `npx cdk` with an `installCommand`
   */
  readonly cdkCommand?: string;

  /**
   * Version of Node.js that checks and deployments run on.
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
   * Environment on GitHub that images are built and promoted in. Builds can use its secrets and those of the repository and
   * the organization. Its protection rules apply. Its name is in the subject of the token, so the push role must trust
   * `GitHubSubject.environment()` of it.
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
   * Timeout of each build, in whole minutes up to 12 hours. If it is longer than an hour, the push role must allow sessions
   * of that length.
   *
   * @default Duration.minutes(60)
   */
  readonly buildTimeout?: Duration;

  /**
   * Timeout of each deployment, in whole minutes up to 12 hours. CloudFormation goes on with a deployment even if the job
   * has timed out. If it is longer than an hour, the deploy roles must allow sessions of that length.
   *
   * @default Duration.minutes(60)
   */
  readonly deployTimeout?: Duration;

  /**
   * Other commits of the actions that the workflow uses, by the name of the action:
   * `{ 'actions/checkout': '<commit id of 40 digits> # v7.0.1' }`.
   *
   * @default - the commits that this version of the library was tested with
   */
  readonly actions?: { [action: string]: string };
}
