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
  'actions': 'to check the progress of newer commits',
  'contents': 'to check out the commit',
  'id-token': 'to prove to AWS which workflow this is',
};

/**
 * A GitHub Actions workflow for the three phases. It runs checks in parallel, then deploys the registries, pushes the
 * images, and deploys the services. A job runs only if the previous jobs succeed.
 *
 * The workflow is generated from the app, so its stacks, parameters, platforms, repositories, and regions always match
 * the app. If its roles are in the same app, synthesis also checks that they have all permissions that the workflow
 * needs.
 *
 * Each image is built once. Its tag consists of the last commit that changed its sources and a hash of its build settings.
 * If the tag already exists, the build is skipped. Every stage gets the same digest. The workflow does not build images that
 * services specify with `ImageVersion.digest`. After each deployment, the workflow checks that the services run the pushed
 * image. It fails if ECS has rolled a service back.
 *
 * Each stage has at most one deployment at a time, and the workflow never cancels it. Before a deployment, a step checks
 * whether the run of a newer commit has already started the same job. If so, the older run fails and deploys nothing. An older
 * commit therefore never replaces a newer one. To return to an earlier commit, re-run its workflow run.
 *
 * Synthesis writes the workflow file below the root of the source repository. The root is the nearest directory that
 * contains `.git` or `.github`, from the working directory upward. If the environment variable `CI` is set, synthesis writes
 * nothing, and fails if the committed file is out of date.
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
   * Path of the workflow file, relative to the root of the source repository.
   */
  public readonly workflowPath: string;

  private readonly settings: WorkflowSettings;
  private readonly images: ImageBuild[];
  private readonly environments: WorkflowEnvironment[];
  private readonly patches: JsonPatch[] = [];

  /**
   * @param scope the app; pass a stage to deploy only that stage
   * @throws if the name of a check is not a valid job ID; if an ARN is a token; if a timeout is not in whole minutes, or
   * exceeds the maximum lifetime of AWS credentials; if an action is not pinned to a commit; if another workflow has the
   * same file; if there are lockfiles of several package managers; at synthesis, if there is no `ImageGuard`; if a service
   * specifies its image with `ImageVersion.tag` or `ImageVersion.movingTag`; if a registry is in the stack of its service;
   * if a stack has no account or region; if a role of the app lacks a permission; in CI, if the committed file is out of
   * date
   */
  constructor(scope: Construct, id: string, props: DeployWorkflowProps) {
    super(scope, id);
    const given = checkedOptions(this, props, OPTION_KINDS, ['pushRoleArn', 'deployRoleArn']);
    this.images = given.images ?? [];
    this.environments = given.environments ?? [];
    this.settings = located(this, () => workflowSettings(id, given));
    this.workflowPath = path.posix.join('.github', 'workflows', `${this.settings.name}.yml`);
    this.node.addValidation({ validate: () => contradictions(this.node.root, this.plan(), this.settings) });
    keepGenerated(this, { path: this.workflowPath, option: 'workflowName', render: () => this.render() });
  }

  /**
   * Changes the rendered workflow. Use it for settings that no property covers.
   *
   * @param patches patches to apply in this order, after the patches of earlier calls
   * @throws at synthesis, if the path of a patch does not fit the workflow
   */
  public patch(...patches: JsonPatch[]): void {
    for (const [index, patch] of patches.entries()) refuse(this, aPatch(`patches[${index}]`, patch));
    this.patches.push(...patches);
  }

  /**
   * Returns the content of the workflow file. Call it when the app is complete.
   *
   * @throws in the same cases as synthesis, but not if the file is out of date or a role lacks a permission
   */
  public render(): string {
    const workflow = located(this, () =>
      this.patches.reduce<unknown>((patched, patch) => patch._apply(patched), workflowOf(this.plan(), this.settings)));
    if (typeof workflow !== 'object' || workflow === null || Array.isArray(workflow)) throw invalid(this, 'patch: the patched workflow is not an object');
    const token = tokenIn(workflow);
    if (token) throw invalid(this, `${token} is not known at synthesis, so it cannot be written to the workflow file: pass a value instead of a token`);
    return [...GENERATED.map((line) => `# ${line}`), '', toYaml(workflow, this.comment)].join('\n');
  }

  private readonly comment: Comment = (key, value) => PERMISSIONS[key] ?? this.settings.actions.versions(key, value);

  private plan(): DeployPlan {
    const plan = deployPlan(this.node.scope as Construct, this.images, repositoryRoot());
    return { ...plan, environments: this.ordered(plan.environments) };
  }

  /**
   * Returns the stages in the requested order if all of them are listed. Otherwise, returns them in the order in which
   * they were created.
   */
  private ordered(plans: EnvironmentPlan[]): EnvironmentPlan[] {
    const asked = this.environments.map(({ stage }, index) => {
      const plan = plans.find((candidate) => candidate.stage === stage);
      if (!plan) throw invalid(this, `environments: stage ${shown(stage.node.path)} contains no ImageGuard: leave it out`);
      if (this.environments.findIndex((other) => other.stage === stage) < index) {
        throw invalid(this, `environments: stage ${shown(stage.node.path)} is listed twice`);
      }
      return plan;
    });
    if (asked.length === plans.length) return asked;
    const before = asked.find((plan, index) => index > 0 && plans.indexOf(plan) < plans.indexOf(asked[index - 1]));
    if (before) {
      const left = plans.filter((plan) => !asked.includes(plan)).map(({ stage }) => shown(stage.node.path));
      throw invalid(this, `environments: stage ${shown(before.stage.node.path)} is not in the order of the app, ` +
        `and ${left.join(', ')} is not listed: to change the order, list all stages that contain services`);
    }
    return plans;
  }
}

/** Returns the JSON pointer to a token, if there is one. */
function tokenIn(value: unknown, pointer = ''): string | undefined {
  if (Token.isUnresolved(value)) return pointer || '/';
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).map(([key, inner]) => Token.isUnresolved(key) ? `a key of ${pointer || '/'}` : tokenIn(inner, `${pointer}/${key}`));
  return found.find((each) => each !== undefined);
}
