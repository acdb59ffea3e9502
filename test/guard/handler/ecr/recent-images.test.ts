import { AskRegistry } from '../../../../src/guard/handler/runtime/aws-client';
import { isSimilar, recentImages } from '../../../../src/guard/handler/ecr/recent-images';

test.each([
  ['v1.2.3', '1.2.3'],
  ['Release', 'release'],
  ['3f9d2c1', '3f9d2c1e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d'],
  ['release-41', 'release-4'],
  ['mian-1', 'main-1'],
  ['main-2', 'main-1'],
  ['main1', 'main-1'],
])('%s is similar to %s, and the other way round', (a, b) => {
  expect(isSimilar(a, b)).toBe(true);
  expect(isSimilar(b, a)).toBe(true);
});

test.each([
  ['v1', 'v2'],
  ['v', 'v1'],
  ['main', 'maintenance'],
  ['latest', 'stable'],
  ['3f9d2c1', '8a7b6c5'],
  ['main-11', 'main-22'],
  ['', 'v1'],
])('%j is not similar to %j', (a, b) => {
  expect(isSimilar(a, b)).toBe(false);
  expect(isSimilar(b, a)).toBe(false);
});

test('the last five, the newest first, by tag or by digest', async () => {
  const images = [3, 1, 7, 5, 2, 6, 4].map((day) => image(day, day === 6 ? [] : [`day-${day}`]));

  expect(await recentImages(pages(images), 'day-x')).toEqual({
    pushedLast: [7, 6, 5, 4, 3].map((day) => ({ name: day === 6 ? digest(6) : `day-${day}`, pushedAt: new Date(Date.UTC(2026, 10, day)) })),
    similarTags: ['day-3', 'day-1', 'day-7'],
    partial: false,
  });
});

test('the tags that a guard gives itself tell a user nothing', async () => {
  const images = [image(1, ['deployed-api-0123abcd', 'api-0123abce']), image(2, ['deployed-api-0123abcd-previous'])];

  expect(await recentImages(pages(images), 'deployed-api-0123abcd')).toMatchObject({
    pushedLast: [{ name: digest(2) }, { name: 'api-0123abce' }],
    similarTags: [],
  });
});

test('every page counts, up to five', async () => {
  const asked: unknown[] = [];
  const ask = pages(...[1, 2, 3, 4, 5, 6].map((day) => [image(day, [`day-${day}`])]));
  const recent = await recentImages(async (operation, input) => { asked.push(input); return ask(operation, input); }, 'v1');

  expect(asked).toEqual([undefined, '1', '2', '3', '4'].map((nextToken) => ({ maxResults: 1000, nextToken })));
  expect(recent).toMatchObject({ partial: true, pushedLast: [5, 4, 3, 2, 1].map((day) => ({ name: `day-${day}` })) });
});

test('an answer without anything in it is an empty repository', async () => {
  expect(await recentImages(async () => ({}) as never, 'v1')).toEqual({ pushedLast: [], similarTags: [], partial: false });
});

test('an error is no reason to say nothing at all', async () => {
  expect(await recentImages(async () => { throw new Error('denied'); }, 'v1')).toBeUndefined();
});

function image(day: number, imageTags: string[]) {
  return { imageDigest: digest(day), imageTags, imagePushedAt: Date.UTC(2026, 10, day) / 1000 };
}

function digest(day: number): string {
  return `sha256:${String(day).repeat(64)}`;
}

function pages(...all: object[][]): AskRegistry {
  return async (_, input) => {
    const page = Number((input as { nextToken?: string }).nextToken ?? 0);
    return { imageDetails: all[page], nextToken: page + 1 < all.length ? String(page + 1) : undefined } as never;
  };
}
