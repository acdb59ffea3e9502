import * as path from 'node:path';
import { Duration, Stage, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Actions } from './actions';
import { DeployPlan, deployPlan, slug } from '../deploy-plan';
import { appDirectory, GENERATED, keepGenerated, repositoryRoot } from '../generated-file';
import { ImageBuild } from '../image-build';
import { JsonPatch } from './json-patch';
import { workflowOf } from './workflow-document';
import { WorkflowSettings } from './workflow-settings';
import { Comment, toYaml } from './yaml';
import { invalid, located, shown } from '../../private/validation';

const PERMISSIONS: Record<string, string> = {
  'actions': 'to see how far newer commits have come',
  'contents': 'to check out the commit',
  'id-token': 'to prove to AWS which workflow this is',
};

const JOB_ID = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * What a stage of the app is on GitHub.
 */
export interface WorkflowEnvironment {
  /**
   * The stage; the app itself for the services that are in no stage.
   */
  readonly stage: Stage;

  /**
   * Name of the environment on GitHub, whose protection rules apply and whose name is in the subject of the token that
   * the role is assumed with.
   *
   * @default - the name of the stage; none for the app itself
   */
  readonly environmentName?: string;

  /**
   * ARN of the role that deploys this stage.
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
   * ARN of the role that deploys the registries, and every stage that is given no role of its own, such as that of a
   * `GitHubDeployRole`. May be an expression of GitHub.
   */
  readonly deployRoleArn: string;

  /**
   * What must pass before anything is deployed, each a job of its own: commands by the name of the job.
   *
   * @default - nothing
   */
  readonly checks?: { [name: string]: string };

  /**
   * How images are built, where they are not built from the `Dockerfile` in the root of the source repository.
   *
   * @default - each from that Dockerfile, with the whole repository as its context
   */
  readonly images?: ImageBuild[];

  /**
   * What the stages of the app are on GitHub, in the order in which they are deployed: a release reaches a stage once
   * the one before runs it. Stages with services that are not named here follow.
   *
   * @default - all stages with services, in the order in which they were made, each in the environment of its name
   */
  readonly environments?: WorkflowEnvironment[];

  /**
   * The branch whose commits are deployed.
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
   * Installs what checks and deployments take.
   *
   * @default npm ci
   */
  readonly installCommand?: string;

  /**
   * Runs the CDK CLI.
   *
   * @default npx cdk
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
   * Environment on GitHub that images are built and promoted in. Builds can use its secrets, and its protection rules
   * apply. Its name is in the subject of the token, so the push role has to trust `GitHubSubject.environment()` of it.
   *
   * @default - none: builds can use the secrets of the repository and the organization
   */
  readonly buildEnvironmentName?: string;

  /**
   * After what time a check fails.
   *
   * @default Duration.minutes(30)
   */
  readonly checkTimeout?: Duration;

  /**
   * After what time a build fails.
   *
   * @default Duration.minutes(60)
   */
  readonly buildTimeout?: Duration;

  /**
   * After what time a deployment fails. CloudFormation goes on with it even then.
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

/**
 * The three phases as a workflow of GitHub Actions: checks in parallel, then the registries, then the images, then the
 * services, each job only if those before it have succeeded.
 *
 * Which stacks, parameters, platforms, repositories and regions there are is read off the guards below the scope, so
 * the workflow cannot disagree with the app. An image is built once, under the id of the last commit that changed its
 * sources as its tag, and every stage gets the same digest. If the tag is there already, nothing is built. After a
 * deployment, the workflow compares what runs with what was pushed, and fails if ECS has rolled a service back. What
 * `ImageVersion.digest` names is built elsewhere, so it is only deployed.
 *
 * A deployment is never cancelled, and one environment never has two at once: of the runs that wait for it, GitHub keeps
 * the newest.
 *
 * Synthesis writes the file below the root of the source repository: the nearest directory with a `.git` or `.github`,
 * from where the app runs upwards. Where the environment variable `CI` is set, it writes nothing and fails if the file
 * that is checked in is another one.
 *
 * @example
 * import { DeployWorkflow } from '@org/phased-fargate';
 *
 * new DeployWorkflow(app, 'Deploy', {
 *   pushRoleArn: 'arn:aws:iam::111122223333:role/GitHubStack-Push',
 *   deployRoleArn: 'arn:aws:iam::111122223333:role/GitHubStack-Deploy',
 *   checks: { lint: 'npm run lint', test: 'npm test', typecheck: 'npx tsc --noEmit' },
 *   images: [{ registry: api.registry, context: 'service' }],
 * });
 */
export class DeployWorkflow extends Construct {
  /**
   * Path of the workflow's file, from the root of the source repository.
   */
  public readonly workflowPath: string;

