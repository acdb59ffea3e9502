/**
 * Docker commands for users, shared by outputs, failure reasons, and pipelines. Users can copy each command as it is. This
 * file contains only plain data, because the handlers bundle it.
 */

/** An ECR repository, as commands need it. */
export interface CommandRepository {
  /** URI without a tag: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  readonly uri: string;
  readonly region: string;
}

/** Requirements of a guard that affect the build. */
export interface BuildRequirements {
  /** Platforms in the format of images: `linux/arm64`. If empty, Docker builds for the platform of the machine. */
  readonly platforms: readonly string[];

  /** Whether the image must not be an index, for Lambda functions. */
  readonly singleManifest: boolean;
}

export function logIn({ uri, region }: CommandRepository): string {
  return `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${uri.split('/')[0]}`;
}

/** Flags of `docker buildx build` that the guard's requirements need. */
export function buildFlags({ platforms, singleManifest }: BuildRequirements): string[] {
  return [
    ...platforms.length > 0 ? [`--platform ${platforms.join(',')}`] : [],
    // Attestations turn a single manifest into an index.
    ...singleManifest ? ['--provenance=false', '--sbom=false'] : [],
  ];
}

export function buildAndPush({ uri }: CommandRepository, tag: string, requirements: BuildRequirements): string {
  return ['docker buildx build', ...buildFlags(requirements), `--tag ${uri}:${tag} --push .`].join(' ');
}

/** @param reference `:<tag>` or `@<digest>` of the image */
export function pull({ uri }: CommandRepository, reference: string): string {
  return `docker pull ${uri}${reference}`;
}

/** Copies an image without changes, so that the digest stays the same. By default, buildx wraps a single manifest in an index. */
export function copyImage(source: string, { uri }: CommandRepository, tag: string): string {
  return `docker buildx imagetools create --prefer-index=false --tag ${uri}:${tag} ${source}`;
}
