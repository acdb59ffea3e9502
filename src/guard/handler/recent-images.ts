import { AskRegistry } from './aws-client';
import { NO_IMAGE } from './memory';
import { RELEASE_TAG_PREFIX } from './parse';

/** What else is in the repository, for the reason of a failure. */
export interface RecentImages {
  /** The last five, the newest first. */
  readonly pushedLast: ReadonlyArray<{ readonly name: string; readonly pushedAt: Date }>;
  /** Tags that are nearly the one that was asked for. */
  readonly similarTags: readonly string[];
  /** The repository holds more images than were looked at. */
  readonly partial: boolean;
}

interface Page {
  readonly imageDetails?: ReadonlyArray<{ readonly imageDigest?: string; readonly imageTags?: readonly string[]; readonly imagePushedAt?: number }>;
  readonly nextToken?: string;
}

/** ECR lists in no order, so all pages count; but a reason is not worth more calls than this. */
const MOST_PAGES = 5;

/** Nothing where ECR does not tell: the reason is complete without. */
export async function recentImages(ask: AskRegistry, askedFor: string): Promise<RecentImages | undefined> {
  try {
    const images = [];
    let nextToken: string | undefined;
    for (let page = 0; page < MOST_PAGES && (page === 0 || nextToken); page++) {
      const answer: Page = await ask('DescribeImages', { maxResults: 1000, nextToken });
      images.push(...answer.imageDetails ?? []);
      nextToken = answer.nextToken;
    }
    const tags = images.flatMap(({ imageTags }) => tagsOfUsers(imageTags));
    return {
      pushedLast: images
        .filter(({ imageDigest }) => imageDigest && imageDigest !== NO_IMAGE)
        .map(({ imageTags, imageDigest, imagePushedAt = 0 }) => ({
          name: tagsOfUsers(imageTags)[0] ?? imageDigest!,
          pushedAt: new Date(imagePushedAt * 1000),
        }))
        .sort((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime())
        .slice(0, 5),
      similarTags: tags.filter((tag) => isSimilar(tag, askedFor)).slice(0, 3),
      partial: nextToken !== undefined,
    };
  } catch {
    return undefined;
  }
}

function tagsOfUsers(tags: readonly string[] = []): string[] {
  return tags.filter((tag) => !tag.startsWith(RELEASE_TAG_PREFIX));
}

/** The mistakes that people make with tags: case, a `v` too many, a sha cut short, a letter wrong. */
export function isSimilar(tag: string, other: string): boolean {
  const [a, b] = [tag, other].map((text) => text.toLowerCase().replace(/^v(?=\d)/, ''));
  if (!a || !b) return false;
  const shared = Math.min(a.length, b.length);
  return a === b || (shared >= 5 && a.slice(0, shared) === b.slice(0, shared)) || (shared >= 5 && isOneEditApart(a, b));
}

function isOneEditApart(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;

  const isLeftOut = short.slice(same) === long.slice(same + 1);
  const isReplaced = short.slice(same + 1) === long.slice(same + 1);
  const isSwapped = short[same] === long[same + 1] && short[same + 1] === long[same] && short.slice(same + 2) === long.slice(same + 2);
  return isLeftOut || isReplaced || isSwapped;
}
