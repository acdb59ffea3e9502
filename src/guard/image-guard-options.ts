import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageRequirement } from './image-requirement';
import { ImageVersion } from './image-version';
import { WhenMissing } from './when-missing';

/**
 * Options of an `ImageGuard` that have defaults.
 */
export interface ImageGuardOptions {
  /**
   * Which image of the registry.
   *
   * @default ImageVersion.parameter() - the stack gets a parameter named after the construct, to be passed at the
   * first deployment; later ones keep the image unless another tag is passed
   */
  readonly imageVersion?: ImageVersion;

  /**
   * What to do when the image is not in the registry.
   *
   * @default WhenMissing.fail() - the deployment fails at once and says how to push the image
   */
  readonly whenMissing?: WhenMissing;

  /**
   * Whether the guard marks in the registry what it has released, and what ran before that, so that no lifecycle rule
   * deletes it: by the tags `deployed-<stack>-<path>-<hash>` and `…-previous`. The registry must let these tags move.
   *
   * @default - true with an `ImageRegistry` of the same account, otherwise false
   */
  readonly retainReleasedImages?: boolean;

  /**
   * What the image must be before it is released: scanned, signed. Checked when the guard releases a digest for the first
   * time, never for infrastructure-only deployments or rollbacks.
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
   * Where the image is: an `ImageRegistry`, or any other ECR repository of this or another stack, account or region.
   */
  readonly registry: ecr.IRepository;
}
