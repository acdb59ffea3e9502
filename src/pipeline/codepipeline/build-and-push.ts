import * as path from 'node:path';
import { Annotations, Stack, Stage } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { RESOURCE_TYPE } from '../../guard/contract';
import { ImageGuard } from '../../guard/image-guard';
import { onlyByFactory } from '../../private/factories';
import { factoryOptions, instance, Kinds, mapOf } from '../../private/option-kinds';
import { deployedStack, isInOtherAccount } from '../../private/stacks';
import { invalid, shown } from '../../private/validation';
import { repositoryRoot } from '../generated-file';
import { ImageBuild } from '../image-build';
import { imageBuilds } from '../image-build-kinds';
import { awaitedImages, ImagePlan, originOf } from '../image-plan';
import { LOGIN_ACTION, PUSH_ACTIONS } from '../push-actions';
import { functions, indented, quoted } from '../shell';
import { buildAndPush, logInAndAddTags, lookUp, promote } from '../shell-calls';

/** Directory of the synthesized app, next to the sources. */
const ASSEMBLY = '../assembly';

const LONGEST_TAG = 128;

const OPTION_KINDS: Kinds<BuildAndPushProps> = {
  pipeline: instance('a pipeline of CDK Pipelines', 'cloudAssemblyFileSet', 'synth'),
  source: instance('an IFileSetProducer, such as CodePipelineSource.gitHub()', 'primaryOutput'),
  images: imageBuilds,
  secrets: mapOf(instance('an ISecret', 'secretName')),
};

/** Evaluated on use, because most apps do not need CodeBuild, which is slow to load. */
const BUILD_IMAGES: Record<string, (() => codebuild.IBuildImage) | undefined> = {
  'linux/amd64': () => codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
  'linux/arm64': () => codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
};

/**
 * Properties of `BuildAndPush.stackSteps`.
 */
export interface BuildAndPushProps {
  /**
   * Pipeline of the stage.
   */
  readonly pipeline: pipelines.PipelineBase;

  /**
   * Source of the pipeline, from which the images are built.
   */
  readonly source: pipelines.IFileSetProducer;

  /**
   * Build settings, for images that are not built from the `Dockerfile` in the root of the source.
   *
   * @default - builds each image from that Dockerfile, with the whole source as the build context
   */
  readonly images?: ImageBuild[];

  /**
   * Secrets in AWS Secrets Manager for the builds in `images`. Each key is the name of the environment variable that
   * passes the secret to the build. A build step gets only the variables that its image uses, and can read only the secrets
   * in these variables.
   *
   * @default - none
   */
  readonly secrets?: { [environmentVariable: string]: secretsmanager.ISecret };
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
   * Returns steps that build the images of a stage. Each step runs after the registry is deployed and before the services
   * that use the image are deployed:
   * `pipeline.addStage(stage, { stackSteps: BuildAndPush.stackSteps(stage, { pipeline, source }) })`.
   *
   * CDK Pipelines does not pass parameters to stacks, so each service must specify its image at synthesis. Pass the
   * commit of the pipeline run with `ImageVersion.tag(process.env.CODEBUILD_RESOLVED_SOURCE_VERSION)`, for example. This
   * method adds a hash of the build settings to the tag. The step reads the tag from the synthesized app and pushes the
   * image with it. If the tag already exists, the step builds nothing.
   *
   * An image with `promoteTo` is built in the step of the first stage. Steps of later stages copy it.
   *
   * @param stage a stage that already contains all its services
   * @throws if the stage contains no `ImageGuard`; if an image version is a parameter or a token; if services that share an
   * image use different tags or platforms; if a registry is in the stack of its service; if the name, account, or region of
   * a registry is unknown at synthesis; if a build secret is not in `secrets`; if an image has a `rebuildSchedule`
   */
  public static stackSteps(stage: Stage, props: BuildAndPushProps): pipelines.StackSteps[] {
    if (!Stage.isStage(stage)) throw new Error(`BuildAndPush.stackSteps: stage ${shown(stage)} is not a Stage`);
    const given = factoryOptions(props, OPTION_KINDS, (message) => invalid(stage, message), ['pipeline', 'source']);
    const images = awaitedImages(stage, given.images ?? [], isSourceOfApp(given) ? repositoryRoot() : undefined);
    const awaited = new Map<ImagePlan, ImageGuard[]>();
    for (const [guard, image] of images) awaited.set(image, [...awaited.get(image) ?? [], guard]);
    checkSecrets(stage, [...awaited.keys()], given);

    const before = new Map<Stack, pipelines.Step[]>();
    for (const [image, guards] of awaited) {
      const moving = checkVersions(guards, image);
      if (!moving) guards.forEach((guard) => guard._addToTag(`-${image.settings}`));
      const step = buildStep(guards[0], image, moving, given);
      for (const stack of new Set(guards.map(deployedStack))) before.set(stack, [...before.get(stack) ?? [], step]);
    }
    return [...before].map(([stack, pre]) => ({ stack, pre }));
  }

