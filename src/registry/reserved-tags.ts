/** Prefix of release tags. Guards add these tags to the deployed image and to the previous one. */
export const RELEASE_TAG_PREFIX = 'deployed-';

/** Matches all release tags, as a pattern for lifecycle rules. */
export const RELEASE_TAGS = `${RELEASE_TAG_PREFIX}*`;

/**
 * Tags that can move between images in an `ImageRegistry`. All other tags are immutable. The format is that of ECR's
 * mutability exclusion filters, in which `*` matches any characters.
 */
export const RESERVED_TAGS: readonly string[] = ['latest', 'cache*', RELEASE_TAGS];

export function isReservedTag(tag: string): boolean {
  return RESERVED_TAGS.some((pattern) => pattern.endsWith('*')
    ? tag.startsWith(pattern.slice(0, -1))
    : tag === pattern);
}
