import { BuildRequirements } from '../private/docker-commands';
import { DEFAULT_PLATFORM, distinctPlatforms } from '../private/image-platforms';

export interface ImageBuild extends BuildRequirements {
  /** Tells apart what one tag cannot name. */
  readonly tagSuffix: string;
}

/**
 * The fewest builds that serve all guards of a registry: one, unless some guards need an index of several platforms and
 * others refuse it.
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

/** Whether one of the single manifests is all that the guard needs. */
function isServed({ platforms }: BuildRequirements, single: string[]): boolean {
  return platforms.length === 0 || (platforms.length === 1 && single.includes(platforms[0]));
}

function platformsOf(guards: readonly BuildRequirements[]): string[] {
  return distinctPlatforms(guards.flatMap(({ platforms }) => platforms));
}