  private constructor() {
    onlyByFactory(BuildAndPush);
  }
}

function buildStep(guard: ImageGuard, image: ImagePlan, moving: boolean, { pipeline, source, secrets = {} }: BuildAndPushProps): pipelines.Step {
  const { repositoryName, platforms, rebuildSchedule } = image;
  const [platform, ...others] = platforms;
  const buildImage = BUILD_IMAGES[platform];
  if (!buildImage || others.length > 0) {
    throw invalid(guard, `the image of ${repositoryName} must run on ${platforms.join(' and ')}, but a step of CDK Pipelines has no emulation ` +
      `and builds for only one platform: run all services on ${Object.keys(BUILD_IMAGES).join(', or all on ')}`);
  }
  if (rebuildSchedule !== undefined) {
    throw invalid(guard, `rebuildSchedule of ${repositoryName} has no effect in CDK Pipelines, because a pipeline finds the image by the commit: leave out rebuildSchedule`);
  }
  const origin = originOf(image);
  const places = image.copyOf ? [origin, image] : [image];
  places.forEach((place) => letPush(guard, place, pipeline));
  const commands = [
    readTag(guard, image),
    ...moving
      ? [buildAndPush(origin, { moving })]
      : [lookUp(origin), `if [[ -z $digest ]]; then\n${indented(buildAndPush(origin))}\nfi`],
    ...logInAndAddTags(origin, '$digest'),
    ...image.copyOf ? [promote(origin, image, { digest: '$digest', tag: '$tag' })] : [],
  ];
  return new pipelines.CodeBuildStep(`Build ${repositoryName}`, {
    input: source,
    additionalInputs: { [ASSEMBLY]: pipeline.cloudAssemblyFileSet },
    commands: ['set -euo pipefail', functions(commands.join('\n')), ...commands],
    buildEnvironment: {
      privileged: true, // Docker needs privileged mode in CodeBuild.
      buildImage: buildImage(),
      environmentVariables: Object.fromEntries(Object.values(origin.secrets).map((variable) => [variable, {
        type: codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER,
        value: secrets[variable].secretFullArn ?? secrets[variable].secretName,
      }])),
    },
    partialBuildSpec: codebuild.BuildSpec.fromObject({ env: { shell: 'bash' } }),
    rolePolicyStatements: [
      new iam.PolicyStatement({ actions: PUSH_ACTIONS, resources: places.map(({ repositoryArn }) => repositoryArn) }),
      new iam.PolicyStatement({ actions: [LOGIN_ACTION], resources: ['*'] }),
    ],
  });
}

