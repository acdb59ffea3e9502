import { Question } from './request';

/** What a user types. Every command can be copied as it stands. */

export function deployRegistry({ registryStack }: Question): string | undefined {
  return registryStack && `cdk deploy ${registryStack}`;
}

export function deployService({ serviceStack, parameterName }: Question, version: string): string {
  return `cdk deploy ${serviceStack}${parameterName ? ` --parameters ${parameterName}=${version}` : ''}`;
}

export function logIn({ repository }: Question): string {
  const host = repository.uri.split('/')[0];
  return `aws ecr get-login-password --region ${repository.region} | docker login --username AWS --password-stdin ${host}`;
}

/** Attestations are switched off where they would turn a single manifest into an index. */
export function buildAndPush(question: Question, tag: string): string {
  const platforms = buildPlatforms(question);
  return [
    'docker buildx build',
    ...platforms ? [`--platform ${platforms}`] : [],
    ...question.singleManifest ? ['--provenance=false --sbom=false'] : [],
    `--tag ${question.repository.uri}:${tag} --push .`,
  ].join(' ');
}

export function restoreFromArchive({ repository, imageId }: Question): string {
  const [[name, value]] = Object.entries(imageId ?? {});
  return `aws ecr update-image-storage-class --region ${repository.region} --registry-id ${repository.account} `
    + `--repository-name ${repository.name} --image-id ${name}=${value} --target-storage-class STANDARD`;
}

export function pullOnce({ repository }: Question, reference: string): string {
  return `docker pull ${repository.uri}${reference}`;
}

function buildPlatforms({ platforms }: Question): string {
  return platforms.map(({ image }) => image).filter((image) => image !== undefined).join(',');
}
