import { describe, expect, it, onTestFinished } from 'vitest';
import type { Share } from '../../../src/sources/account.js';
import { type Http, openHttp } from '../../../src/sources/http/http.js';
import { readError } from '../../../src/sources/invoiced/read-error.js';
import { type QuickRuntime, quickRuntime } from '../quick-runtime.js';
import { json, serve } from '../server.js';

const inFlight = { poll: 1, walk: 2, push: 5, once: 2 };
const list = { route: 'tasks.list', method: 'GET', path: '/tasks' } as const;
const never = new AbortController().signal;

function open(baseUrl: string, share: Share, runtime: QuickRuntime): Http {
  const deps = { runtime, share, observe: async () => 0 };
  const http = openHttp({ name: 'invoiced', baseUrl, inFlight, readError }, deps);
  onTestFinished(() => http.close());
  return http;
}

describe('an account’s budget', () => {
  it.each(Object.entries(inFlight))('lets %s have %i requests in flight', async (share, allowed) => {
    let now = 0;
    let peak = 0;
    const waiting: (() => void)[] = [];
    const server = await serve((_, response) => {
      now += 1;
      peak = Math.max(peak, now);
      waiting.push(() => {
        now -= 1;
        json(response, 200, []);
      });
      // None is answered before all that may come are there; and then not at once, for one more to come that may not.
      const answerAll = () => {
        for (const answer of waiting.splice(0)) answer();
      };
      if (peak >= allowed) setTimeout(answerAll, 20);
    });
    const http = open(server.url, share as Share, quickRuntime());
    await Promise.all(Array.from({ length: 12 }, () => http.send(list, never)));
    expect(peak).toBe(allowed);
  });

  it.each<[Share, number]>([
    ['walk', 240],
    ['poll', 30],
    ['once', 60],
    ['push', 60],
  ])(
    'makes %s wait for the next window when fewer than %i of 600 requests are left',
    async (share, reserve) => {
      const left = [reserve, reserve - 1, 599];
      const server = await serve((_, response, count) =>
        json(response, 200, [], {
          date: 'Mon, 01 Jun 2026 09:00:20 GMT',
          'x-ratelimit-limit': '600',
          'x-ratelimit-remaining': String(left[count - 1]),
          // 40 s after the API's own time, whatever our clock says.
          'x-ratelimit-reset': String(Date.parse('2026-06-01T09:01:00Z') / 1000),
        }),
      );
      const runtime = quickRuntime();
      const http = open(server.url, share, runtime);
      await http.send(list, never);
      await http.send(list, never);
      expect(runtime.pauses).toEqual([]);
      await http.send(list, never);
      expect(runtime.pauses).toEqual([40_125]);
    },
  );

  it('takes the smaller remainder of one window, in whatever order answers arrive', async () => {
    const left = [10, 500];
    const server = await serve((_, response, count) =>
      json(response, 200, [], {
        date: 'Mon, 01 Jun 2026 12:00:00 GMT',
        'x-ratelimit-limit': '600',
        'x-ratelimit-remaining': String(left[count - 1] ?? 500),
        'x-ratelimit-reset': String(Date.parse('2026-06-01T12:00:30Z') / 1000),
      }),
    );
    const runtime = quickRuntime();
    const http = open(server.url, 'walk', runtime);
    await Promise.all([http.send(list, never), http.send(list, never)]);
    await http.send(list, never);
    expect(runtime.pauses).toEqual([30_125]);
  });

  it('waits no longer than two minutes for a counter that makes no sense, and ignores half a one', async () => {
    const odd = [
      { 'x-ratelimit-remaining': '0' },
      { 'x-ratelimit-limit': '600', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999' },
      {},
    ];
    const server = await serve((_, response, count) =>
      json(response, 200, [], odd[count - 1] as Record<string, string>),
    );
    const runtime = quickRuntime();
    const http = open(server.url, 'push', runtime);
    for (const _ of odd) await http.send(list, never);
    expect(runtime.pauses).toEqual([120_125]);
  });
});
