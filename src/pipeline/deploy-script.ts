import { Construct } from 'constructs';
import { deploy, verify } from './deploy-commands';
import { deployPlan, distinctImages, EnvironmentPlan } from './deploy-plan';
import { appDirectory, GENERATED, keepGenerated, repositoryRoot } from './generated-file';
import { ImageBuild } from './image-build';
import { imageBuilds } from './image-build-kinds';
import { ImagePlan } from './image-plan';
import { installationHere } from './package-manager';
import { functions, indented, quoted } from './shell';
import { buildAndPush, imageTag, imageVariable, logInAndAddTags, lookUp, newestTag, promote, sourcesOf } from './shell-calls';
import { sourcePath } from './source-path';
import { checkedOptions } from '../private/checked-options';
import { anyText, Kinds } from '../private/option-kinds';
import { located } from '../private/validation';

const OPTION_KINDS: Kinds<DeployScriptProps> = { images: imageBuilds, scriptPath: anyText, cdkCommand: anyText };

/**
 * Properties of a `DeployScript`.
 */
export interface DeployScriptProps {
  /**
   * Build settings, for images that are not built from the `Dockerfile` in the root of the source repository.
   *
   * @default - builds each image from that Dockerfile, with the whole repository as the build context
   */
  readonly images?: ImageBuild[];

  /**
   * Path of the script, from the root of the source repository.
   *
   * @default deploy.sh
   */
  readonly scriptPath?: string;

  /**
   * Command that runs the CDK CLI.
   *
   * @default - the command of the app's package manager, such as `npx cdk`; the lockfile determines the package manager
   */
  readonly cdkCommand?: string;
}

/**
 * The three phases as a bash script, for a laptop or for a CI system other than GitHub Actions. The script does the same as
 * a `DeployWorkflow`, with the AWS credentials of its caller. It needs git, the AWS CLI, and Docker with buildx.
 *
 * `./deploy.sh` deploys everything. `./deploy.sh <stage>…` deploys the registries, pushes the images, and then deploys only
 * the services of these stages.
 *
 * Synthesis writes the script. If the environment variable `CI` is set, synthesis writes nothing, and fails if the committed
 * script is out of date.
 */
export class DeployScript extends Construct {
  private readonly images: ImageBuild[];
  private readonly scriptPath: string;
  private readonly cdkCommand: string;

  /**
   * @param scope the app; pass a stage, a stack, or a `PhasedFargateService` to deploy only that part of the app
   * @throws if another construct writes the same file; at synthesis, if there is no `ImageGuard`; if a service specifies
   * its image with `ImageVersion.tag` or `ImageVersion.movingTag`; if a registry is in the stack of its service; if a stack
   * has no account or region; in CI, if the committed script is out of date
   */
  constructor(scope: Construct, id: string, props: DeployScriptProps = {}) {
    super(scope, id);
    const given = checkedOptions(this, props ?? {}, OPTION_KINDS);
    this.images = given.images ?? [];
    this.scriptPath = located(this, () => sourcePath('scriptPath', given.scriptPath ?? 'deploy.sh'));
    this.cdkCommand = given.cdkCommand ?? located(this, installationHere).cdkCommand;
    keepGenerated(this, { path: this.scriptPath, option: 'scriptPath', executable: true, render: () => this.render() });
  }

  /**
   * Returns the content of the script. Call it when the app is complete.
   *
   * @throws in the same cases as synthesis, but not if the script is out of date
   */
  public render(): string {
    const plan = deployPlan(this.node.scope as Construct, this.images, repositoryRoot());
    const phases = [
      ...plan.registryStacks.length > 0 ? [`# Phase 1: the registries\n${this.inApp(deploy(this.cdkCommand, plan.registryStacks))}`] : [],
      ...plan.images.map((image) => `# Phase 2: the image of ${image.repositoryName}\n${pushUnlessThere(image)}`),
      ...plan.environments.map((environment) => this.deployServices(environment)),
    ];
    const stages = plan.environments.map(({ stageName }) => stageName).filter((name) => name !== '');
    const body = [
      ...stages.length > 0 ? [`only_stages ${[stages.length, ...stages.map(quoted)].join(' ')} "$@"`] : [],
      ...phases,
    ].join('\n\n');
    return [
      ['#!/usr/bin/env bash', ...GENERATED.map((line) => `# ${line}`)].join('\n'),
      `set -euo pipefail\ncd "$(dirname "$0")${'/..'.repeat(this.scriptPath.split('/').length - 1)}"`,
      functions(body),
      body,
    ].join('\n\n') + '\n';
  }

  private deployServices(environment: EnvironmentPlan): string {
    const { stacks, releases, stageName } = environment;
    const run = [
      ...distinctImages(environment).flatMap(promoted),
      this.inApp(deploy(this.cdkCommand, stacks, releases)),
      ...releases.length > 0 ? [verify(releases)] : [],
    ].join('\n');
    return stageName
      ? `# Phase 3: the services of ${stageName}\nif wanted ${quoted(stageName)} "$@"; then\n${indented(run)}\nfi`
      : `# Phase 3: the services\n${run}`;
  }

  private inApp(run: string): string {
    const directory = appDirectory();
    return directory === '.' ? run : `(cd ${quoted(directory)} && ${run})`;
  }
}

function pushUnlessThere(image: ImagePlan): string {
  return [
    `refuse_changes ${sourcesOf(image)}`,
    imageTag(image),
    ...image.rebuildSchedule === undefined ? [] : [newestTag(image)],
    lookUp(image),
    `if [[ -z $digest ]]; then\n${indented(buildAndPush(image))}\nfi`,
    ...logInAndAddTags(image, '$digest'),
    `${imageVariable(image)}=$tag@$digest`,
  ].join('\n');
}

function promoted(image: ImagePlan): string[] {
  if (!image.copyOf) return [];
  const variable = imageVariable(image.copyOf);
  return [promote(image.copyOf, image, { digest: `\${${variable}#*@}`, tag: `\${${variable}%@*}` })];
}
