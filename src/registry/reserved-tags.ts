/** Release tags begin with this: guards put them on the images that are deployed, and on those before. */
export const RELEASE_TAG_PREFIX = 'deployed-';

/** All release tags, as a pattern of ECR's lifecycle rules. */
export const RELEASE_TAGS = `${RELEASE_TAG_PREFIX}*`;

/**
 * The tags that may move from one image to another in our registry. All others are immutable there.
 * Written as ECR's mutability exclusion filters: `*` stands for any characters.
 */
export const RESERVED_TAGS: readonly string[] = ['latest', 'cache*', RELEASE_TAGS];

export function isReservedTag(tag: string): boolean {
  return RESERVED_TAGS.some((pattern) => pattern.endsWith('*')
    ? tag.startsWith(pattern.slice(0, -1))
    : tag === pattern);
}
