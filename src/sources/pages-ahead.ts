import { linkedTo } from './http/abort.js';

export interface NumberedPage<P> {
  readonly number: number;
  readonly page: P;
  readonly last: boolean;
}

interface Listing<P> {
  readonly first: number;
  /** How many pages are asked for at a time, beside the one that the consumer works on. */
  readonly width: number;
  fetch(number: number, signal: AbortSignal): Promise<P>;
  /** The number of the last page, as far as this page tells. Called for each page in order. */
  lastOf(page: P, number: number): number;
}

/**
 * A listing's pages in order, fetched ahead of the consumer. Holds at most `width` + 1 pages. When the consumer stops,
 * requests under way are given up before this returns.
 */
export async function* pagesAhead<P>(
  listing: Listing<P>,
  signal: AbortSignal,
): AsyncGenerator<NumberedPage<P>> {
  const linked = linkedTo(signal);
  const coming: { readonly number: number; readonly page: Promise<P> }[] = [];
  let next = listing.first;
  let last = listing.first;

  const fill = (): void => {
    for (; coming.length < listing.width && next <= last; next++) {
      const page = listing.fetch(next, linked.signal);
      // Its failure is met when its turn comes, or never.
      page.catch(() => {});
      coming.push({ number: next, page });
    }
  };

  try {
    fill();
    for (let turn = coming.shift(); turn; turn = coming.shift()) {
      const { number } = turn;
      const page = await turn.page;
      last = listing.lastOf(page, number);
      fill();
      yield { number, page, last: number >= last };
      if (number >= last) return;
    }
  } finally {
    linked.abort();
    await Promise.allSettled(coming.map((each) => each.page));
    linked.unlink();
  }
}