/** If the registry is in another account, its policy must also allow the push. */
function letPush(guard: ImageGuard, { registry, repositoryUri, account }: ImagePlan, pipeline: pipelines.PipelineBase): void {
  if (!isInOtherAccount(pipeline, registry)) return;

  const { account: builder } = Stack.of(pipeline);
  const { statementAdded } = registry.addToResourcePolicy(new iam.PolicyStatement({
    actions: PUSH_ACTIONS,
    principals: [new iam.AccountPrincipal(builder)],
  }));
  if (!statementAdded) {
    Annotations.of(guard).addWarningV2('@org/phased-fargate:pushNotGranted',
      `the pipeline pushes to ${repositoryUri} from account ${builder}, and the repository is defined outside this app: ` +
      `check that its policy in account ${account} allows account ${builder} to perform ${PUSH_ACTIONS.join(', ')}`);
  }
}

/** Whether the tag moves. All guards of an image must request the same tag. */
function checkVersions(guards: ImageGuard[], { repositoryName, settings }: ImagePlan): boolean {
  for (const guard of guards) {
    const { kind, value } = guard._awaited.version;
    if (kind === 'parameter') {
      throw invalid(guard, 'imageVersion is a parameter, but CDK Pipelines does not pass parameters to stacks: ' +
        'pass ImageVersion.tag() with the commit of the pipeline run, process.env.CODEBUILD_RESOLVED_SOURCE_VERSION');
    }
    if (typeof Stack.of(guard).resolve(value) !== 'string') {
      throw invalid(guard, 'imageVersion is a token, so the step cannot read the tag from the template: pass a tag that is known at synthesis');
    }
    if (kind === 'tag' && value.length + 1 + settings.length > LONGEST_TAG) {
      throw invalid(guard, `imageVersion ${shown(value)} is too long: with the hash of the build settings, it would exceed the ${LONGEST_TAG} characters of a tag`);
    }
    const { version: other } = guards[0]._awaited;
    if (kind !== other.kind || value !== other.value) {
      throw invalid(guard, `imageVersion ${shown(value)} differs from ${shown(other.value)} of ${guards[0].node.path}, ` +
        `but one step pushes the image of ${repositoryName} for both: pass the same version to both`);
    }
  }
  return guards[0]._awaited.version.kind === 'movingTag';
}

function checkSecrets(stage: Stage, images: ImagePlan[], { images: builds = [], secrets = {} }: BuildAndPushProps): void {
  for (const { repositoryName, secrets: needed } of images.map(originOf)) {
    for (const variable of Object.values(needed).filter((name) => !(name in secrets))) {
      throw invalid(stage, `secrets has no entry ${variable}, but the build of ${repositoryName} needs this secret: ` +
        `pass secrets: { ${variable}: <a secret of AWS Secrets Manager> }`);
    }
  }
  const known = builds.flatMap((build) => Object.values(build.secrets ?? {}));
  const unknown = Object.keys(secrets).find((variable) => !known.includes(variable));
  if (unknown !== undefined) throw invalid(stage, `secrets.${unknown} is not used by any image`);
}

/** Whether the paths of the app are valid in the source of the pipeline. */
function isSourceOfApp({ pipeline, source }: BuildAndPushProps): boolean {
  const { inputs = [] } = pipeline.synth as Partial<pipelines.ShellStep>;
  return inputs.some(({ directory, fileSet }) => directory === '.' && fileSet === source.primaryOutput);
}

/**
 * Returns a command that sets `tag` to the tag in the template. A fixed tag would change the pipeline with each commit, and
 * the pipeline would then update itself each time.
 */
function readTag(guard: ImageGuard, { repositoryName }: ImagePlan): string {
  const template = path.posix.join(ASSEMBLY, ...directoryOf(Stage.of(guard)!), Stack.of(guard).templateFile);
  return `tag=$(awaited_tag ${quoted(template)} ${RESOURCE_TYPE} ${repositoryName})`;
}

function directoryOf(stage: Stage): string[] {
  return path.relative((stage.node.root as Stage).outdir, stage.outdir).split(path.sep);
}
