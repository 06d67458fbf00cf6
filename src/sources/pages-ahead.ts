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
 * A listing's pages in order, fetched ahead of the consumer. A page that is slow keeps the requests behind it at work: as many pages again
 * as may be asked for at a time wait for their turn. Holds at most twice `width` pages, and the consumer's. When the consumer stops,
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
  let underWay = 0;
  let ended = false;

  const fill = (): void => {
    while (!ended && underWay < listing.width && coming.length < 2 * listing.width && next <= last) {
      const number = next++;
      const page = listing.fetch(number, linked.signal);
      underWay++;
      coming.push({ number, page });
      page.then(
        () => {
          underWay--;
          fill();
        },
        // Met when its turn comes, or never: nothing behind it will be.
        () => {
          ended = true;
        },
      );
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
    ended = true;
    linked.abort();
    await Promise.allSettled(coming.map((each) => each.page));
    linked.unlink();
  }
}
