import { CfnResource, DefaultTokenResolver, IPostProcessor, IResolvable, IResolveContext, Reference, StringConcat } from 'aws-cdk-lib';
import { RESOURCE_TYPE } from './contract';

/** Placeholder for the digest that a guard returns. */
export const GUARDED = '<guarded>';

/**
 * Resolves tokens to text. Values that only CloudFormation knows are in angle brackets:
 * `<AWS::AccountId>.dkr.ecr.<AWS::Region>.<AWS::URLSuffix>/app@<guarded>`.
 */
export class TextResolver extends DefaultTokenResolver {
  constructor() {
    super(new TextConcat());
  }

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): any {
    return isDigestOfGuard(token) ? GUARDED : super.resolveToken(token, context, postProcessor);
  }
}

class TextConcat extends StringConcat {
  public join(left: any, right: any): string {
    return textOf(left) + textOf(right);
  }
}

export function textOf(fragment: any): string {
  if (fragment === undefined) return '';
  if (!isIntrinsic(fragment)) return String(fragment);

  const [[intrinsic, argument]] = Object.entries<any>(fragment);
  switch (intrinsic) {
    case 'Ref':
    case 'Fn::GetAtt':
    case 'Fn::ImportValue':
      return `<${[argument].flat().map(textOf).join('.')}>`;
    case 'Fn::Join':
      return [argument[1]].flat().map(textOf).join(argument[0]);
    case 'Fn::Sub': {
      const [pattern, variables = {}] = [argument].flat();
      return pattern.replace(/\$\{([^}]+)\}/g, (placeholder: string, name: string) => name in variables ? textOf(variables[name]) : placeholder);
    }
    default:
      return `<${intrinsic}>`;
  }
}

export function isIntrinsic(fragment: any): boolean {
  if (typeof fragment !== 'object' || fragment === null) return false;
  const [key, ...others] = Object.keys(fragment);
  return others.length === 0 && (key === 'Ref' || key?.startsWith('Fn::'));
}

function isDigestOfGuard(token: IResolvable): boolean {
  return Reference.isReference(token)
    && token.displayName === 'ImageDigest'
    && CfnResource.isCfnResource(token.target)
    && token.target.cfnResourceType === RESOURCE_TYPE;
}
