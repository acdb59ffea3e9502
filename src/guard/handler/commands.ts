import { Question } from './request';
import * as commands from '../../private/commands';

/** The commands that a question calls for. */

export function deployRegistry({ registryStack }: Question): string | undefined {
  return registryStack && commands.deploy(registryStack);
}

export function deployService({ serviceStack, parameterName }: Question, version: string): string {
  return commands.deploy(serviceStack, ...parameterName ? [`${parameterName}=${version}`] : []);
}

export function logIn({ repository }: Question): string {
  return commands.logIn(repository);
}

export function buildAndPush({ repository, platforms, singleManifest }: Question, tag: string): string {
  return commands.buildAndPush(repository, tag, {
    platforms: platforms.map(({ image }) => image).filter((image) => image !== undefined),
    singleManifest,
  });
}

export function restoreFromArchive({ repository, imageId }: Question): string {
  const [[name, value]] = Object.entries(imageId ?? {});
  return commands.restoreFromArchive({ repository, imageId: `${name}=${value}` });
}

export function copyImage({ repository }: Question, digest: string): string {
  return commands.copyImage(`<source>@${digest}`, repository, '<tag>');
}

export function pullOnce({ repository }: Question, reference: string): string {
  return commands.pull(repository, reference);
}
