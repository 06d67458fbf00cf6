import { expect, test } from 'vitest';
import { createLive, type LiveOptions } from '../../src/http/page/live.js';
import { systemRuntime } from '../../src/runtime.js';
import { until } from '../servers/index.js';

/** What the page would be, and how often it was looked at. */
function watched(options: Partial<LiveOptions> = {}) {
  const now = { looks: 0, sections: new Map([['a', 'one']]) };
  const live = createLive({
    runtime: systemRuntime,
    everyMs: 5,
    read: async () => {
      now.looks += 1;
      return { at: 1_000 + now.looks, sections: new Map(now.sections) };
    },
    ...options,
  });
  const listen = () => {
    const stream = live.listen();
    if (stream === null) throw new Error('It takes no more.');
    return reading(stream);
  };
  return { live, now, listen };
}

/** Collects what a listener was told, at its own pace. */
function reading(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    text: () => text,
    /** Reads until it has been told that; or its end. */
    until: async (told: string) => {
      while (!text.includes(told)) {
        const { done, value } = await reader.read();
        if (done) return 'ended';
        text += decoder.decode(value);
      }
      return 'told';
    },
    end: async () => {
      for (;;) {
        const { done } = await reader.read();
        if (done) return;
      }
    },
    leave: () => reader.cancel(),
  };
}

test('a listener is told each section once, and again only when it has changed', async () => {
  const { live, now, listen } = watched();
  const one = listen();
  expect(await one.until('"html":"one"')).toBe('told');
  await one.until('data: 1004');
  expect(one.text().match(/event: section/g)).toHaveLength(1);
  now.sections.set('a', 'two');
  expect(await one.until('"html":"two"')).toBe('told');
  live.close();
});

test('that something is a second older now is no change', async () => {
  const { live, now, listen } = watched();
  const age = (text: string) => `x <span class="ago" data-at="5">${text}</span> y`;
  now.sections.set('a', age('1 s ago'));
  const one = listen();
  await one.until('event: section');
  now.sections.set('a', age('2 s ago'));
  const { looks } = now;
  await one.until(`data: ${1_002 + looks}`);
  expect(one.text().match(/event: section/g)).toHaveLength(1);
  live.close();
});

test('nothing is looked at before anybody listens and after the last has left; any number cost one look', async () => {
  const sleeping: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => void sleeping.push(resolve));
  const { live, now, listen } = watched({ runtime: { ...systemRuntime, sleep } });
  expect(now.looks).toBe(0);
  const all = [listen(), listen(), listen()];
  await Promise.all(all.map((each) => each.until('event: at')));
  expect(now.looks).toBe(1);
  const next = async () => {
    await until('it has looked', () => sleeping.length > 0);
    sleeping.shift()?.();
  };
  await next();
  await Promise.all(all.map((each) => each.until('data: 1002')));
  await Promise.all(all.map((each) => each.leave()));
  expect(live.count()).toBe(0);
  await next();
  // What follows the sleep follows at once.
  await new Promise((resolve) => setImmediate(resolve));
  expect({ looks: now.looks, sleeping: sleeping.length }).toEqual({ looks: 2, sleeping: 0 });
  await listen().until('event: at');
  expect(now.looks).toBe(3);
  live.close();
});

test('one that does not read is told the latest only, holds up nobody, and is left after a while', async () => {
  const { live, now, listen } = watched({ patienceMs: 300 });
  const slow = live.listen()?.getReader();
  const quick = listen();
  for (let turn = 0; turn < 20; turn += 1) {
    now.sections.set('a', `turn ${turn}`);
    await quick.until(`"turn ${turn}"`);
  }
  await until('it was left', () => live.count() === 1);
  await expect(slow?.closed).rejects.toThrow('does not read');
  now.sections.set('a', 'goes on');
  expect(await quick.until('"goes on"')).toBe('told');
  live.close();
});

test('so many may listen and no more, until one leaves', async () => {
  const { live, listen } = watched({ most: 2 });
  const one = listen();
  listen();
  expect(live.listen()).toBeNull();
  await one.leave();
  expect(live.listen()).not.toBeNull();
  live.close();
});

test('closing ends every stream at once, also while a look hangs, and takes no more', async () => {
  const { live, listen } = watched({ read: () => new Promise(() => {}) });
  const all = [listen(), listen()];
  live.close();
  await Promise.all(all.map((each) => each.end()));
  expect(live.count()).toBe(0);
  expect(live.listen()).toBeNull();
});
