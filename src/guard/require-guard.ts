import { Tokenization } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { isImageOfAws } from './aws-images';
import { isInEcr, TemplateImage, templateImages } from './template-images';
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
   * Docker Hub, images that AWS owns, images that CDK builds, and images that are unknown at synthesis.
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

/** Resource types that run containers from any registry. */
const RUNS_CONTAINERS = [
  'AWS::AppRunner::Service', 'AWS::Batch::JobDefinition', 'AWS::BedrockAgentCore::Harness', 'AWS::BedrockAgentCore::Runtime',
  'AWS::ECS::DaemonTaskDefinition', 'AWS::ECS::ExpressGatewayService', 'AWS::ECS::TaskDefinition', 'AWS::EMRServerless::Application',
  'AWS::GameLift::ContainerGroupDefinition', 'AWS::IoTSiteWise::Task', 'AWS::Lambda::Function', 'AWS::Lightsail::Container', 'AWS::SageMaker::Model',
];

/** Property of the guard that the L2 constructs of these types accept. All other types use the URI. */
const SOURCES: Record<string, 'image' | 'lambdaCode' | undefined> = {
  'AWS::Batch::JobDefinition': 'image',
  'AWS::ECS::TaskDefinition': 'image',
  'AWS::Lambda::Function': 'lambdaCode',
};

const OPTION_KINDS: Kinds<RequireGuardOptions> = {
  strict: anyFlag,
  exemptions: listOf(structOf({ image: anyText, reason: anyText })),
};

/** @throws if the scope is not a construct, or if an exemption has no image or no reason */
export function checkRequirement(scope: IConstruct, options: RequireGuardOptions): RequireGuardOptions {
  const refuse = (message: string) => new Error(`ImageGuard.requireOn: ${message}`);
  if (!Construct.isConstruct(scope)) throw refuse(`scope ${shown(scope)} is not a construct`);
  const given = factoryOptions(options, OPTION_KINDS, refuse);
  for (const [index, { image, reason }] of (given.exemptions ?? []).entries()) {
    const problem = !image.replace(/\*/g, '') ? `image ${shown(image)} is not the name of an image` : !reason.trim() ? `reason ${shown(reason)} is blank` : undefined;
    if (problem) throw refuse(`exemptions[${index}].${problem}: each exemption needs an image and the reason why no guard checks it`);
  }
  return given;
}

/** Returns an error for each image below the scope that has no guard. */
export function unguardedImages(scope: IConstruct, { strict = false, exemptions = [] }: RequireGuardOptions): string[] {
  const assets = strict ? [] : assetImages(scope.node.root);
  const exempted = exemptions.map(({ image }) => wildcard(readable(scope, image).split('*'), '.*'));
  const concerns = ({ resource, image }: TemplateImage) => strict && RUNS_CONTAINERS.includes(resource.cfnResourceType)
    || isInEcr(image) && (strict || !isImageOfAws(image) && !assets.includes(image));

  return templateImages(scope)
    .filter(({ image }) => !image.endsWith(`@${GUARDED}`))
    .filter(concerns)
    .filter(({ image }) => !exempted.some((exemption) => exemption.test(image)))
    .map(({ resource, property, container, image }) => invalid(resource,
      `image ${image} of ${container ? `container "${container}"` : `property ${property}`} has no guard: ` +
      `use new ImageGuard(this, 'Guard', { registry, imageVersion }).${SOURCES[resource.cfnResourceType] ?? 'imageUri'}, ` +
      'or add it to the exemptions of ImageGuard.requireOn with a reason').message);
}

/** Images that `cdk deploy` builds and pushes before it deploys the stack. */
function assetImages(root: IConstruct): string[] {
  return root.node.findAll()
    .filter((construct) => 'assetHash' in construct && 'imageUri' in construct)
    .map((asset) => readable(asset, (asset as IConstruct & { imageUri: string }).imageUri));
}

function readable(scope: IConstruct, text: string): string {
  return textOf(Tokenization.resolve(text, { scope, resolver: new TextResolver(), preparing: false }));
}
