import * as path from 'node:path';
import { Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DeployWorkflowProps, WorkflowEnvironment } from './deploy-workflow-props';
import { JsonPatch } from './json-patch';
import { contradictions } from './role-checks';
import { workflowOf } from './workflow-document';
import { WorkflowSettings, workflowSettings } from './workflow-settings';
import { Comment, toYaml } from './yaml';
import { checkedOptions } from '../../private/checked-options';
import { claim } from '../../private/claims';
import { anyDuration, anyText, instance, Kinds, listOf, mapOf, structOf } from '../../private/option-kinds';
import { invalid, located, refuse, shown } from '../../private/validation';
import { DeployPlan, deployPlan, EnvironmentPlan } from '../deploy-plan';
import { GENERATED, keepGenerated, repositoryRoot } from '../generated-file';
import { ImageBuild } from '../image-build';
import { imageBuilds } from '../image-build-kinds';

const aStage = instance('a Stage', 'stageName', 'node');
const aPatch = instance('a JsonPatch, such as JsonPatch.add()', '_apply');

const OPTION_KINDS: Kinds<DeployWorkflowProps> = {
  pushRoleArn: anyText,
  deployRoleArn: anyText,
  diffRoleArn: anyText,
  checks: mapOf(anyText),
  images: imageBuilds,
  environments: listOf(structOf({ stage: aStage }, { environmentName: anyText, deployRoleArn: anyText })),
  branch: anyText,
  workflowName: anyText,
  installCommand: anyText,
  cdkCommand: anyText,
  nodeVersion: anyText,
  runsOn: anyText,
  buildEnvironmentName: anyText,
  checkTimeout: anyDuration,
  buildTimeout: anyDuration,
  deployTimeout: anyDuration,
  actions: mapOf(anyText),
};

const PERMISSIONS: Record<string, string> = {
  'actions': 'to see how far newer commits have come',
  'contents': 'to check out the commit',
  'id-token': 'to prove to AWS which workflow this is',
};

/**
 * The three phases as a workflow of GitHub Actions: checks in parallel, then the registries, then the images, then the
 * services, each job only if those before it have succeeded.
 *
 * Stacks, parameters, platforms, repositories, regions and the package manager are read off the app, so the workflow cannot
 * disagree with it. Where its roles are in the same app, synthesis fails if they do not allow what the workflow does. An
 * image is built once. Its tag names the last commit that changed its sources, and how it is built. If the tag is there
 * already, nothing is built. Every stage gets the same digest. After a deployment, the workflow compares what runs with what was
 * pushed, and fails if ECS has rolled a service back. Images that `ImageVersion.digest` names are built elsewhere, so they
 * are only deployed.
 *
 * A stage has one deployment at a time, which is never canceled. Before each, a step asks GitHub whether a newer commit has
 * already reached the same job. If so, the run fails and nothing is deployed, so an older commit never undoes a newer
 * one. To go back to an earlier commit, re-run its workflow run.
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
   * @throws if the name of a check cannot be the id of a job, an ARN is a token, a timeout is not whole minutes or longer than
   * credentials are valid, an action is not pinned by a commit, another workflow has the same file, or there are lockfiles
   * of several package managers; at synthesis, if there is no service to deploy, if one has its image fixed at synthesis or
   * its registry in its own stack, if a stack has no account and region, if a role of the app does not allow what the
   * workflow does with it, and in CI if the file that is checked in is stale
   */
  constructor(scope: Construct, id: string, props: DeployWorkflowProps) {
    super(scope, id);
    const given = checkedOptions(this, props, OPTION_KINDS, ['pushRoleArn', 'deployRoleArn']);
    this.images = given.images ?? [];
    this.environments = given.environments ?? [];
    this.settings = located(this, () => workflowSettings(id, given));
    this.workflowPath = path.posix.join('.github', 'workflows', `${this.settings.name}.yml`);
    const other = claim(this, this.workflowPath);
    if (other !== undefined) throw invalid(this, `workflowName: ${this.workflowPath} is already written by ${other}`);
    this.node.addValidation({ validate: () => contradictions(this.node.root, this.plan(), this.settings) });
    keepGenerated(this, { path: this.workflowPath, render: () => this.render() });
  }

  /**
   * Changes what is rendered where no property does.
   *
   * @param patches applied in this order, after those of earlier calls
   * @throws at synthesis, if the path of a patch does not fit what is rendered
   */
  public patch(...patches: JsonPatch[]): void {
    for (const [index, patch] of patches.entries()) refuse(this, aPatch(`patches[${index}]`, patch));
    this.patches.push(...patches);
  }

  /**
   * The workflow as it is written to its file. Call it when the app is complete.
   *
   * @throws what synthesis throws, except for a stale file or a role that does not fit
   */
  public render(): string {
    const workflow = located(this, () =>
      this.patches.reduce<unknown>((patched, patch) => patch._apply(patched), workflowOf(this.plan(), this.settings)));
    if (typeof workflow !== 'object' || workflow === null || Array.isArray(workflow)) throw invalid(this, 'patch: the patched workflow is not an object');
    const token = tokenIn(workflow);
    if (token) throw invalid(this, `${token} has a value that is not known at synthesis, but a workflow file needs all values`);
    return [...GENERATED.map((line) => `# ${line}`), '', toYaml(workflow, this.comment)].join('\n');
  }

  private readonly comment: Comment = (key, value) => PERMISSIONS[key] ?? this.settings.actions.versions(key, value);

  private plan(): DeployPlan {
    const plan = deployPlan(this.node.scope as Construct, this.images, repositoryRoot());
    return { ...plan, environments: this.ordered(plan.environments) };
  }

  /** The stages in the order that was asked for, if all of them were named, otherwise in the order in which they were made. */
  private ordered(plans: EnvironmentPlan[]): EnvironmentPlan[] {
    const asked = this.environments.map(({ stage }, index) => {
      const plan = plans.find((candidate) => candidate.stage === stage);
      if (!plan || this.environments.findIndex((other) => other.stage === stage) < index) {
        throw invalid(this, `environments: stage ${shown(stage.node.path)} is listed twice, or has no phased service`);
      }
      return plan;
    });
    if (asked.length === plans.length) return asked;
    const before = asked.find((plan, index) => index > 0 && plans.indexOf(plan) < plans.indexOf(asked[index - 1]));
    if (before) {
      const left = plans.filter((plan) => !asked.includes(plan)).map(({ stage }) => shown(stage.node.path));
      throw invalid(this, `environments: stage ${shown(before.stage.node.path)} was created before the stage that is listed before it, ` +
        `and ${left.join(', ')} is not listed: to change the order, list all stages with services`);
    }
    return plans;
  }
}

/** The JSON pointer to a token, if there is one. */
function tokenIn(value: unknown, pointer = ''): string | undefined {
  if (Token.isUnresolved(value)) return pointer || '/';
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).map(([key, inner]) => Token.isUnresolved(key) ? `a key of ${pointer || '/'}` : tokenIn(inner, `${pointer}/${key}`));
  return found.find((each) => each !== undefined);
}
