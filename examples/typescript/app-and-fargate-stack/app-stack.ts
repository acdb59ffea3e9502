import { ImageRegistry } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** Phase 1: deployed before the image is pushed. */
export class AppStack extends Stack {
  public readonly registry: ImageRegistry;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.registry = new ImageRegistry(this, 'Registry', { repositoryName: 'app-mp' });
  }
}
