import * as ecr from 'aws-cdk-lib/aws-ecr';
import { ImageCompression } from './image-compression';

/**
 * How the image of one registry is built. Paths start at the root of the source repository.
 *
 * The image is found again by its tag: the last commit that changed its sources, and a hash of everything below that
 * changes what is built. An image that is there already is not built again.
 */
export interface ImageBuild {
  /**
   * The registry that the image is pushed to.
   */
  readonly registry: ecr.IRepository;

  /**
   * Directory that is sent to the build, and no link to one. A commit that changes nothing in it brings no new image.
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
   * Further build contexts, by the name that the Dockerfile uses in `FROM` or `COPY --from`: directories of the source
   * repository, or an address that buildx accepts, such as `docker-image://alpine:3.22`. Directories count as sources of
   * the image. The content behind an address does not.
   *
   * @default - none
   */
  readonly additionalContexts?: { [name: string]: string };

  /**
   * Stage of the Dockerfile to build.
   *
   * @default - the last stage
   */
  readonly target?: string;

  /**
   * Build arguments by name. Do not pass secrets: everyone who can pull the image can read these.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * Build secrets: the environment variable that holds each secret, by the id that the Dockerfile mounts it with
   * (`RUN --mount=type=secret,id=npm_token`). Values are never printed and never become part of the image.
   *
   * A `DeployWorkflow` reads the GitHub secret of the variable's name, in the build step only. It builds in the GitHub environment
   * `buildEnvironmentName`. Put the secret there, so that other workflows of the repository cannot read it. A `DeployScript` reads
   * the environment of its caller. `BuildAndPush` reads AWS Secrets Manager, as its `secrets` say. A secret that is missing
   * fails the build. A secret with a new value brings no new image.
   *
   * @default - none
   */
  readonly secrets?: { [id: string]: string };

  /**
   * Further tags of the image in `registry`, such as `latest`. Every run sets them, also if the image was there already.
   * Services never run an image by these tags. If the registry does not allow a tag to move, a run fails once it would have to.
   *
   * @default - none
   */
  readonly tags?: string[];

  /**
   * How layers are compressed.
   *
   * @default - gzip, and layers of the base image as they are
   */
  readonly compression?: ImageCompression;

  /**
   * Registries of later stages that get the same image, such as those of other accounts or regions. It is built once, and
   * copied by its digest before the first stage that runs it from there is deployed.
   *
   * @default - none
   */
  readonly promoteTo?: ecr.IRepository[];

  /**
   * When a `DeployWorkflow` rebuilds and deploys the image without a commit, to pick up a newer base image: a cron
   * expression of GitHub Actions, in UTC. The rebuilt image gets a tag of its own, which ends with the time of the build.
   * Later deployments of the same commit use the latest rebuild, those of a `DeployScript` too.
   *
   * GitHub starts scheduled runs on the default branch only, so that has to be the branch of the workflow.
   *
   * @default - never
   */
  readonly rebuildSchedule?: string;

  /**
   * Label of the runner on which a `DeployWorkflow` builds this image, such as `ubuntu-24.04-arm`. A runner of another
   * architecture emulates that of the image, which is slow.
   *
   * @default - `runsOn` of the workflow
   */
  readonly runsOn?: string;
}
