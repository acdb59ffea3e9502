import { ImageGuard, ImageRegistry } from '@org/phased-fargate';
import { Stack, StackProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** A Lambda function whose code is an image. It takes images for one platform only, and the guard makes sure of that. */
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
