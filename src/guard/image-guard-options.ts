import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageRequirement } from './image-requirement';
import { ImageVersion } from './image-version';
import { WhenMissing } from './when-missing';

/**
 * Optional properties of an `ImageGuard`.
 */
export interface ImageGuardOptions {
  /**
   * The version of the image: a tag, a digest, or a parameter of the stack.
   *
   * @default ImageVersion.parameter() - adds a stack parameter that is named after the construct. The first deployment
   * needs a value for it. Later deployments keep the image unless you pass another value
   */
  readonly imageVersion?: ImageVersion;

  /**
   * The action to take if the image is not in the registry.
   *
   * @default WhenMissing.fail() - the deployment fails immediately, and the error says how to push the image
   */
  readonly whenMissing?: WhenMissing;

  /**
   * Whether to protect the current and the previous image from lifecycle rules. The guard adds the tags
   * `deployed-<stack>-<path>-<hash>` and `deployed-<stack>-<path>-<hash>-previous` to them. The registry must allow these
   * tags to move.
   *
   * @default - true with an `ImageRegistry` in the same account, otherwise false
   */
  readonly retainReleasedImages?: boolean;

  /**
   * Requirements that an image must meet before it is released, such as a scan or a signature. The guard checks them when
   * a digest is released for the first time. It does not check them in infrastructure-only deployments or rollbacks.
   *
   * @default - the image must be in the registry and run on the platform of its task definitions
   */
  readonly requirements?: ImageRequirement[];
}

/**
 * Properties of an `ImageGuard`.
 */
export interface ImageGuardProps extends ImageGuardOptions {
  /**
   * Repository of the image: an `ImageRegistry` or any other ECR repository. It can be in another stack, account, or region.
   */
  readonly registry: ecr.IRepository;
}
