import * as path from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { RESOURCE_TYPE } from '../../guard/contract';
import { ImageGuard } from '../../guard/image-guard';
import { deployedStack } from '../../private/stacks';
import { invalid } from '../../private/validation';
import { awaitedImages, ImagePlan } from '../deploy-plan';
import { ImageBuild } from '../image-build';
import { LOGIN_ACTION, PUSH_ACTIONS } from '../push-actions';
import { buildAndPush, defineLookUp, indented, logIn, lookUp } from '../shell';

/** Where the step finds the synthesised app, beside the sources. */
const ASSEMBLY = '../assembly';

/** Looked up on use, since that loads CodeBuild, which most apps have no need of. */
const BUILD_IMAGES: Record<string, (() => codebuild.IBuildImage) | undefined> = {
  'linux/amd64': () => codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
  'linux/arm64': () => codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
};

/**
 * Properties of `BuildAndPush.stackSteps`.
 */
export interface BuildAndPushProps {
  /**
   * The pipeline that the stage is added to.
   */
  readonly pipeline: pipelines.PipelineBase;

  /**
   * What the images are built from: the source of the pipeline.
   */
  readonly source: pipelines.IFileSetProducer;

  /**
   * How images are built, where they are not built from the `Dockerfile` in the root of the source.
   *
   * @default - each from that Dockerfile, with the whole source as its context
   */
  readonly images?: ImageBuild[];
}

/**
 * Phase 2 in CDK Pipelines.
 *
 * @example
 * import { BuildAndPush } from '@org/phased-fargate';
 * import { Stage } from 'aws-cdk-lib';
 * import * as pipelines from 'aws-cdk-lib/pipelines';
 *
 * declare const pipeline: pipelines.CodePipeline;
 * declare const source: pipelines.CodePipelineSource;
 * declare const production: Stage;
 *
 * pipeline.addStage(production, {
 *   stackSteps: BuildAndPush.stackSteps(production, { pipeline, source }),
 * });
 */
export class BuildAndPush {
  /**
   * Steps that build the image of each phased service of a stage, after its registry is deployed and before its service
   * is: `pipeline.addStage(stage, { stackSteps: BuildAndPush.stackSteps(stage, { pipeline, source }) })`.
   *
   * CDK Pipelines passes no parameters to stacks, so the services say at synthesis which image they run, such as
   * `ImageVersion.tag(process.env.CODEBUILD_RESOLVED_SOURCE_VERSION)`, the commit that the pipeline runs for. The step
   * reads that tag in the synthesised app and pushes under it; if the tag is there already, it builds nothing.
   *
   * @param stage with all of its services
   * @throws if the stage has no phased service, or one whose image version is a parameter; if a registry is in the stack
   * of its service, or has no name, account and region known at synthesis; if services run one image on several platforms
   */
  public static stackSteps(stage: Stage, props: BuildAndPushProps): pipelines.StackSteps[] {
    const images = awaitedImages(stage, props.images ?? []);
    const steps = new Map<ImagePlan, pipelines.Step>();
    const before = new Map<Stack, Set<pipelines.Step>>();
    for (const [guard, image] of images) {
      const { version } = guard._awaited;
      if (version.kind === 'parameter') {
        throw invalid(guard, 'imageVersion is a parameter, and CDK Pipelines passes no parameters to stacks: ' +
          'pass ImageVersion.tag() with the commit that the pipeline runs for, process.env.CODEBUILD_RESOLVED_SOURCE_VERSION');
      }
      const step = steps.get(image) ?? buildStep(guard, image, props);
      steps.set(image, step);
      before.set(deployedStack(guard), (before.get(deployedStack(guard)) ?? new Set()).add(step));
    }
    return [...before].map(([stack, pre]) => ({ stack, pre: [...pre] }));
  }

  private constructor() {}
}

function buildStep(guard: ImageGuard, image: ImagePlan, { pipeline, source }: BuildAndPushProps): pipelines.Step {
  const { repositoryName, platforms } = image;
  const [platform, ...others] = platforms;
  const buildImage = BUILD_IMAGES[platform];
  if (!buildImage || others.length > 0) {
    throw invalid(guard, `the services of ${repositoryName} run it on ${platforms.join(' and ')}, but a step of CDK Pipelines builds ` +
      `without emulation, for one of ${Object.keys(BUILD_IMAGES).join(' and ')}: let all of them run on the same`);
  }
  return new pipelines.CodeBuildStep(`Build ${repositoryName}`, {
    input: source,
    additionalInputs: { [ASSEMBLY]: pipeline.cloudAssemblyFileSet },
    commands: [
      'set -euo pipefail',
      defineLookUp(),
      readTag(guard, image),
      guard._awaited.version.kind === 'movingTag' ? 'digest=' : lookUp(image),
      `if [[ -z $digest ]]; then\n${indented([logIn(image), buildAndPush(image)].join('\n'))}\nfi`,
    ],
    buildEnvironment: {
      privileged: true, // Docker within CodeBuild takes that.
      buildImage: buildImage(),
    },
    partialBuildSpec: codebuild.BuildSpec.fromObject({ env: { shell: 'bash' } }),
    rolePolicyStatements: [
      new iam.PolicyStatement({ actions: PUSH_ACTIONS, resources: [image.repositoryArn] }),
      new iam.PolicyStatement({ actions: [LOGIN_ACTION], resources: ['*'] }),
    ],
  });
}

/**
 * Sets `tag` to the one that the template asks for. Written down here, it would change the pipeline with each commit,
 * and the pipeline would update itself each time.
 */
function readTag(guard: ImageGuard, { repositoryName }: ImagePlan): string {
  const template = path.posix.join(ASSEMBLY, ...directoryOf(Stage.of(guard)!), Stack.of(guard).templateFile);
  const filter = `[.Resources[] | select(.Type == "${RESOURCE_TYPE}").Properties | select(.RepositoryName == "${repositoryName}").VersionValue] | unique[0]`;
  return `tag=$(jq --raw-output --exit-status '${filter}' ${template})`;
}

function directoryOf(stage: Stage): string[] {
  return path.relative((stage.node.root as Stage).outdir, stage.outdir).split(path.sep);
}
