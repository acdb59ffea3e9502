import {
  DefaultTokenResolver, IPostProcessor, IResolvable, IResolveContext, Reference, StringConcat, Tokenization,
} from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** Returns everything that the tokens in a value refer to, at any depth. */
export function references(scope: IConstruct, value: unknown): Reference[] {
  const collector = new ReferenceCollector();
  Tokenization.resolve(value, { scope, resolver: collector, preparing: true });
  return collector.found;
}

class ReferenceCollector extends DefaultTokenResolver {
  public readonly found: Reference[] = [];

  constructor() {
    super(new StringConcat());
  }

  public resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    if (Reference.isReference(token)) this.found.push(token);
    return super.resolveToken(token, context, postProcessor);
  }
}
