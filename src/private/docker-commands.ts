/**
 * Commands of Docker that users are told to type, in one place for outputs, failure reasons and pipelines. Each can be
 * copied as it stands. Plain data only: handlers are bundled with this file.
 */

/** An ECR repository as commands name it. */
export interface CommandRepository {
  /** Without a tag: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  readonly uri: string;
  readonly region: string;
}

/** Requirements of a guard that a build has to meet. */
export interface BuildRequirements {
  /** In the terms of images: `linux/arm64`. With none, Docker builds for the platform of the machine. */
  readonly platforms: readonly string[];

  /** Whether an index is refused, as by Lambda functions. */
  readonly singleManifest: boolean;
}

export function logIn({ uri, region }: CommandRepository): string {
  return `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${uri.split('/')[0]}`;
}

/** Flags of `docker buildx build` without which a guard refuses the image. */
export function buildFlags({ platforms, singleManifest }: BuildRequirements): string[] {
  return [
    ...platforms.length > 0 ? [`--platform ${platforms.join(',')}`] : [],
    // An attestation turns a single manifest into an index.
    ...singleManifest ? ['--provenance=false', '--sbom=false'] : [],
  ];
}

export function buildAndPush({ uri }: CommandRepository, tag: string, requirements: BuildRequirements): string {
  return ['docker buildx build', ...buildFlags(requirements), `--tag ${uri}:${tag} --push .`].join(' ');
}

/** @param reference of the image: `:<tag>` or `@<digest>` */
export function pull({ uri }: CommandRepository, reference: string): string {
  return `docker pull ${uri}${reference}`;
}

/** Copies an image with its content, so that the digest stays the same. By default, buildx would put a single manifest into an index. */
export function copyImage(source: string, { uri }: CommandRepository, tag: string): string {
  return `docker buildx imagetools create --prefer-index=false --tag ${uri}:${tag} ${source}`;
}
