import { EcrClient, ImageDetail, ImagePage } from '../../../../src/guard/handler/ecr/client';
import { recentImages as recentImagesOf } from '../../../../src/guard/handler/ecr/recent-images';
import { TooLarge } from '../../../../src/handler/runtime/http';

test('the listing contains the last five images, the newest first, by tag or by digest', async () => {
  const images = [3, 1, 7, 5, 2, 6, 4].map((day) => image(day, day === 6 ? [] : [`day-${day}`]));

  expect(await recentImages(pages(images), 'day-x')).toEqual({
    pushedLast: [7, 6, 5, 4, 3].map((day) => ({ name: day === 6 ? digest(6) : `day-${day}`, pushedAt: new Date(Date.UTC(2026, 10, day)) })),
    similarTags: ['day-3', 'day-1', 'day-7'],
    partial: false,
  });
});

test('the listing omits the tags that guards add', async () => {
  const images = [image(1, ['deployed-api-0123abcd', 'api-0123abce']), image(2, ['deployed-api-0123abcd-previous'])];

  expect(await recentImages(pages(images), 'deployed-api-0123abcd')).toMatchObject({
    pushedLast: [{ name: digest(2) }, { name: 'api-0123abce' }],
    similarTags: [],
  });
});

test('the listing considers every page, up to ten', async () => {
  const asked: unknown[] = [];
  const list = pages(...Array.from({ length: 11 }, (_, day) => [image(day + 1, [`day-${day + 1}`])]));
  const recent = await recentImages(async (page) => { asked.push(page); return list(page); }, 'v1');

  expect(asked).toEqual([undefined, '1', '2', '3', '4', '5', '6', '7', '8', '9'].map((nextToken) => ({ maxResults: 500, nextToken })));
  expect(recent).toMatchObject({ partial: true, pushedLast: [10, 9, 8, 7, 6].map((day) => ({ name: `day-${day}` })) });
});

test('a repository with exactly ten pages is listed completely', async () => {
  expect(await recentImages(pages(...Array.from({ length: 10 }, () => [])), 'v1')).toMatchObject({ partial: false });
});

describe('pages that are too large', () => {
  /** Responds with at most this number of images at once. */
  const limited = (most: number) => {
    const asked: number[] = [];
    const list = async ({ maxResults, nextToken }: Page) => {
      asked.push(maxResults);
      if (maxResults > most) throw new TooLarge('answer larger than 1048576 bytes');
      return pages([image(1, ['day-1'])], [image(2, ['day-2'])])({ maxResults, nextToken });
    };
    return { asked, list };
  };

  test('are requested with fewer images from then on', async () => {
    const { asked, list } = limited(50);

    expect(await recentImages(list, 'v1')).toMatchObject({ partial: false, pushedLast: [{ name: 'day-2' }, { name: 'day-1' }] });
    expect(asked).toEqual([500, 50, 50]);
  });

  test('end the listing if even the smallest size is too large', async () => {
    const { asked, list } = limited(4);

    expect(await recentImages(list, 'v1')).toBeUndefined();
    expect(asked).toEqual([500, 50, 5]);
  });
});

test('an empty answer means that the repository is empty', async () => {
  expect(await recentImages(async () => ({ images: [], nextToken: undefined }), 'v1')).toEqual({ pushedLast: [], similarTags: [], partial: false });
});

test('after an error on the first page, the listing is undefined', async () => {
  expect(await recentImages(async () => { throw new Error('denied'); }, 'v1')).toBeUndefined();
});

test('an error on a later page keeps the images of the previous pages', async () => {
  const list = pages([image(1, ['day-1'])], [image(2, ['day-2'])]);

  expect(await recentImages(async (page) => {
    if (page.nextToken) throw new Error('throttled');
    return list(page);
  }, 'v1')).toMatchObject({ partial: true, pushedLast: [{ name: 'day-1' }] });
});

test.each<[string, unknown]>([
  ['no time', undefined],
  ['an absurd time', 1e300],
  ['a time that is not a number', 'yesterday'],
])('an image with %s counts as the oldest', async (_, imagePushedAt) => {
  const odd = { imageDigest: digest(3), imagePushedAt } as ImageDetail;

  expect(await recentImages(pages([odd, image(1, ['day-1'])]), 'v1')).toMatchObject({
    pushedLast: [{ name: 'day-1' }, { name: digest(3), pushedAt: new Date(0) }],
  });
});

test('the listing omits entries that are not images and tags that are not strings', async () => {
  const odd = { imageDigest: digest(3), imageTags: [7, null, 'day-3'] } as unknown as ImageDetail;
  const noImage = { imageDigest: `sha256:${'0'.repeat(64)}`, imageTags: ['none'] };

  expect(await recentImages(pages([{}, noImage, odd]), 'v1')).toMatchObject({ pushedLast: [{ name: 'day-3' }] });
});

test('the listing contains at most three similar tags, in the order of ECR', async () => {
  const images = [1, 2, 3, 4].map((day) => image(day, [`main-${day}`, `other-${day}`]));

  expect(await recentImages(pages(images.slice(0, 2), images.slice(2)), 'main-0')).toMatchObject({ similarTags: ['main-1', 'main-2', 'main-3'] });
});

type Page = Parameters<EcrClient['listImages']>[0];
type List = (page: Page) => Promise<ImagePage>;

async function recentImages(listImages: List, askedFor: string) {
  return recentImagesOf({ listImages } as unknown as EcrClient, askedFor);
}

function image(day: number, imageTags: string[]) {
  return { imageDigest: digest(day), imageTags, imagePushedAt: Date.UTC(2026, 10, day) / 1000 };
}

function digest(day: number): string {
  return `sha256:${String(day).repeat(64)}`;
}

function pages(...all: ImageDetail[][]): (page: Page) => Promise<ImagePage> {
  return async ({ nextToken }) => {
    const page = Number(nextToken ?? 0);
    return { images: all[page], nextToken: page + 1 < all.length ? String(page + 1) : undefined };
  };
}
