import { expect, test } from 'vitest';
import { beginAhead } from '../../src/sync/begin-ahead.js';
import { numbers, turns } from './numbers.js';

const never = new AbortController().signal;

/** Work that ends by hand. */
function byHand() {
  const begun: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const begin = (number: number): Promise<number> => {
    begun.push(number);
    return new Promise((resolve, reject) => {
      ends.set(number, (error) => (error ? reject(error) : resolve(number * 10)));
    });
  };
  const end = (number: number, error?: Error) => ends.get(number)?.(error);
  return { begun, begin, end };
}

test('begins work ahead of its turn, no more than so much, and gives it in order', async () => {
  const work = byHand();
  const given: number[] = [];
  const reading = (async () => {
    for await (const result of beginAhead(numbers(5).open, work.begin, 2, never)) {
      given.push(result);
      await turns(10);
    }
  })();
  await turns(20);
  expect(work.begun).toEqual([1, 2]);
  work.end(2);
  await turns(20);
  expect(given).toEqual([]);
  work.end(1);
  await turns(5);
  // While the consumer is at the first, two further ones are under way.
  expect(given).toEqual([10]);
  expect(work.begun).toEqual([1, 2, 3]);
  await turns(20);
  for (const number of [3, 4, 5]) {
    work.end(number);
    await turns(20);
  }
  await reading;
  expect(given).toEqual([10, 20, 30, 40, 50]);
});

test('one ahead is begun while the consumer is at the one before it', async () => {
  const begun: number[] = [];
  const seen: number[][] = [];
  const begin = async (number: number): Promise<void> => void begun.push(number);
  for await (const _ of beginAhead(numbers(3).open, begin, 1, never)) {
    await turns(10);
    seen.push([...begun]);
  }
  expect(seen).toEqual([
    [1, 2],
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('what has begun is given without waiting for what follows', async () => {
  const source = async function* (signal: AbortSignal): AsyncGenerator<number> {
    yield 1;
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  for await (const result of beginAhead(source, async (number) => number, 2, never)) {
    expect(result).toBe(1);
    break;
  }
});

test('what came before a fault of the source is given first', async () => {
  const given: number[] = [];
  const broken = numbers(3, () => {
    throw new Error('no more');
  });
  const reading = async () => {
    for await (const result of beginAhead(broken.open, async (number) => number, 5, never)) {
      given.push(result);
      await turns(5);
    }
  };
  await expect(reading()).rejects.toThrow('no more');
  expect(given).toEqual([1, 2, 3]);
});

test('work that fails ends it in its turn, and what has begun is waited for', async () => {
  const work = byHand();
  const source = numbers(5);
  const given: number[] = [];
  let over = false;
  const reading = (async () => {
    for await (const result of beginAhead(source.open, work.begin, 3, never)) given.push(result);
  })().finally(() => {
    over = true;
  });
  const failed = expect(reading).rejects.toThrow('the second');
  await turns(20);
  work.end(2, new Error('the second'));
  await turns(10);
  work.end(1);
  await turns(20);
  expect({ given, over }).toEqual({ given: [10], over: false });
  work.end(3, new Error('nobody hears of it'));
  await turns(5);
  work.end(4);
  await failed;
  expect(source.told.ended).toBe(true);
});

test('a consumer that leaves early, or throws, ends the source', async () => {
  const left = numbers(100);
  for await (const _ of beginAhead(left.open, async (number) => number, 2, never)) break;
  expect(left.told.ended).toBe(true);
  const threw = numbers(100);
  const reading = async () => {
    for await (const _ of beginAhead(threw.open, async (number) => number, 2, never)) {
      throw new Error('no more');
    }
  };
  await expect(reading()).rejects.toThrow('no more');
  expect(threw.told.ended).toBe(true);
});

test('a signal ends it with its reason', async () => {
  const stop = new AbortController();
  const reading = async () => {
    for await (const _ of beginAhead(numbers(100).open, async (number) => number, 2, stop.signal)) {
      stop.abort(new Error('stopped'));
      await turns(5);
    }
  };
  await expect(reading()).rejects.toThrow('stopped');
});
