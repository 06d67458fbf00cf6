import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.js';
import { until } from '../servers/until.js';
import { basic, call, serve, serveInvoiced, sparse } from './serve.js';

describe('the clock', () => {
  it('stands, moves, and shows in the Date of every answer', async () => {
    await using served = await serve();
    const start = served.clock.now();
    served.clock.advance(90_500);
    expect(served.clock.now()).toBe(start + 90_500);
    served.clock.set(Date.parse('2030-01-01T00:00:00Z'));
    const { headers } = await served.call('GET', '/tasks');
    expect(headers.get('date')).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
  });

  it('runs with the machine once thawed, from where it stood', async () => {
    await using served = await serve();
    const start = served.clock.now();
    served.clock.thaw();
    await until('the clock runs', () => served.clock.now() > start);
    expect(served.clock.now()).toBeLessThan(start + 60_000);
  });

  it('refuses what is no time', async () => {
    await using served = await serve();
    expect(() => served.clock.set(Number.NaN)).toThrow(RangeError);
  });
});

describe('chance', () => {
  it('is the same for the same seed', async () => {
    const tasks = async (seed: number) => {
      await using served = await serve({ seed, invoiced: { tasks: 20 }, freshbooks: { tasks: 20 } });
      return [[...served.invoiced.people.tasks()], [...served.freshbooks.people.tasks()]];
    };
    const once = await tasks(5);
    expect(await tasks(5)).toEqual(once);
    expect(await tasks(6)).not.toEqual(once);
  });
});

describe('the log', () => {
  it('holds what was asked, but never the Authorization header', async () => {
    await using served = await serve();
    await served.call('POST', '/tasks', sparse, { 'idempotency-key': 'a-key-of-mine' });
    await served.call('GET', '/tasks?per_page=5&sort=name%20asc');
    await served.callFreshBooks('PUT', 'tasks/5', { task: { name: 'x', billable: true } });
    const [create, list, update] = served.log.entries();
    expect(create).toMatchObject({
      seq: 1,
      api: 'invoiced',
      method: 'POST',
      path: '/tasks',
      route: 'tasks.create',
      status: 201,
      inFlight: 1,
      at: served.clock.now(),
      idempotencyKey: 'a-key-of-mine',
      keys: ['name', 'action', 'due_date'],
      body: JSON.stringify(sparse),
    });
    expect(list).toMatchObject({
      route: 'tasks.list',
      query: 'per_page=5&sort=name%20asc',
      body: '',
      keys: [],
    });
    expect(update).toMatchObject({
      api: 'freshbooks',
      route: 'tasks.update',
      status: 404,
      keys: ['name', 'billable'],
    });
    const written = JSON.stringify(served.log.entries());
    expect(written).not.toContain('Basic');
    expect(written).not.toContain('Bearer');
    expect(written).not.toContain(basic(served.invoiced.apiKey).slice('Basic '.length));
  });

  it('finds entries by API, route, method and age', async () => {
    await using served = await serve();
    const { body } = await served.call('POST', '/tasks', sparse);
    await served.call('GET', `/tasks/${body.id}`);
    const mark = served.log.mark();
    await served.call('GET', '/tasks');
    await served.callFreshBooks('GET', 'tasks');
    expect(served.log.count()).toBe(4);
    expect(served.log.count({ after: mark })).toBe(2);
    expect(served.log.count({ route: 'tasks.list' })).toBe(2);
    expect(served.log.count({ api: 'invoiced', method: 'GET' })).toBe(2);
    expect(served.log.count({ route: 'tasks.*', api: 'freshbooks' })).toBe(1);
    served.log.clear();
    expect(served.log.count()).toBe(0);
    expect(served.log.mark()).toBe(4);
  });

  it('keeps the newest', async () => {
    await using served = await serve({ logSize: 3 });
    for (let at = 0; at < 8; at += 1) await served.call('GET', `/tasks/${at}`);
    expect(served.log.entries().map(({ seq }) => seq)).toEqual([6, 7, 8]);
  });
});

describe('latency', () => {
  it('lets requests be in flight together', async () => {
    await using served = await serve({ latency: 50 });
    await Promise.all(Array.from({ length: 6 }, () => served.call('GET', '/tasks')));
    expect(served.log.peak('invoiced')).toBe(6);
    expect(served.log.peak('freshbooks')).toBe(0);
  });
});

describe('the end', () => {
  it('leaves no handle, whatever hangs', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP|Timeout/.test(name)).length;
    const before = sockets();
    const served = await serve({ latency: 1 });
    await served.call('GET', '/tasks');
    served.faults.add({ api: '*', route: '*', fault: { kind: 'slow', milliseconds: 600_000 } });
    served.faults.add({ api: 'invoiced', route: 'tasks.list', fault: { kind: 'hang', when: 'before' } });
    const open = [
      served.call('GET', '/tasks'),
      served.call('GET', '/tasks/5'),
      served.callFreshBooks('GET', 'tasks'),
    ].map((request) => request.catch(() => 'ended'));
    const idle = connect(Number(new URL(served.invoiced.url).port), '127.0.0.1');
    await until('all three are under way', () => served.log.mark() === 4);
    await served.close();
    expect(await Promise.all(open)).toEqual(['ended', 'ended', 'ended']);
    idle.destroy();
    await until('nothing is left open', () => sockets() <= before);
  });

  it('comes when told twice', async () => {
    const served = await serve();
    await served.close();
    await served.close();
  });
});

describe('ports', () => {
  it('are taken all or none', async () => {
    await using served = await serve();
    const taken = Number(new URL(served.invoiced.url).port);
    await expect(startSandbox({ freshbooks: { port: taken } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('are reached by loopback though all interfaces listen', async () => {
    await using served = await serve({ host: '0.0.0.0' });
    expect(served.invoiced.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await served.call('GET', '/tasks')).status).toBe(200);
  });
});

it('does the work though the client has gone', async () => {
  await using served = await serveInvoiced();
  served.setLatency(100);
  const gone = new AbortController();
  const headers = { authorization: basic(served.invoiced.apiKey), 'content-type': 'application/json' };
  const request = fetch(`${served.invoiced.url}/tasks`, {
    method: 'POST',
    headers,
    body: JSON.stringify(sparse),
    signal: gone.signal,
  }).catch(() => 'gone');
  await until('the request has arrived', () => served.log.mark() === 1);
  gone.abort();
  expect(await request).toBe('gone');
  await until('the work is done', () => served.invoiced.people.count() === 1);
});

it('answers any bytes with something', async () => {
  await using served = await serve();
  const { authorization } = { authorization: basic(served.invoiced.apiKey) };
  for (const path of ['//', '/%zz', '/tasks/%00', '/tasks?page=%zz', '/tasks?filter[=']) {
    const answer = await call(served.invoiced.url + path, 'GET', undefined, { authorization });
    expect(answer.status).toBeLessThan(500);
  }
});
