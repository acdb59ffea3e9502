import { EcrClient, ImageDetail } from './client';
import { pages } from './pages';
import { RELEASE_TAG_PREFIX } from '../../../registry/release-tag-prefix';
import { NO_IMAGE } from '../../contract';

/** Other images in the repository, for a failure reason. */
export interface RecentImages {
  /** The five most recently pushed images, newest first. */
  readonly pushedLast: ReadonlyArray<{ readonly name: string; readonly pushedAt: Date }>;
  /** Tags that resemble the requested tag. */
  readonly similarTags: readonly string[];
  /** Whether the repository may contain images that were not listed. */
  readonly partial: boolean;
}

/**
 * ECR lists images in no particular order, so every page matters. The limit bounds the calls, time, and memory that a
 * failure reason can cost.
 */
const MOST_PAGES = 10;
const PAGE_SIZES = [500, 50, 5];

/** Returns `undefined` if ECR does not list any image. The failure reason is complete without the list. */
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
    // The images that were listed so far may still help.
  }
  return recent.isEmpty ? undefined : recent.soFar(true);
}

/** Keeps only the images and tags that a failure reason may show. */
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

/** Whether a typical mistake explains the difference: case, an extra `v`, a truncated SHA, or one wrong letter. */
export function isSimilar(tag: string, other: string): boolean {
  const [a, b] = [tag, other].map((text) => text.toLowerCase().replace(/^v(?=\d)/, ''));
  const shared = Math.min(a.length, b.length);
  return a === b || (shared >= 5 && (a.slice(0, shared) === b.slice(0, shared) || isOneEditApart(a, b)));
}

/** Compares two texts, neither of which is a prefix of the other. */
function isOneEditApart(...texts: [string, string]): boolean {
  const [short, long] = texts.sort((one, other) => one.length - other.length);
  const same = [...short].findIndex((character, index) => character !== long[index]);

  const isLeftOut = short.slice(same) === long.slice(same + 1);
  const isReplaced = short.slice(same + 1) === long.slice(same + 1);
  const isSwapped = short[same] === long[same + 1] && short[same + 1] === long[same] && short.slice(same + 2) === long.slice(same + 2);
  return isLeftOut || isReplaced || isSwapped;
}
