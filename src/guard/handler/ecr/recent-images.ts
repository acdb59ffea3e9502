import { EcrClient, ImageDetail } from './client';
import { pages } from './pages';
import { RELEASE_TAG_PREFIX } from '../../../registry/release-tag-prefix';
import { NO_IMAGE } from '../../contract';

/** What else is in the repository, for the reason of a failure. */
export interface RecentImages {
  /** The last five, the newest first. */
  readonly pushedLast: ReadonlyArray<{ readonly name: string; readonly pushedAt: Date }>;
  /** Tags that are nearly the one that was asked for. */
  readonly similarTags: readonly string[];
  /** The repository holds more images than were looked at. */
  readonly partial: boolean;
}

/** ECR lists in no order, so all pages count; but a reason is not worth more than this, in calls, time or memory. */
const MOST_PAGES = 10;
const PAGE_SIZES = [500, 50, 5];

/** Nothing where ECR does not tell: the reason is complete without. */
export async function recentImages(ecr: EcrClient, askedFor: string): Promise<RecentImages | undefined> {
  const recent = new Recent(askedFor);
  let left = MOST_PAGES;
  try {
    for await (const page of pages((request) => ecr.listImages(request), PAGE_SIZES)) {
      page.images.forEach((image) => recent.add(image));
      if (!page.nextToken) return recent.soFar(false);
      if (--left === 0) break;
    }
  } catch {
    // What was seen so far may help all the same.
  }
  return recent.isEmpty ? undefined : recent.soFar(true);
}

/** Keeps of each page only what may be shown. */
class Recent {
  private pushedLast: Array<RecentImages['pushedLast'][number]> = [];
  private readonly similarTags: string[] = [];

  constructor(private readonly askedFor: string) {}

  public get isEmpty(): boolean {
    return this.pushedLast.length === 0;
  }

  public add({ imageDigest, imageTags, imagePushedAt }: ImageDetail): void {
    if (!imageDigest || imageDigest === NO_IMAGE) return;

    const tags = tagsOfUsers(imageTags);
    const pushedAt = new Date(Number(imagePushedAt ?? 0) * 1000);
    const name = tags[0] ?? imageDigest;
    this.pushedLast = [...this.pushedLast, { name, pushedAt: Number.isNaN(pushedAt.getTime()) ? new Date(0) : pushedAt }]
      .sort((one, other) => other.pushedAt.getTime() - one.pushedAt.getTime())
      .slice(0, 5);
    for (const tag of tags) {
      if (this.similarTags.length < 3 && isSimilar(tag, this.askedFor)) this.similarTags.push(tag);
    }
  }

  public soFar(partial: boolean): RecentImages {
    return { pushedLast: this.pushedLast, similarTags: this.similarTags, partial };
  }
}

function tagsOfUsers(tags: readonly string[] = []): string[] {
  return tags.filter((tag) => typeof tag === 'string' && !tag.startsWith(RELEASE_TAG_PREFIX));
}

/** The mistakes that people make with tags: case, a `v` too many, a sha cut short, a letter wrong. */
export function isSimilar(tag: string, other: string): boolean {
  const [a, b] = [tag, other].map((text) => text.toLowerCase().replace(/^v(?=\d)/, ''));
  const shared = Math.min(a.length, b.length);
  return a === b || (shared >= 5 && (a.slice(0, shared) === b.slice(0, shared) || isOneEditApart(a, b)));
}

/** Of two texts of which neither is the beginning of the other. */
function isOneEditApart(...texts: [string, string]): boolean {
  const [short, long] = texts.sort((one, other) => one.length - other.length);
  const same = [...short].findIndex((character, index) => character !== long[index]);

  const isLeftOut = short.slice(same) === long.slice(same + 1);
  const isReplaced = short.slice(same + 1) === long.slice(same + 1);
  const isSwapped = short[same] === long[same + 1] && short[same + 1] === long[same] && short.slice(same + 2) === long.slice(same + 2);
  return isLeftOut || isReplaced || isSwapped;
}