  private readonly settings: WorkflowSettings;
  private readonly images: ImageBuild[];
  private readonly environments: WorkflowEnvironment[];
  private readonly patches: JsonPatch[] = [];

  /**
   * @param scope the app, or a stage of it to leave the others out
   * @throws if the name of a check cannot be the id of a job, an ARN is a token, or an action is not pinned by a commit;
   * at synthesis, if there is no service to deploy, if one has its image fixed at synthesis or its registry in its own
   * stack, if a stack has no account and region, and in CI if the file that is checked in is stale
   */
  constructor(scope: Construct, id: string, props: DeployWorkflowProps) {
    super(scope, id);
    this.images = props.images ?? [];
    this.environments = props.environments ?? [];
    this.checkProps(props);

    const name = props.workflowName ?? slug(id);
    this.workflowPath = path.posix.join('.github', 'workflows', `${name}.yml`);
    this.settings = {
      name,
      branch: props.branch ?? 'main',
      checks: props.checks ?? {},
      installCommand: props.installCommand ?? 'npm ci',
      cdkCommand: props.cdkCommand ?? 'npx cdk',
      nodeVersion: props.nodeVersion ?? '22',
      runsOn: props.runsOn ?? 'ubuntu-24.04',
      buildEnvironment: props.buildEnvironmentName,
      pushRoleArn: props.pushRoleArn,
      deployRoleArn: props.deployRoleArn,
      checkTimeout: props.checkTimeout ?? Duration.minutes(30),
      buildTimeout: props.buildTimeout ?? Duration.minutes(60),
      deployTimeout: props.deployTimeout ?? Duration.minutes(60),
      actions: located(this, () => new Actions(props.actions)),
      appDirectory: appDirectory(),
      environmentOf: ({ stage, stageName }) => {
        const environment = this.environments.find((candidate) => candidate.stage === stage);
        return {
          name: environment?.environmentName ?? (stageName || undefined),
          deployRoleArn: environment?.deployRoleArn ?? props.deployRoleArn,
        };
      },
    };
    keepGenerated(this, { path: this.workflowPath, render: () => this.render() });
  }

  /**
   * Changes what is rendered, where no property does.
   *
   * @param patches applied in this order, after those of earlier calls
   * @throws at synthesis, if the path of a patch does not fit what is rendered
   */
  public patch(...patches: JsonPatch[]): void {
    this.patches.push(...patches);
  }

  /**
   * The workflow as it is written to its file. To be called when the app is complete.
   *
   * @throws what synthesis throws, but for a stale file
   */
  public render(): string {
    const workflow = located(this, () =>
      this.patches.reduce<unknown>((patched, patch) => patch._apply(patched), workflowOf(this.plan(), this.settings)));
    if (typeof workflow !== 'object' || workflow === null || Array.isArray(workflow)) throw invalid(this, 'the patches leave no workflow: its root must be an object');
    return [...GENERATED.map((line) => `# ${line}`), '', toYaml(workflow, this.comment)].join('\n');
  }

  private readonly comment: Comment = (key, value) => PERMISSIONS[key] ?? this.settings.actions.versions(key, value);

  /** The stages in the order that was asked for, then all others. */
  private plan(): DeployPlan {
    const plan = deployPlan(this.node.scope as Construct, this.images, repositoryRoot());
    const left = [...plan.environments];
    const asked = this.environments.map(({ stage }) => {
      const index = left.findIndex((environment) => environment.stage === stage);
      if (index < 0) throw invalid(this, `environments: stage ${shown(stage.node.path)} is named twice, or has no phased service`);
      return left.splice(index, 1)[0];
    });
    return { ...plan, environments: [...asked, ...left] };
  }

  private checkProps({ checks, pushRoleArn, deployRoleArn }: DeployWorkflowProps): void {
    for (const name of Object.keys(checks ?? {})) {
      if (!JOB_ID.test(name)) throw invalid(this, `checks: ${shown(name)} cannot be the id of a job: letters, digits, _ and -, and no digit or - at first`);
    }
    const arns = { pushRoleArn, deployRoleArn, ...Object.fromEntries(this.environments.map(({ deployRoleArn: arn }, index) => [`environments[${index}].deployRoleArn`, arn])) };
    for (const [property, arn] of Object.entries(arns)) {
      if (Token.isUnresolved(arn)) {
        throw invalid(this, `${property} must be known at synthesis: give the stack of the role an env with an account, or write the ARN down`);
      }
    }
  }
}
