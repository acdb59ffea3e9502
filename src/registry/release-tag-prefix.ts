/** Prefix of release tags. Guards add these tags to the deployed image and to the previous one. */
export const RELEASE_TAG_PREFIX = 'deployed-';

/** Matches all release tags, as a pattern for lifecycle rules. */
export const RELEASE_TAGS = `${RELEASE_TAG_PREFIX}*`;
