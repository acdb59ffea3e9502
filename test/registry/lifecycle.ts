import { wildcard } from '../util/wildcard';

/**
 * ECR's lifecycle evaluator, by the order that its documentation gives: every rule is evaluated by itself, then the rules
 * are applied by priority, lowest number first. An image that a rule has matched is out of reach of all rules with a
 * higher number, whether it is expired or kept. Manifests that an index refers to are kept as long as the index.
 */
export interface Image {
  readonly digest: string;
  readonly pushedAt: number;
  readonly tags: ReadonlySet<string>;

  /** Digests of what an index consists of. */
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
    // All patterns of one rule have to match, each some tag.
    default: return tagPatternList.every((pattern: string) => [...tags].some((tag) => wildcard(pattern).test(tag)));
  }
}
