import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageCompression } from './image-compression';

/**
 * Build settings for the image of one registry. Paths are relative to the root of the source repository.
 *
 * The tag of the image consists of the last commit that changed its sources and a hash of the properties that affect the
 * build. If the registry already has an image with this tag, the build is skipped.
 */
export interface ImageBuild {
  /**
   * Registry to push the image to.
   */
  readonly registry: ecr.IRepository;

  /**
   * Build context: a directory, but not a symbolic link. A commit that changes it builds a new image.
   *
   * @default - the root of the source repository
   */
  readonly context?: string;

  /**
   * Path of the Dockerfile.
   *
   * @default - `Dockerfile` in the context
   */
  readonly dockerfile?: string;

  /**
   * Additional build contexts, by the name that the Dockerfile uses in `FROM` or `COPY --from`. The value is a directory
   * of the source repository, or an address that buildx accepts, such as `docker-image://alpine:3.22`. A commit that
   * changes one of these directories builds a new image. A change of the content behind an address does not.
   *
   * @default - none
   */
  readonly additionalContexts?: { [name: string]: string };

  /**
   * Target stage of the Dockerfile.
   *
   * @default - the last stage
   */
  readonly target?: string;

  /**
   * Build arguments by name. Do not pass secrets: everyone who can pull the image can read build arguments.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * Build secrets by ID. Each entry names the environment variable that contains the secret. The Dockerfile mounts a
   * secret by its ID: `RUN --mount=type=secret,id=npm_token`. Secrets are never printed and never become part of the image.
   *
   * A `DeployWorkflow` reads the GitHub secret with the same name as the variable, and passes it only to the build step.
   * The build runs in the GitHub environment `buildEnvironmentName`. Put the secret there, so that other workflows of the
   * repository cannot read it. A `DeployScript` reads the environment variables of its caller. `BuildAndPush` reads the
   * AWS Secrets Manager secrets in its `secrets` property. If a secret is missing, the build fails. If only the value of
   * a secret changes, no new image is built.
   *
   * @default - none
   */
  readonly secrets?: { [id: string]: string };

  /**
   * Additional tags for the image in `registry`, such as `latest`. Every run sets them, even if it does not build the
   * image. Services never refer to these tags. If a tag already points to another image and the registry does not allow
   * it to move, the run fails.
   *
   * @default - none
   */
  readonly tags?: string[];

  /**
   * Compression of the layers.
   *
   * @default - gzip; layers of the base image stay unchanged
   */
  readonly compression?: ImageCompression;

  /**
   * Registries of later stages that get the same image, such as registries in other accounts or regions. The image is
   * built once, and then copied by digest. Each registry gets its copy before the first deployment of a stage that uses
   * the registry.
   *
   * @default - none
   */
  readonly promoteTo?: ecr.IRepository[];

  /**
   * Schedule on which a `DeployWorkflow` rebuilds and deploys the image without a new commit, to pick up a newer base image.
   * The value is a cron expression of GitHub Actions, in UTC. The rebuilt image gets a new tag, which ends with the build
   * time. If a `DeployWorkflow` or `DeployScript` later deploys the same commit, it uses the latest rebuild.
   *
   * GitHub starts scheduled runs only on the default branch, so the workflow must use that branch.
   *
   * @default - never
   */
  readonly rebuildSchedule?: string;

  /**
   * Label of the runner on which a `DeployWorkflow` builds this image, such as `ubuntu-24.04-arm`. If the runner and the
   * image have different architectures, the build uses emulation, which is slow.
   *
   * @default - `runsOn` of the workflow
   */
  readonly runsOn?: string;
}
