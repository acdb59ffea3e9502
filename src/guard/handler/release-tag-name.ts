import { hash, Properties, Stack, text } from '../../handler/request';
import { RELEASE_TAG_PREFIX } from '../../registry/release-tag-prefix';

const LONGEST_NAME = 80;

/**
 * Returns the tag that keeps the deployed image from expiring. The tag is readable, and unique among all guards that may
 * share the registry. Undefined if the guard does not retain images.
 */
export function releaseTagOf({ ReleaseTagName, PinName }: Properties, stack: Stack, logicalId: string): string | undefined {
  // Contract 2 used other names.
  const name = text(ReleaseTagName) || text(PinName);
  if (!name) return undefined;
  const owner = hash([stack.account, stack.region, stack.name, logicalId].join('\n')).slice(0, 8);
  const prefix = text(ReleaseTagName) ? RELEASE_TAG_PREFIX : 'pinned-';
  return `${prefix}${name.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST_NAME)}-${owner}`;
}
