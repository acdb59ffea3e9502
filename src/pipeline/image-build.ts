import * as ecr from 'aws-cdk-lib/aws-ecr';

/**
 * How the image of one registry is built, where it is not built from the `Dockerfile` in the root of the source
 * repository. Paths start at that root.
 */
export interface ImageBuild {
  /**
   * The registry that the image is pushed to.
   */
  readonly registry: ecr.IRepository;

  /**
   * Directory that holds what the image is built from. A commit that changes nothing in it brings no new image.
   *
   * @default . - the whole repository
   */
  readonly context?: string;

  /**
   * Path of the Dockerfile.
   *
   * @default - `Dockerfile` in the context
   */
  readonly dockerfile?: string;

  /**
   * Stage of the Dockerfile to build.
   *
   * @default - the last one
   */
  readonly target?: string;

  /**
   * Arguments of the build, by name. They are no place for secrets: who may pull the image can read them.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * Whether a new image also becomes `latest`. Services never run it by that tag.
   *
   * @default false
   */
  readonly latest?: boolean;
}
