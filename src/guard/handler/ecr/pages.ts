import { TooLarge } from '../../../handler/runtime/http';

export interface PageRequest {
  readonly maxResults: number;
  readonly nextToken: string | undefined;
}

const SIZES = [100, 20, 5];

/** Yields all pages. If a page is too large, requests fewer items per page. */
export async function* pages<Page extends { readonly nextToken?: string } | undefined>(
  ask: (page: PageRequest) => Promise<Page>, sizes: readonly number[] = SIZES,
): AsyncGenerator<Page> {
  let nextToken: string | undefined;
  for (let size = 0; ;) {
    let page: Page;
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
