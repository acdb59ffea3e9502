/** Platform of a Fargate task that does not specify one. */
export const DEFAULT_PLATFORM = 'linux/amd64';

/** Returns sorted, unique platforms. Sorting keeps templates independent of the order in which an app creates constructs. */
export function distinctPlatforms(platforms: readonly (string | undefined)[]): string[] {
  return [...new Set(platforms)].filter((platform) => platform !== undefined).sort();
}
