import { ImagePlan } from './image-plan';
import { RepositoryPlan } from './repository-plan';
import { command, quoted } from './shell';
import { pathspec } from './source-path';
import { buildFlags } from '../private/docker-commands';

/** Calls of the functions in `shell` that build, push, and copy images. All pipelines share them. */

/** Name of the variable that contains the image of a release: `<tag>@<digest>`. */
export function imageVariable({ id }: ImagePlan): string {
  return `IMAGE_${id.replace(/-/g, '_').toUpperCase()}`;
}

/** Sources of an image, as pathspecs for git. */
export function sourcesOf({ sources }: ImagePlan): string {
  return sources.map((path) => quoted(pathspec(path))).join(' ');
}

/** Sets `tag` to the tag of the image for the checked-out commit. */
export function imageTag(image: ImagePlan): string {
  return `tag=$(image_tag ${image.settings} ${sourcesOf(image)})`;
}

/** Changes `tag` to the tag of the latest rebuild. */
export function newestTag(image: ImagePlan): string {
  return `tag=$(newest_tag ${placed(image)} "$tag")`;
}

/** Sets `digest` to the digest of the image with the tag `$tag`, if it exists. */
export function lookUp(image: ImagePlan): string {
  return `digest=$(look_up ${placed(image)} "$tag")`;
}

/**
 * Builds the image, pushes it with the tag `$tag`, and sets `digest`.
 *
 * @param moving whether the tag may already point to another image
 */
export function buildAndPush(image: ImagePlan, { moving = false } = {}): string {
  const variables = Object.values(image.secrets);
  const push = moving ? 'push_moving_image' : 'push_image';
  return [
    ...variables.length > 0 ? [`require_secrets ${variables.join(' ')}`] : [],
    logIn(image),
    ...needsContainerBuilder(image) ? ['use_container_builder'] : [],
    `digest=$(${command(`${push} ${placed(image)} "$tag"`, `--tag "${image.repositoryUri}:$tag"`, ...buildArguments(image))})`,
  ].join('\n');
}

/** Adds the additional tags of an image. Docker must be logged in. */
export function addTags(image: ImagePlan, digest: string): string[] {
  return image.tags.map((tag) => copy(image, image, { digest, tag }));
}

/** Logs Docker in, and adds the additional tags of an image. */
export function logInAndAddTags(image: ImagePlan, digest: string): string[] {
  return image.tags.map((tag) => promote(image, image, { digest, tag }));
}

/** Copies an image. Docker must be logged in to both registries. */
export function copy(from: RepositoryPlan, to: RepositoryPlan, image: { digest: string; tag: string }): string {
  return command(`copy_image ${from.repositoryUri} "${image.digest}"`, `${placed(to)} ${to.repositoryUri} "${image.tag}"`);
}

/** Logs Docker in, and copies an image. */
export function promote(from: RepositoryPlan, to: RepositoryPlan, image: { digest: string; tag: string }): string {
  return command(`promote_image ${from.region} ${from.repositoryUri} "${image.digest}"`, `${placed(to)} ${to.repositoryUri} "${image.tag}"`);
}

export function logIn({ region, repositoryUri }: RepositoryPlan): string {
  return `log_in ${region} ${repositoryUri}`;
}

/** Arguments of `docker buildx build`, except for the destination. */
export function buildArguments(image: ImagePlan): string[] {
  const { context, dockerfile, target, buildArgs, additionalContexts, secrets, compression } = image;
  return [
    ...buildFlags(image),
    ...target === undefined ? [] : [`--target ${quoted(target)}`],
    ...pairs(buildArgs).map((pair) => `--build-arg ${quoted(pair)}`),
    ...pairs(additionalContexts).map((pair) => `--build-context ${quoted(pair)}`),
    ...Object.entries(secrets).map(([id, variable]) => `--secret id=${id},env=${variable}`),
    ...compression === undefined ? [] : [`--output type=image,push=true,${compression}`],
    `--file ${quoted(dockerfile)} ${quoted(context)}`,
  ];
}

/** Account, region, and name of a repository. */
export function placed({ account, region, repositoryName }: RepositoryPlan): string {
  return `${account} ${region} ${repositoryName}`;
}

export function pairs(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

function needsContainerBuilder({ platforms, compression }: ImagePlan): boolean {
  return platforms.length > 1 || compression !== undefined;
}
