import { wildcard } from '../util/wildcard';

/**
 * ECR's lifecycle evaluator. As documented, it first evaluates each rule separately, and then applies the rules by priority,
 * lowest number first. After a rule matches an image, rules with a higher number do not affect that image, whether it expires
 * or not. Child manifests are kept as long as their index.
 */
export interface Image {
  readonly digest: string;
  readonly pushedAt: number;
  readonly tags: ReadonlySet<string>;

  /** Digests of the child manifests of an index. */
  readonly children: readonly string[];
}

const DAY = 86_400_000;

export function expired(policy: any, images: readonly Image[], now: number): Set<string> {
  const rules = [...policy.rules].sort((a: any, b: any) => a.rulePriority - b.rulePriority);
  const shielded = new Set<string>();
  const doomed = new Set<string>();
  for (const { selection } of rules) {
    const matching = images.filter((image) => matches(selection, image));
    const newestFirst = [...matching].sort((a, b) => b.pushedAt - a.pushedAt);
    const over = selection.countType === 'imageCountMoreThan'
      ? newestFirst.slice(selection.countNumber)
      : matching.filter(({ pushedAt }) => now - pushedAt > selection.countNumber * DAY);
    for (const { digest } of over) if (!shielded.has(digest)) doomed.add(digest);
    for (const { digest } of matching) shielded.add(digest);
  }
  const partsOfWhatStays = images.filter(({ digest }) => !doomed.has(digest)).flatMap(({ children }) => children);
  for (const digest of partsOfWhatStays) doomed.delete(digest);
  return doomed;
}

function matches({ tagStatus, tagPatternList, tagPrefixList }: any, { tags }: Image): boolean {
  if (tagPrefixList) throw new Error('prefixes are not understood here');
  switch (tagStatus) {
    case 'any': return true;
    case 'untagged': return tags.size === 0;
    // An image matches a rule if each pattern of the rule matches one of its tags.
    default: return tagPatternList.every((pattern: string) => [...tags].some((tag) => wildcard(pattern).test(tag)));
  }
}
