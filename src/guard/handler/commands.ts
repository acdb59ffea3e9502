import { Question } from './request';
import * as cli from '../../private/cli-commands';
import * as docker from '../../private/docker-commands';

/** Commands for users, with the values of the question. */

export function deployRegistry({ registryStack }: Question): string | undefined {
  return registryStack && cli.deploy(registryStack);
}

export function deployService({ serviceStack, parameterName }: Question, version: string): string {
  return cli.deploy(serviceStack, ...parameterName ? [`${parameterName}=${version}`] : []);
}

export function logIn({ repository }: Question): string {
  return docker.logIn(repository);
}

export function buildAndPush({ repository, platforms, singleManifest }: Question, tag: string): string {
  return docker.buildAndPush(repository, tag, {
    platforms: platforms.map(({ image }) => image).filter((image) => image !== undefined),
    singleManifest,
  });
}

export function restoreFromArchive({ repository, imageId }: Question): string {
  const [[name, value]] = Object.entries(imageId ?? {});
  return cli.restoreFromArchive({ repository, imageId: `${name}=${value}` });
}

export function copyImage({ repository }: Question, digest: string): string {
  return docker.copyImage(`<source>@${digest}`, repository, '<tag>');
}

export function pullOnce({ repository }: Question, reference: string): string {
  return docker.pull(repository, reference);
}
