import { describe, expect, it, onTestFinished } from 'vitest';
import { systemRuntime } from '../../../src/runtime.js';
import type { RequestEvent, SourceDeps } from '../../../src/sources/account.js';
import { ApiError } from '../../../src/sources/http/errors.js';
import { type Http, openHttp } from '../../../src/sources/http/http.js';
import type { HttpRequest } from '../../../src/sources/http/request.js';
import { readError } from '../../../src/sources/invoiced/read-error.js';
import { until } from '../../servers/index.js';
import { quickRuntime } from '../quick-runtime.js';
import { json, serve } from '../server.js';

const inFlight = { poll: 1, walk: 2, push: 5, once: 2 };
const list: HttpRequest = { route: 'tasks.list', method: 'GET', path: '/tasks' };
const create: HttpRequest = { route: 'tasks.create', method: 'POST', path: '/tasks', json: { name: 'Call' } };
const never = new AbortController().signal;

function open(
  baseUrl: string,
  deps: Partial<SourceDeps> = {},
): Http & { observed: number[]; events: RequestEvent[] } {
  const observed: number[] = [];
  const events: RequestEvent[] = [];
  const http = openHttp(
    { name: 'invoiced', baseUrl, inFlight, readError },
    {
      runtime: quickRuntime(),
      observe: async () => observed.push(observed.length),
      share: 'push',
      onRequest: (event) => events.push(event),
      ...deps,
    },
  );
  onTestFinished(() => http.close());
  return { ...http, observed, events };
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  if (error instanceof ApiError) return error;
  throw new Error('expected an ApiError', { cause: error });
}

