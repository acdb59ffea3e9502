import { TooLarge } from '../../../handler/runtime/http';

export interface PageRequest {
  readonly maxResults: number;
  readonly nextToken: string | undefined;
}

const SIZES = [100, 20, 5];

/** Page after page. Where one is too large, fewer items at once. */
export async function* pages<Page extends { readonly nextToken?: string }>(
  ask: (page: PageRequest) => Promise<Page | undefined>, sizes: readonly number[] = SIZES,
): AsyncGenerator<Page | undefined> {
  let nextToken: string | undefined;
  for (let size = 0; ;) {
    let page: Page | undefined;
    try {
      page = await ask({ maxResults: sizes[size], nextToken });
    } catch (error) {
      if (!(error instanceof TooLarge) || ++size === sizes.length) throw error;
      continue;
    }
    yield page;
    nextToken = page?.nextToken;
    if (!nextToken) return;
  }
}
