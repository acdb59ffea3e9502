/** The platform of a Fargate task that says nothing about it. */
export const DEFAULT_PLATFORM = 'linux/amd64';

/** Each once, and sorted: the order in which an app makes its constructs must not change templates. */
export function distinctPlatforms(platforms: readonly (string | undefined)[]): string[] {
  return [...new Set(platforms)].filter((platform) => platform !== undefined).sort();
}