describe('a request', () => {
  it('goes below the base URL, with its query encoded, over a connections that are kept', async () => {
    const server = await serve((_, response) => json(response, 200, []));
    const http = open(`${server.url}/below/`);
    await http.send({ ...list, query: { 'search[vis_state]': 1, sort: 'a desc,b' } }, never);
    await http.send(list, never);
    for (let more = 0; more < 10; more++) await http.send(list, never);
    expect(server.requests.slice(0, 2)).toEqual([
      'GET /below/tasks?search%5Bvis_state%5D=1&sort=a+desc%2Cb',
      'GET /below/tasks',
    ]);
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it('is observed when it is sent and when its answer is there', async () => {
    const server = await serve((_, response) =>
      json(response, 200, [], { date: 'Mon, 01 Jun 2026 12:00:01 GMT' }),
    );
    const http = open(server.url);
    const answer = await http.send(list, never);
    expect(answer).toMatchObject({ requestedAt: 1, serverTime: Date.parse('2026-06-01T12:00:01Z') });
    expect(await answer.arrival()).toBeLessThanOrEqual(2);
    expect(http.events).toEqual([{ route: 'tasks.list', method: 'GET', status: 200, ms: 0, waitedMs: 0 }]);
  });

  it('is observed at once, unless it is a page, which is observed when it is taken', async () => {
    const server = await serve((_, response) => json(response, 200, []));
    const http = open(server.url);
    await http.send({ ...list, route: 'tasks.get' }, never);
    expect(http.observed).toHaveLength(2);
    const page = await http.send({ ...list, path: '/tasks' }, never);
    const before = http.observed.length;
    await page.arrival();
    expect(http.observed).toHaveLength(before + 1);
  });

  it('gives its turn back as soon as its answer is there, and not once more when it has been observed', async () => {
    let under = 0;
    let most = 0;
    const server = await serve((_, response) => {
      under += 1;
      most = Math.max(most, under);
      setTimeout(() => {
        under -= 1;
        json(response, 200, []);
      }, 5);
    });
    let readings = 0;
    let read = () => {};
    const held = new Promise<void>((resolve) => {
      read = resolve;
    });
    const observe = async () => {
      const at = ++readings;
      // The first one's answer: the second has been observed while it waited for its turn.
      if (at === 3) await held;
      return at;
    };
    const http = open(server.url, { share: 'poll', observe });
    const get = { ...list, route: 'tasks.get' } as const;
    const first = http.send(get, never);
    expect(await http.send(get, never)).toMatchObject({ requestedAt: 2 });
    read();
    await Promise.all([first, http.send(get, never), http.send(get, never), http.send(get, never)]);
    expect(most).toBe(1);
  });

  it('is observed while it waits for its turn, and once more where that or its credentials take long', async () => {
    const waiting: (() => void)[] = [];
    const server = await serve((_, response) => waiting.push(() => json(response, 200, [])));
    let now = 0;
    const http = open(server.url, { share: 'poll', runtime: { ...quickRuntime(), now: () => now } });
    const get = { ...list, route: 'tasks.get' } as const;
    const answer = async () => {
      await until('it is there', () => waiting.length === 1);
      waiting.shift()?.();
    };
    const sent = [http.send(get, never), http.send(get, never)];
    await until('both are observed', () => http.observed.length === 2);
    now += 249;
    await answer();
    await answer();
    expect(await Promise.all(sent)).toMatchObject([{ requestedAt: 1 }, { requestedAt: 2 }]);

    const [first, late] = [http.send(get, never), http.send(get, never)];
    await until('both are observed', () => http.observed.length === 6);
    now += 250;
    await answer();
    await first;
    await answer();
    expect((await late).requestedAt).toBeGreaterThan(6);

    const before = http.observed.length;
    const authorize = async () => {
      now += 250;
      return 'Basic c2VjcmV0';
    };
    const authorized = http.send({ ...get, authorize }, never);
    await answer();
    expect((await authorized).requestedAt).toBe(before + 2);
  });

  it('asks for its credentials after it has waited for the budget', async () => {
    const order: string[] = [];
    const server = await serve((_, response) => {
      order.push('answered');
      json(response, 200, []);
    });
    const http = open(server.url, { share: 'poll' });
    const authorize = async (): Promise<string> => {
      order.push('authorized');
      return 'Basic c2VjcmV0';
    };
    await Promise.all([http.send({ ...list, authorize }, never), http.send({ ...list, authorize }, never)]);
    expect(order).toEqual(['authorized', 'answered', 'authorized', 'answered']);
    expect(server.headers.map(({ authorization }) => authorization)).toEqual([
      'Basic c2VjcmV0',
      'Basic c2VjcmV0',
    ]);
  });
});

describe('a read that fails', () => {
  it.each<[string, number, Record<string, string>]>([
    ['a server at fault', 500, {}],
    ['a proxy', 502, {}],
    ['too many requests', 429, {}],
    ['another change under way', 409, {}],
  ])('by %s is sent again and observed anew', async (_, status, headers) => {
    const server = await serve((_request, response, count) =>
      count < 3 ? json(response, status, { type: 'x', message: 'Later' }, headers) : json(response, 200, []),
    );
    const runtime = quickRuntime();
    const http = open(server.url, { runtime });
    const answer = await http.send(list, never);
    expect(server.requests).toHaveLength(3);
    expect(answer.requestedAt).toBe(3);
    expect(await answer.arrival()).toBeLessThanOrEqual(4);
    expect(http.observed).toHaveLength(4);
    expect(http.events.map((event) => event.status)).toEqual([status, status, 200]);
    // Full jitter, at the middle of chance: half of 500 ms, then half of twice that.
    expect(runtime.pauses).toEqual([250, 500]);
  });

  it('by a reset connection, an HTML page, or a cut answer is sent again', async () => {
    const server = await serve((request, response, count) => {
      if (count === 1) return void request.socket.resetAndDestroy();
      if (count === 2) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      if (count === 3) return void response.end('[{"id": 1}, {"i');
      if (count === 4) {
        response.writeHead(200, { 'content-length': '100' }).write('[1');
        return void setImmediate(() => request.socket.destroy());
      }
      json(response, 200, []);
    });
    const http = open(server.url);
    expect((await http.send(list, never)).json).toEqual([]);
    expect(http.events.map((event) => event.status)).toEqual([null, 200, 200, 200, 200]);
  });

  it('is given up after five times, with the last words', async () => {
    const server = await serve((_, response, count) =>
      json(response, 500, { type: 'api', message: `Failed ${count}` }),
    );
    const error = await failure(open(server.url).send(list, never));
    expect(error).toMatchObject({
      kind: 'server',
      status: 500,
      code: 'api',
      words: 'Failed 5',
      definite: false,
    });
    expect(error.message).toMatch(/^invoiced GET \/tasks: 500 server \(Failed 5\); /);
    expect(server.requests).toHaveLength(5);
  });

  it.each([
    [400, 'invalid'],
    [401, 'unauthorized'],
    [402, 'payment'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [422, 'invalid'],
  ])('with %i is %s at once', async (status, kind) => {
    const server = await serve((_, response) =>
      json(response, status, { type: 'invalid_request', message: 'No.' }),
    );
    const error = await failure(open(server.url).send(list, never));
    expect(error).toMatchObject({ kind, status, code: 'invalid_request', words: 'No.', definite: true });
    expect(server.requests).toHaveLength(1);
  });

  it('with a 404 that is not in the API’s words says nothing of the task', async () => {
    const server = await serve((_, response) => response.writeHead(404).end('<h1>Not found</h1>'));
    const error = await failure(open(server.url).send(list, never));
    expect(error).toMatchObject({ kind: 'unreadable', status: 404, words: '', definite: false });
  });

  it('never follows a redirect', async () => {
    const elsewhere = await serve((_, response) => json(response, 200, []));
    const server = await serve((_, response) => response.writeHead(302, { location: elsewhere.url }).end());
    expect(await failure(open(server.url).send(list, never))).toMatchObject({
      kind: 'unreadable',
      status: 302,
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it('is told in one line of bounded length, without the body, the query or a secret', async () => {
    const secret = 'the-key';
    const page = `<html>${secret}${'x'.repeat(100_000)}`;
    const server = await serve((_, response, count) =>
      count === 1
        ? json(response, 400, { message: `Two\nlines\u0000\u2028and ${'x'.repeat(5000)}` })
        : response.writeHead(200).end(page),
    );
    const http = open(server.url, { limits: { attempts: 1 } });
    const request = { ...list, query: { secret }, authorize: async () => secret };
    const told = await failure(http.send(request, never));
    expect(told.words).toMatch(/^Two lines and x+…$/);
    expect(told.words).toHaveLength(500);
    const foreign = await failure(http.send(request, never));
    expect(foreign).toMatchObject({ kind: 'unreadable', status: 200, words: '' });
    for (const error of [told, foreign]) {
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain(secret);
    }
  });

  it('by nobody being there is the network’s fault', async () => {
    const error = await failure(open('http://127.0.0.1:9').send(list, never));
    expect(error).toMatchObject({ kind: 'network', status: null, definite: true });
    expect(error.message).toContain('ECONNREFUSED');
  });
});

describe('a write that fails', () => {
  it.each([400, 422, 500, 503])('with %i is not sent again', async (status) => {
    const server = await serve((_, response) => json(response, status, { message: 'No.' }));
    const error = await failure(open(server.url).send(create, never));
    expect(error.definite).toBe(status < 500);
    expect(server.requests).toEqual(['POST /tasks']);
  });

  it.each([429, 409])('with %i, so that nothing was done, is sent again', async (status) => {
    const server = await serve((_, response, count) =>
      json(response, count < 3 ? status : 201, { message: 'Later.' }),
    );
    const runtime = quickRuntime();
    await open(server.url, { runtime }).send(create, never);
    expect(server.requests).toHaveLength(3);
    expect(runtime.pauses).toEqual([250, 500]);
  });

  it('by whoever limits the rate is sent again, and counts as not done', async () => {
    const server = await serve((_, response) => response.writeHead(429).end('<html>Slow down</html>'));
    const error = await failure(open(server.url).send(create, never));
    expect(error).toMatchObject({ kind: 'rate-limited', definite: true });
    expect(server.requests).toHaveLength(5);
  });

  it('with a refusal is not sent again under its idempotency key, which would bring the same answer', async () => {
    const server = await serve((_, response) => json(response, 429, { message: 'Later.' }));
    const error = await failure(
      open(server.url).send({ ...create, headers: { 'idempotency-key': 'key-123' } }, never),
    );
    expect(error).toMatchObject({ kind: 'rate-limited', definite: true });
    expect(server.requests).toHaveLength(1);
  });

  it('is left to the caller when it would have to wait longer than a write may', async () => {
    const server = await serve((_, response) =>
      json(response, 429, { message: 'Later.' }, { 'retry-after': '20' }),
    );
    const error = await failure(open(server.url).send(create, never));
    expect(error).toMatchObject({ kind: 'rate-limited', retryAfterMs: 20_000 });
    expect(server.requests).toHaveLength(1);
  });

  it('by nobody being there is sent again, also under an idempotency key', async () => {
    const http = open('http://127.0.0.1:9');
    const error = await failure(http.send({ ...create, headers: { 'idempotency-key': 'key-123' } }, never));
    expect(error).toMatchObject({ kind: 'network', definite: true });
    expect(http.events).toHaveLength(5);
  });

  it('by a lost answer is of unknown outcome', async () => {
    const server = await serve((request) => request.socket.resetAndDestroy());
    const error = await failure(open(server.url).send(create, never));
    expect(error).toMatchObject({ kind: 'network', definite: false });
    expect(server.requests).toEqual(['POST /tasks']);
  });

  it('after its answer came, as by a database that is gone, is of unknown outcome', async () => {
    const server = await serve((_, response) => json(response, 201, {}));
    let asked = 0;
    const observe = async () => {
      asked += 1;
      if (asked === 2) throw new Error('the database is gone');
      return asked;
    };
    const error = await failure(open(server.url, { observe }).send(create, never));
    expect(error).toMatchObject({ definite: false, cause: { message: 'the database is gone' } });
  });

  it('is sent again only where its sender says that this does no harm', async () => {
    const server = await serve((_, response, count) => json(response, count === 1 ? 503 : 201, {}));
    await open(server.url).send({ ...create, repeatable: true }, never);
    expect(server.requests).toHaveLength(2);
  });
});

describe('Retry-After', () => {
  it.each(['7', 'Mon, 01 Jun 2026 12:00:17 GMT'])(
    'of %s is the least pause after a 429 or 503',
    async (value) => {
      const headers = { 'retry-after': value, date: 'Mon, 01 Jun 2026 12:00:10 GMT' };
      const server = await serve((_, response, count) =>
        count === 3
          ? json(response, 200, [])
          : json(response, count === 1 ? 429 : 503, { message: 'Slow' }, headers),
      );
      const runtime = quickRuntime();
      await open(server.url, { runtime }).send(list, never);
      expect(runtime.pauses).toEqual([7250, 7500]);
    },
  );

  it('is no request to wait on a success or another error', async () => {
    const headers = { 'retry-after': '60' };
    const server = await serve((_, response, count) =>
      json(response, count === 1 ? 500 : 200, { message: '' }, headers),
    );
    const runtime = quickRuntime();
    const http = open(server.url, { runtime });
    await http.send(list, never);
    await http.send(list, never);
    expect(runtime.pauses).toEqual([250]);
  });

  it('is left to the caller when it is longer than a request may wait', async () => {
    const server = await serve((_, response) =>
      json(response, 429, { message: 'Slow' }, { 'retry-after': '900' }),
    );
    const runtime = quickRuntime();
    const error = await failure(open(server.url, { runtime }).send(list, never));
    expect(error).toMatchObject({ kind: 'rate-limited', retryAfterMs: 900_000 });
    expect(runtime.pauses).toEqual([]);
  });

  it('is bounded, and nonsense is not believed', async () => {
    const values = ['99999999999', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon'];
    const server = await serve((_, response, count) =>
      json(response, 429, { message: '' }, { 'retry-after': values[count - 1] ?? '' }),
    );
    const http = open(server.url, { limits: { attempts: 1 } });
    const waits = [];
    for (const _ of values) waits.push((await failure(http.send(list, never))).retryAfterMs);
    expect(waits).toEqual([3_600_000, 0, null]);
  });
});

describe('an answer that does not end', () => {
  it('is given up in time, be it silent or a trickle', async () => {
    const server = await serve((_, response, count) => {
      if (count === 1) return;
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const http = open(server.url, { limits: { attempts: 1, totalMs: 600 } });
    expect(await failure(http.send(list, never))).toMatchObject({ kind: 'timeout', status: null });
    expect(await failure(http.send(list, never))).toMatchObject({ kind: 'timeout', status: 200 });
  });

  it('is given up when it is too large', async () => {
    const server = await serve((_, response) => {
      const flood = (): void => {
        while (response.write('x'.repeat(10_000)));
      };
      response.on('drain', flood);
      flood();
    });
    const http = open(server.url, { limits: { attempts: 1, maxBytes: 1_000_000 } });
    const error = await failure(http.send(list, never));
    expect(error).toMatchObject({ kind: 'unreadable', status: 200 });
    expect(error.message).toContain('larger than 1000000 bytes');
  });

  it('is refused when it is not UTF-8', async () => {
    const server = await serve((_, response) => response.end(Buffer.from([0x22, 0xff, 0xfe, 0x22])));
    const http = open(server.url, { limits: { attempts: 1 } });
    expect((await failure(http.send(list, never))).message).toContain('not UTF-8');
  });
});

describe('an abort', () => {
  it('ends a request under way, a wait for the budget and a pause, with its own reason', async () => {
    const server = await serve((_, response, count) => {
      if (count > 1) json(response, 500, { message: '' });
    });
    const http = open(server.url, {
      share: 'poll',
      runtime: systemRuntime,
      limits: { pauseMs: 600_000, maxPauseMs: 600_000, retryWithinMs: 1e9 },
    });
    const [hanging, waiting, pausing] = [new AbortController(), new AbortController(), new AbortController()];
    const first = http.send(list, hanging.signal);
    const second = http.send(list, waiting.signal);
    const reason = new Error('the worker stops');
    await expect.poll(() => server.requests.length).toBe(1);
    waiting.abort(reason);
    await expect(second).rejects.toBe(reason);
    hanging.abort(reason);
    await expect(first).rejects.toBe(reason);
    const third = http.send(list, pausing.signal);
    await expect.poll(() => http.events.length).toBe(2);
    pausing.abort(reason);
    await expect(third).rejects.toBe(reason);
  });

  it('lets a write under way end, so that its outcome is known', async () => {
    const stop = new AbortController();
    const server = await serve((_, response) => {
      stop.abort();
      setTimeout(() => json(response, 201, { id: 1 }), 50);
    });
    const answer = await open(server.url).send(create, stop.signal);
    expect(answer.status).toBe(201);
    expect(await answer.arrival()).toBe(2);
  });

  it('cuts a write off that does not end soon: then its outcome is unknown', async () => {
    const stop = new AbortController();
    const server = await serve(() => stop.abort());
    const error = await failure(open(server.url, { limits: { graceMs: 50 } }).send(create, stop.signal));
    expect(error).toMatchObject({ kind: 'timeout', definite: false });
    expect(error.message).toContain('cut off');
  });

  it('stops a write that has not begun, or not again, with its own reason', async () => {
    const server = await serve((_, response) => json(response, 409, { message: 'Busy.' }));
    const http = open(server.url, {
      runtime: systemRuntime,
      limits: { pauseMs: 10_000, maxPauseMs: 10_000 },
    });
    const stop = new AbortController();
    const reason = new Error('the worker stops');
    const pausing = http.send(create, stop.signal);
    await expect.poll(() => http.events.length).toBe(1);
    stop.abort(reason);
    await expect(pausing).rejects.toBe(reason);
    await expect(http.send(create, stop.signal)).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });

  it('gives its place in the budget back', async () => {
    const server = await serve((_, response, count) => {
      if (count > 1) json(response, 200, []);
    });
    const http = open(server.url, { share: 'poll' });
    const stop = new AbortController();
    const hanging = http.send(list, stop.signal);
    const waiting = http.send(list, stop.signal);
    const patient = http.send(list, never);
    await expect.poll(() => server.requests.length).toBe(1);
    stop.abort();
    await expect(hanging).rejects.toThrow();
    await expect(waiting).rejects.toThrow();
    expect((await patient).status).toBe(200);
  });
});

describe('a client that is closed', () => {
  it('ends what is under way as a network error', async () => {
    let asked = 0;
    const server = await serve(() => {
      asked += 1;
    });
    const http = open(server.url, { limits: { attempts: 1 } });
    const hanging = failure(http.send(list, never));
    await expect.poll(() => asked).toBe(1);
    await http.close();
    expect(await hanging).toMatchObject({ kind: 'network' });
  });
});
