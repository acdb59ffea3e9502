import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { platformOf } from './platform';
import { isInOtherAccount } from '../private/stacks';

/** An image named by the digest that a guard answers with. */
export interface Pin {
  readonly registry: ecr.IRepository;

  /** How the stack of the guard refers to the registry. */
  readonly repository: ecr.IRepository;
  readonly imageUri: string;

  /**
   * @param user what runs the image: a task definition, a container of AWS Batch, a Lambda function
   * @param platform what it runs on, as ECS says it: `LINUX/X86_64`; asked at synthesis, when it can no longer change
   */
  onUse(user: Construct, platform: () => string | undefined): void;
}

/**
 * The image of a container.
 *
 * `ContainerImage.fromEcrRepository` does not do: it writes `repository:<digest>` where the digest is a token.
 */
export class PinnedContainerImage extends ecs.ContainerImage {
  constructor(private readonly pin: Pin) {
    super();
  }

  /** AWS Batch has no task definition: it hands over one that only makes the execution role, or none on EKS. */
  public bind(scope: Construct, { taskDefinition }: { readonly taskDefinition?: ecs.TaskDefinition }): ecs.ContainerImageConfig {
    const user = Construct.isConstruct(taskDefinition) ? taskDefinition : scope;
    this.pin.onUse(user, () => platformOf(user));
    if (taskDefinition) this.pin.repository.grantPull(taskDefinition.obtainExecutionRole());
    return { imageName: this.pin.imageUri };
  }
}

/** The image in a Lambda function. `EcrImageCode` does not do, for the same reason. */
export class PinnedLambdaCode extends lambda.Code {
  public readonly isInline = false;

  constructor(private readonly pin: Pin) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    this.pin.onUse(scope, () => platformOf(scope));
    this.pin.registry.grantPull(lambdaOf(scope, this.pin.registry));
    return { image: { imageUri: this.pin.imageUri } };
  }

  /** What a `DockerImageFunction` calls where no compiler has refused the code. */
  public _bind(): never {
    throw new Error('lambdaCode of an ImageGuard is not a DockerImageCode: use new lambda.Function(this, <id>, ' +
      '{ code: guard.lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE })');
  }
}

/** Of another account only, as AWS documents it: in its own, the repository's policy may allow Lambda as such. */
function lambdaOf(scope: Construct, registry: ecr.IRepository): iam.ServicePrincipal {
  if (!isInOtherAccount(scope, registry)) return new iam.ServicePrincipal('lambda.amazonaws.com');

  const functions = Stack.of(scope).formatArn({ service: 'lambda', resource: 'function', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  return new iam.ServicePrincipal('lambda.amazonaws.com', { conditions: { StringLike: { 'aws:sourceArn': functions } } });
}
