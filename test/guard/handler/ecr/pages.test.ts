import { PageRequest, pages } from '../../../../src/guard/handler/ecr/pages';
import { TooLarge } from '../../../../src/handler/runtime/http';

test('pages are requested in order, with up to 100 items each', async () => {
  expect(await read(['a', 'b', 'c'])).toEqual({ seen: ['a', 'b', 'c'], asked: [[100, undefined], [100, '1'], [100, '2']] });
});

test('a page that is too large is requested again with fewer items, and so are the pages that follow', async () => {
  expect(await read(['a', 'b'], 20)).toEqual({ seen: ['a', 'b'], asked: [[100, undefined], [20, undefined], [20, '1']] });
});

test('no page is skipped because it was too large', async () => {
  await expect(read(['a', 'b'], 4)).rejects.toThrow(TooLarge);
});

test('an undefined page ends the list', async () => {
  const seen = [];
  for await (const page of pages(async () => undefined)) seen.push(page);

  expect(seen).toEqual([undefined]);
});

async function read(texts: string[], most = 100) {
  const asked: unknown[] = [];
  const ask = async ({ maxResults, nextToken }: PageRequest) => {
    asked.push([maxResults, nextToken]);
    if (maxResults > most) throw new TooLarge('too large');
    const index = Number(nextToken ?? 0);
    return { text: texts[index], nextToken: index + 1 < texts.length ? String(index + 1) : undefined };
  };
  const seen: unknown[] = [];
  for await (const page of pages(ask)) seen.push(page?.text);
  return { seen, asked };
}
