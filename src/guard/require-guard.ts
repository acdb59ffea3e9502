import { Tokenization } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { isImageOfAws } from './aws-images';
import { isInEcr, RunningImage, runningImages } from './running-images';
import { GUARDED, TextResolver, textOf } from './template-text';
import { anyFlag, anyText, factoryOptions, Kinds, listOf, structOf } from '../private/option-kinds';
import { invalid, shown } from '../private/validation';
import { wildcard } from '../private/wildcard';

/**
 * Options of `ImageGuard.requireOn`.
 */
export interface RequireGuardOptions {
  /**
   * Whether to also require a guard for the images that the check skips by default: images in other registries such as
   * Docker Hub, images that AWS owns, and images that CDK builds.
   *
   * @default false
   */
  readonly strict?: boolean;

  /**
   * Images that do not need a guard.
   *
   * @default - none
   */
  readonly exemptions?: GuardExemption[];
}

/**
 * An image that does not need a guard, although `ImageGuard.requireOn` would require one.
 */
export interface GuardExemption {
  /**
   * The image as the resource specifies it, with its tag or digest. `*` matches any characters.
   */
  readonly image: string;

  /**
   * Reason why the image does not need a guard, for readers of the code.
   */
  readonly reason: string;
}

/** Resource types that run containers, whatever registry the image is in. */
const RUNS_CONTAINERS = [
  'AWS::AppRunner::Service', 'AWS::Batch::JobDefinition', 'AWS::BedrockAgentCore::Harness', 'AWS::BedrockAgentCore::Runtime',
  'AWS::ECS::DaemonTaskDefinition', 'AWS::ECS::ExpressGatewayService', 'AWS::ECS::TaskDefinition', 'AWS::EMRServerless::Application',
  'AWS::GameLift::ContainerGroupDefinition', 'AWS::IoTSiteWise::Task', 'AWS::Lambda::Function', 'AWS::Lightsail::Container', 'AWS::SageMaker::Model',
];

/** What the L2s of these types take. All others take the URI. */
const SOURCES: Record<string, 'image' | 'lambdaCode' | undefined> = {
  'AWS::Batch::JobDefinition': 'image',
  'AWS::ECS::TaskDefinition': 'image',
  'AWS::Lambda::Function': 'lambdaCode',
};

const OPTION_KINDS: Kinds<RequireGuardOptions> = {
  strict: anyFlag,
  exemptions: listOf(structOf({ image: anyText, reason: anyText })),
};

/** @throws if there is nothing to look at, or an exemption does not say which image it is for, or why */
export function checkRequirement(scope: IConstruct, options: RequireGuardOptions): RequireGuardOptions {
  const refuse = (message: string) => new Error(`ImageGuard.requireOn: ${message}`);
  if (!Construct.isConstruct(scope)) throw refuse(`scope ${shown(scope)} is not a construct`);
  const given = factoryOptions(options, OPTION_KINDS, refuse);
  for (const [index, { image, reason }] of (given.exemptions ?? []).entries()) {
    const problem = !image.replace(/\*/g, '') ? `image ${shown(image)} names no image` : !reason.trim() ? `reason ${shown(reason)} says nothing` : undefined;
    if (problem) throw refuse(`exemptions[${index}].${problem}: each exemption needs an image and the reason why no guard checks it`);
  }
  return given;
}

/** What is wrong below the scope: a sentence for each image that passes no guard. */
export function unguardedImages(scope: IConstruct, { strict = false, exemptions = [] }: RequireGuardOptions): string[] {
  const assets = strict ? [] : assetImages(scope.node.root);
  const exempted = exemptions.map(({ image }) => wildcard(readable(scope, image).split('*'), '.*'));
  const concerns = ({ resource, image }: RunningImage) => strict && RUNS_CONTAINERS.includes(resource.cfnResourceType)
    || isInEcr(image) && (strict || !isImageOfAws(image) && !assets.includes(image));

  return runningImages(scope)
    .filter(({ image }) => !image.endsWith(`@${GUARDED}`))
    .filter(concerns)
    .filter(({ image }) => !exempted.some((exemption) => exemption.test(image)))
    .map(({ resource, property, container, image }) => invalid(resource,
      `image ${image} of ${container ? `container "${container}"` : `property ${property}`} passes no guard: ` +
      `take it from new ImageGuard(this, 'Guard', { registry, imageVersion }).${SOURCES[resource.cfnResourceType] ?? 'imageUri'}, ` +
      'or add it to exemptions with a reason').message);
}

/** Images that `cdk deploy` builds and pushes by itself before it deploys the stack. */
function assetImages(root: IConstruct): string[] {
  return root.node.findAll()
    .filter((construct) => 'assetHash' in construct && 'imageUri' in construct)
    .map((asset) => readable(asset, (asset as IConstruct & { imageUri: string }).imageUri));
}

function readable(scope: IConstruct, text: string): string {
  return textOf(Tokenization.resolve(text, { scope, resolver: new TextResolver(), preparing: false }));
}
