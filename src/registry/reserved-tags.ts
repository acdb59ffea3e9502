/** The tags that guards put on what runs and on what ran before. */
export const RELEASE_TAGS = 'deployed-*';

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
