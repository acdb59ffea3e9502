import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { platformOf } from './platform';
import { isInOtherAccount } from '../private/stacks';

/** An image, identified by the digest that a guard returns. */
export interface Pin {
  readonly registry: ecr.IRepository;

  /** How the stack of the guard refers to the registry. */
  readonly repository: ecr.IRepository;
  readonly imageUri: string;

  /**
   * @param user resource that runs the image: a task definition, an AWS Batch container, or a Lambda function
   * @param platform platform of the resource in the format of ECS: `LINUX/X86_64`; called at synthesis, when it can no
   * longer change
   */
  onUse(user: Construct, platform: () => string | undefined): void;
}

/**
 * The image of a container.
 *
 * `ContainerImage.fromEcrRepository` does not work here: it writes `repository:<digest>` if the digest is a token.
 */
export class PinnedContainerImage extends ecs.ContainerImage {
  constructor(private readonly pin: Pin) {
    super();
  }

  /** AWS Batch has no task definition. It passes an object that only creates the execution role, or nothing on EKS. */
  public bind(scope: Construct, { taskDefinition }: { readonly taskDefinition?: ecs.TaskDefinition }): ecs.ContainerImageConfig {
    const user = Construct.isConstruct(taskDefinition) ? taskDefinition : scope;
    this.pin.onUse(user, () => platformOf(user));
    if (taskDefinition) this.pin.repository.grantPull(taskDefinition.obtainExecutionRole());
    return { imageName: this.pin.imageUri };
  }
}

/** The image of a Lambda function. `EcrImageCode` does not work here, for the same reason. */
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

  /** JavaScript users can pass this code to `DockerImageFunction`, which then calls this method. */
  public _bind(): never {
    throw new Error('lambdaCode of an ImageGuard is not a DockerImageCode: use new lambda.Function(this, <id>, ' +
      '{ code: guard.lambdaCode, handler: lambda.Handler.FROM_IMAGE, runtime: lambda.Runtime.FROM_IMAGE })');
  }
}

/**
 * Adds the condition only for a registry in another account, as AWS documents. In the same account, the policy of the
 * repository can allow the Lambda service without a condition.
 */
function lambdaOf(scope: Construct, registry: ecr.IRepository): iam.ServicePrincipal {
  if (!isInOtherAccount(scope, registry)) return new iam.ServicePrincipal('lambda.amazonaws.com');

  const functions = Stack.of(scope).formatArn({ service: 'lambda', resource: 'function', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  return new iam.ServicePrincipal('lambda.amazonaws.com', { conditions: { StringLike: { 'aws:sourceArn': functions } } });
}
