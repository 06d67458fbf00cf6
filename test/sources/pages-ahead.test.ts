import { describe, expect, it } from 'vitest';
import { pagesAhead } from '../../src/sources/pages-ahead.js';
import { until } from '../servers/until.js';

describe('pages fetched ahead', () => {
  it.each([1, 4])('come in order, %i at a time at most, whichever answers first', async (width) => {
    let underWay = 0;
    let peak = 0;
    const waiting: (() => void)[] = [];
    const fetch = async (number: number): Promise<number> => {
      underWay += 1;
      peak = Math.max(peak, underWay);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        // The latest is answered first, once all that may be asked for are.
        setImmediate(() => waiting.pop()?.());
      });
      underWay -= 1;
      return number;
    };
    const numbers = [];
    const listing = { first: 3, width, fetch, lastOf: () => 12 };
    for await (const { number, page, last } of pagesAhead(listing, new AbortController().signal)) {
      expect(page).toBe(number);
      expect(last).toBe(number === 12);
      numbers.push(number);
    }
    expect(numbers).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(peak).toBe(width);
  });

  it('go on behind one that is slow, as many again as are asked for at a time, and no more', async () => {
    const asked: number[] = [];
    let answerSlow = () => {};
    const fetch = async (number: number): Promise<number> => {
      asked.push(number);
      if (number === 2) {
        await new Promise<void>((resolve) => {
          answerSlow = resolve;
        });
      }
      return number;
    };
    const listing = { first: 1, width: 2, fetch, lastOf: () => 100 };
    const pages = pagesAhead(listing, new AbortController().signal);
    expect((await pages.next()).value).toMatchObject({ number: 1 });
    const second = pages.next();
    await until('it asks no further', () => asked.length >= 6);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([1, 2, 3, 4, 5, 6]);
    answerSlow();
    expect((await second).value).toMatchObject({ number: 2, page: 2 });
    for (const number of [3, 4, 5, 6, 7]) expect((await pages.next()).value).toMatchObject({ number });
    await pages.return(undefined);
  });

  it('are given up when the consumer stops, and nothing stays under way', async () => {
    const given: number[] = [];
    const fetch = (number: number, signal: AbortSignal): Promise<number> =>
      number <= 2
        ? Promise.resolve(number)
        : new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              given.push(number);
              reject(signal.reason);
            });
          });
    const listing = { first: 1, width: 4, fetch, lastOf: () => 100 };
    for await (const { number } of pagesAhead(listing, new AbortController().signal)) {
      if (number === 2) break;
    }
    expect(given).toEqual([3, 4, 5, 6]);
  });

  it('that fail are met in their turn, after the pages before them', async () => {
    const fetch = async (number: number): Promise<number> => {
      if (number === 3) throw new Error('the third failed');
      return number;
    };
    const met: number[] = [];
    const walk = async (): Promise<void> => {
      const listing = { first: 1, width: 4, fetch, lastOf: () => 9 };
      for await (const { number } of pagesAhead(listing, new AbortController().signal)) met.push(number);
    };
    await expect(walk()).rejects.toThrow('the third failed');
    expect(met).toEqual([1, 2]);
  });
});
