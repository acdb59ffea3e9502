import { BuildRequirements } from '../private/docker-commands';
import { DEFAULT_PLATFORM, distinctPlatforms } from '../private/image-platforms';

export interface ImageBuild extends BuildRequirements {
  /** Distinguishes builds that cannot share one tag. */
  readonly tagSuffix: string;
}

/**
 * Returns the minimum number of builds for all guards of a registry. One build is enough, unless some guards need an index
 * for several platforms and other guards refuse an index.
 */
export function buildsFor(guards: readonly BuildRequirements[]): ImageBuild[] {
  const platforms = platformsOf(guards);
  const refuseIndex = guards.filter(({ singleManifest }) => singleManifest);
  if (refuseIndex.length === 0 || platforms.length < 2) {
    return [{ platforms: platforms.length > 0 ? platforms : [DEFAULT_PLATFORM], singleManifest: refuseIndex.length > 0, tagSuffix: '' }];
  }
  const single = platformsOf(refuseIndex);
  const others = platformsOf(guards.filter((guard) => !isServed(guard, single)));
  return [
    ...others.length > 0 ? [{ platforms: others, singleManifest: false, tagSuffix: '' }] : [],
    ...single.map((platform) => ({ platforms: [platform], singleManifest: true, tagSuffix: `-${platform.split('/')[1]}` })),
  ];
}

/** Whether one of the single manifests meets all requirements of the guard. */
function isServed({ platforms }: BuildRequirements, single: string[]): boolean {
  return platforms.length === 0 || (platforms.length === 1 && single.includes(platforms[0]));
}

function platformsOf(guards: readonly BuildRequirements[]): string[] {
  return distinctPlatforms(guards.flatMap(({ platforms }) => platforms));
}
