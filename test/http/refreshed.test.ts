import { expect, test } from 'vitest';
import { refreshed } from '../../src/http/page/refreshed.js';
import { systemRuntime } from '../../src/runtime.js';
import { silent } from '../jobs/harness.js';

/** Work that ends when it is told to, and a clock that is wound by hand. */
function slow() {
  const state = { now: 0, begun: 0, end: (_: number | Error) => {} };
  const work = () => {
    state.begun += 1;
    return new Promise<number>((resolve, reject) => {
      state.end = (result) => (result instanceof Error ? reject(result) : resolve(result));
    });
  };
  const runtime = { ...systemRuntime, now: () => state.now };
  return { state, get: refreshed(work, { runtime, log: silent, everyMs: 100, waitMs: 5 }) };
}

test('who asks waits for a first look only a moment, and gets what was found as soon as there is something', async () => {
  const { state, get } = slow();
  expect(await get()).toBeNull();
  expect(await get()).toBeNull();
  expect(state.begun).toBe(1);
  state.end(7);
  expect(await get()).toBe(7);
});

test('what was found stays good for its time, and for twenty times as long as it took', async () => {
  const { state, get } = slow();
  const first = get();
  state.now = 10;
  state.end(7);
  expect(await first).toBe(7);
  state.now = 209;
  expect(await get()).toBe(7);
  expect(state.begun).toBe(1);
  state.now = 210;
  expect(await get()).toBe(7);
  expect(state.begun).toBe(2);
});

test('what is a little old is given at once, while it is looked for anew', async () => {
  const { state, get } = slow();
  const first = get();
  state.end(7);
  await first;
  state.now = 500;
  let given: number | null = null;
  void get().then((value) => {
    given = value;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(given).toBe(7);
  state.end(8);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await get()).toBe(8);
  // By then it is worth a moment.
  state.now = 5_000;
  const waiting = get();
  state.end(9);
  expect(await waiting).toBe(9);
});

test('a look that fails leaves what was found before, and is tried anew', async () => {
  const { state, get } = slow();
  const first = get();
  state.end(7);
  await first;
  state.now = 1_000;
  const failing = get();
  state.end(new Error('gone'));
  expect(await failing).toBe(7);
  const again = get();
  state.end(8);
  expect(await again).toBe(8);
});
