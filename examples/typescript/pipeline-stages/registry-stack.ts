import { ImageRegistry } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** One registry for each image. All stages share it. */
export class RegistryStack extends Stack {
  public readonly api: ImageRegistry;
  public readonly worker: ImageRegistry;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.api = new ImageRegistry(this, 'Api', { repositoryName: 'shop-api' });
    this.worker = new ImageRegistry(this, 'Worker', { repositoryName: 'shop-worker' });
  }
}
