import { expect, test } from 'vitest';
import { systemRuntime } from '../../src/runtime.js';
import { prefetch } from '../../src/sync/prefetch.js';
import { numbers, turns } from './numbers.js';

const never = new AbortController().signal;
const ahead = (most: number) => ({ most, runtime: systemRuntime });

const aborted = (signal?: AbortSignal) =>
  new Promise<void>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

test('gives everything once, in order, in batches of what has come meanwhile', async () => {
  const batches: (readonly number[])[] = [];
  for await (const batch of prefetch(numbers(50).open, ahead(4), never)) {
    batches.push(batch);
    await turns(10);
  }
  expect(batches.flat()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(5);
  expect(batches.length).toBeLessThan(50);
});

test('what follows closely is given together', async () => {
  const patient = { sleep: (_: number, signal?: AbortSignal) => aborted(signal) };
  const sizes: number[] = [];
  for await (const batch of prefetch(numbers(10).open, { most: 4, runtime: patient }, never)) {
    sizes.push(batch.length);
  }
  expect(sizes).toEqual([4, 4, 2]);
});

test('what does not follow is not waited for', async () => {
  let wake = () => {};
  const taken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const open = async function* (): AsyncGenerator<number> {
    yield 1;
    await taken;
    yield 2;
  };
  const batches: (readonly number[])[] = [];
  for await (const batch of prefetch(open, ahead(4), never)) {
    batches.push(batch);
    wake();
  }
  expect(batches).toEqual([[1], [2]]);
});

test('is never more than so many items ahead of a slow consumer', async () => {
  const { open, told } = numbers(1000);
  let taken = 0;
  for await (const batch of prefetch(open, ahead(4), never)) {
    taken += batch.length;
    await turns(30);
    expect(told.given - taken).toBeLessThanOrEqual(5);
    if (taken > 100) break;
  }
  expect(told.ended).toBe(true);
});

test('what came before a fault is given first', async () => {
  const { open } = numbers(3, () => {
    throw new Error('broken');
  });
  const taken: number[] = [];
  const run = async () => {
    for await (const batch of prefetch(open, ahead(10), never)) {
      taken.push(...batch);
      await turns(20);
    }
  };
  await expect(run()).rejects.toThrow('broken');
  expect(taken).toEqual([1, 2, 3]);
});

test('a consumer that leaves, or throws, ends the source before it goes on', async () => {
  const left = numbers(100);
  for await (const _ of prefetch(left.open, ahead(4), never)) break;
  expect(left.told.ended).toBe(true);

  const threw = numbers(100);
  const run = async () => {
    for await (const _ of prefetch(threw.open, ahead(4), never)) throw new Error('no more');
  };
  await expect(run()).rejects.toThrow('no more');
  expect(threw.told.ended).toBe(true);
});

test('a source that waits is ended by the signal, with its reason', async () => {
  const stop = new AbortController();
  const open = async function* (signal: AbortSignal): AsyncGenerator<number> {
    yield 1;
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const run = async () => {
    for await (const _ of prefetch(open, ahead(4), stop.signal)) stop.abort(new Error('stopped'));
  };
  await expect(run()).rejects.toThrow('stopped');
});
