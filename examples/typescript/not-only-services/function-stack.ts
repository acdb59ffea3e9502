import { ImageGuard, ImageRegistry } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** A Lambda function that runs an image. Lambda accepts only images for a single platform, and the guard checks this. */
export class FunctionStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { registry: ImageRegistry }) {
    super(scope, id, props);
    const guard = new ImageGuard(this, 'Guard', { registry: props.registry });

    new lambda.Function(this, 'Function', {
      code: guard.lambdaCode,
      handler: lambda.Handler.FROM_IMAGE,
      runtime: lambda.Runtime.FROM_IMAGE,
      architecture: lambda.Architecture.ARM_64,
    });
  }
}
