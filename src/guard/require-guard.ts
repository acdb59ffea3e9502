import { CfnResource, DefaultTokenResolver, IPostProcessor, IResolvable, IResolveContext, Reference, StringConcat, Tokenization } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { IConstruct } from 'constructs';
import { RESOURCE_TYPE } from './contract';

const GUARDED = '<guarded>';
const ECR_IMAGE = /\.dkr[.-]ecr[.-]/;

/**
 * What `ImageGuard.requireOn` finds fault with: a sentence for each container below the scope whose image passes no
 * guard.
 */
export function unguardedImages(scope: IConstruct, strict: boolean): string[] {
  const assets = strict ? [] : assetImages(scope.node.root);
  const left = (image: string) => !strict && (!ECR_IMAGE.test(image) || assets.includes(image));

  return scope.node.findAll().filter(isTaskDefinition).flatMap((taskDefinition) =>
    containersOf(taskDefinition)
      .filter(({ image }) => !image.endsWith(GUARDED) && !left(image))
      .map(({ name, image }) => `image ${image} of container "${name}" passes no guard: ` +
        "take it from new ImageGuard(this, 'Guard', { registry, imageVersion }).image " +
        `(at ${taskDefinition.node.path})`));
}

function isTaskDefinition(construct: IConstruct): construct is ecs.CfnTaskDefinition {
  return CfnResource.isCfnResource(construct)
    && construct.cfnResourceType === ecs.CfnTaskDefinition.CFN_RESOURCE_TYPE_NAME;
}

function containersOf(taskDefinition: ecs.CfnTaskDefinition): { name: string; image: string }[] {
  const containers = readable(taskDefinition, taskDefinition.containerDefinitions ?? []);
  return Array.isArray(containers) ? containers.map(({ name, image }) => ({ name: text(name), image: text(image) })) : [];
}

/** Images that `cdk deploy` builds and pushes by itself before it deploys the stack. */
function assetImages(root: IConstruct): string[] {
  return root.node.findAll()
    .filter((construct) => 'assetHash' in construct && 'imageUri' in construct)
    .map((asset) => text(readable(asset, (asset as IConstruct & { imageUri: string }).imageUri)));
}

/** A value with its tokens written out, those that come from a guard marked as such. */
function readable(scope: IConstruct, value: any): any {
  return Tokenization.resolve(value, { scope, resolver: new GuardMarkingResolver(new TextConcat()), preparing: false });
}

class GuardMarkingResolver extends DefaultTokenResolver {
  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): any {
    return isGuardsDigest(token) ? GUARDED : super.resolveToken(token, context, postProcessor);
  }
}

class TextConcat extends StringConcat {
  public join(left: any, right: any): string {
    return text(left) + text(right);
  }
}

function text(fragment: any): string {
  if (fragment === undefined) return '';
  if (typeof fragment !== 'object') return String(fragment);

  const [[intrinsic, argument]] = Object.entries<any>(fragment);
  switch (intrinsic) {
    case 'Ref':
      return `<${argument}>`;
    case 'Fn::Join':
      return [argument[1]].flat().map(text).join(argument[0]);
    case 'Fn::Sub': {
      const [pattern, variables = {}] = [argument].flat();
      return pattern.replace(/\$\{([^}]+)\}/g, (placeholder: string, name: string) => name in variables ? text(variables[name]) : placeholder);
    }
    default:
      return `<${intrinsic}>`;
  }
}

function isGuardsDigest(token: IResolvable): boolean {
  return Reference.isReference(token)
    && token.displayName === 'ImageDigest'
    && CfnResource.isCfnResource(token.target)
    && token.target.cfnResourceType === RESOURCE_TYPE;
}
