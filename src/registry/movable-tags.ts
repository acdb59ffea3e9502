import { RELEASE_TAGS } from './release-tag-prefix';

/**
 * Tags that can move between images in an `ImageRegistry`. All other tags are immutable. The format is that of ECR's
 * mutability exclusion filters, in which `*` matches any characters.
 */
export const MOVABLE_TAGS: readonly string[] = ['latest', 'cache*', RELEASE_TAGS];

export function isMovableTag(tag: string): boolean {
  return MOVABLE_TAGS.some((pattern) => pattern.endsWith('*')
    ? tag.startsWith(pattern.slice(0, -1))
    : tag === pattern);
}
