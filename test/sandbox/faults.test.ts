import { describe, expect, it } from 'vitest';
import type { Fault, FaultPhase } from '../../src/sandbox/index.js';
import { idsOf, type Served, serve, serveInvoiced, sparse } from './serve.js';

/** Meets one create with the fault. */
async function createUnder(served: Served, fault: Fault) {
  served.faults.add({ api: 'invoiced', route: 'tasks.create', times: 1, fault });
  return await served.call('POST', '/tasks', sparse);
}

/** How many tasks a create leaves that meets a fault before or after the work. */
const left: readonly [FaultPhase, number][] = [
  ['before', 0],
  ['after', 1],
];

describe.each(left)('%s the work, %i tasks stand, and the answer', (when, tasks) => {
  it.each([400, 401, 404, 409, 422, 429, 500, 503])('is a %i in the API’s own shape', async (status) => {
    await using served = await serve();
    const answer = await createUnder(served, { kind: 'status', status, when });
    const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'api_error' : 'invalid_request';
    expect(answer).toMatchObject({ status, body: { type, message: expect.any(String) } });
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('is a 429 with Retry-After, or whatever body is wanted', async () => {
    await using served = await serve();
    const headers = { 'Retry-After': '3' };
    const answer = await createUnder(served, {
      kind: 'status',
      status: 429,
      when,
      headers,
      body: { odd: true },
    });
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(answer.body).toEqual({ odd: true });
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it.each([502, 503, 504])('is a proxy’s page with %i', async (status) => {
    await using served = await serve();
    const answer = await createUnder(served, { kind: 'html', status, when });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(answer.body).toMatch(/^<html>/);
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('redirects elsewhere', async () => {
    await using served = await serve();
    const location = 'http://elsewhere.invalid/tasks';
    const answer = await createUnder(served, { kind: 'redirect', location, status: 307, when });
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toBe(location);
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('never comes: the connection is reset', async () => {
    await using served = await serve();
    await expect(createUnder(served, { kind: 'reset', when })).rejects.toMatchObject({
      cause: { code: 'ECONNRESET' },
    });
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('never comes: the request hangs until somebody gives up', async () => {
    const served = await serve();
    const hung = createUnder(served, { kind: 'hang', when }).catch((error: unknown) => error);
    await expect.poll(() => served.log.entries()).toMatchObject([{ status: null, faults: ['hang'] }]);
    expect(served.invoiced.people.count()).toBe(tasks);
    await served.close();
    expect(await hung).toBeInstanceOf(TypeError);
  });

  it('is JSON that ends in the middle', async () => {
    await using served = await serve();
    await expect(createUnder(served, { kind: 'cut', when })).rejects.toThrow(SyntaxError);
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('breaks off in the middle of the message', async () => {
    await using served = await serve();
    await expect(createUnder(served, { kind: 'cut', abrupt: true, when })).rejects.toThrow('terminated');
    expect(served.invoiced.people.count()).toBe(tasks);
  });

  it('comes late', async () => {
    const served = await serve();
    served.faults.add({ api: '*', route: '*', fault: { kind: 'slow', milliseconds: 60_000, when } });
    const late = served.call('POST', '/tasks', sparse).catch((error: unknown) => error);
    await expect.poll(() => served.log.mark()).toBe(1);
    expect(served.invoiced.people.count()).toBe(tasks);
    await served.close();
    expect(await late).toBeInstanceOf(TypeError);
  });
});

describe('what was sent', () => {
  it('is answered with 200 while the old value stays', async () => {
    await using served = await serve();
    const { id } = served.invoiced.people.create({ name: 'old', user_id: 1 });
    served.faults.add({
      api: 'invoiced',
      route: 'tasks.update',
      times: 1,
      fault: { kind: 'keep-old', keys: ['name'] },
    });
    const answer = await served.call('PATCH', `/tasks/${id}`, { name: 'new', user_id: 2 });
    expect(answer).toMatchObject({ status: 200, body: { name: 'old', user_id: 2 } });

    served.faults.add({ api: 'invoiced', route: 'tasks.update', times: 1, fault: { kind: 'keep-old' } });
    await served.call('PATCH', `/tasks/${id}`, { name: 'new', user_id: 3 });
    expect(served.invoiced.people.task(id)).toMatchObject({ name: 'old', user_id: 2 });
    expect(served.log.entries().at(-1)?.keys).toEqual(['name', 'user_id']);
  });

  it('is cut, and stands so', async () => {
    await using served = await serve();
    const { body } = await createUnder(served, { kind: 'cut-text', keys: ['name'], length: 4 });
    expect(body.name).toBe('Call');
    expect(served.invoiced.people.task(body.id)?.name).toBe('Call');
  });

  it('is rounded, deep in the task too', async () => {
    await using served = await serve();
    served.faults.add({
      api: 'freshbooks',
      route: '*',
      fault: { kind: 'round', keys: ['rate.amount'], digits: 0 },
    });
    const { body } = await served.callFreshBooks('POST', 'tasks', {
      task: { name: 'Piloting', rate: { amount: '25.47', code: 'CAD' } },
    });
    expect(body.response.result.task.rate).toEqual({ amount: '25.00', code: 'CAD' });
  });
});

describe('an answer', () => {
  it('leaves keys out, or has others', async () => {
    await using served = await serve();
    const { id } = served.invoiced.people.create();
    served.faults.add({
      api: 'invoiced',
      route: '*',
      fault: { kind: 'omit-keys', keys: ['name', 'nothing'] },
    });
    served.faults.add({
      api: 'invoiced',
      route: '*',
      fault: { kind: 'add-keys', keys: { due_date: 'soon' } },
    });
    for (const path of [`/tasks/${id}`, '/tasks']) {
      const { body } = await served.call('GET', path);
      const [row] = [body].flat();
      expect(row).toMatchObject({ id, due_date: 'soon' });
      expect(row).not.toHaveProperty('name');
    }
  });

  it('leaves keys out at FreshBooks, half a rate too', async () => {
    await using served = await serve({ freshbooks: { tasks: 2 } });
    served.faults.add({
      api: 'freshbooks',
      route: 'tasks.*',
      fault: { kind: 'omit-keys', keys: ['rate.code'] },
    });
    const { body } = await served.callFreshBooks('GET', 'tasks');
    expect(body.response.result.tasks[0].rate).toEqual({ amount: expect.any(String) });
  });

  it('is an empty list, which says that there is nothing', async () => {
    await using served = await serve({ invoiced: { tasks: 250 }, freshbooks: { tasks: 50 } });
    served.faults.add({ api: '*', route: 'tasks.list', fault: { kind: 'empty-list' } });
    const answer = await served.call('GET', '/tasks');
    expect(answer.body).toEqual([]);
    expect(answer.headers.get('link')).not.toContain('rel="next"');
    const { body } = await served.callFreshBooks('GET', 'tasks');
    expect(body.response.result).toMatchObject({ tasks: [], pages: 0, total: 0 });
  });

  it('is the first page again and again', async () => {
    await using served = await serve({ invoiced: { tasks: 120 }, freshbooks: { tasks: 20 } });
    const first = idsOf(await served.call('GET', '/tasks'));
    served.faults.add({ api: '*', route: 'tasks.list', fault: { kind: 'repeat-page' } });
    const answer = await served.call('GET', '/tasks?page=7');
    expect(idsOf(answer)).toEqual(first);
    expect(answer.headers.get('link')).toMatch(/page=8[^>]*>; rel="next"/);
    const { body } = await served.callFreshBooks('GET', 'tasks?page=7');
    expect(body.response.result).toMatchObject({ page: 7, pages: 8 });
    expect(body.response.result.tasks).toHaveLength(15);
  });

  it('repeats a row, lacks rows, has rows that are none', async () => {
    await using served = await serve({ invoiced: { tasks: 3 } });
    const once = (fault: Fault) => {
      served.faults.add({ api: 'invoiced', route: 'tasks.list', times: 1, fault });
      return served.call('GET', '/tasks');
    };
    const [a, b, c] = idsOf(await served.call('GET', '/tasks'));
    expect(idsOf(await once({ kind: 'duplicate-row' }))).toEqual([a, b, c, c]);
    expect(idsOf(await once({ kind: 'drop-rows', count: 2 }))).toEqual([c]);
    const extra = await once({
      kind: 'extra-rows',
      rows: [null, 'x', { id: -1 }],
      json: ['1e999', '{"id":1.5}'],
    });
    expect(extra.body.slice(3)).toEqual([null, 'x', { id: -1 }, Number.POSITIVE_INFINITY, { id: 1.5 }]);
    expect(served.invoiced.people.count()).toBe(3);
  });

  it('that is altered leaves what stands alone', async () => {
    await using served = await serve();
    const create = () => served.call('POST', '/tasks', sparse, { 'idempotency-key': 'a-key-of-mine' });
    const first = await create();
    served.faults.add({ api: '*', route: '*', times: 1, fault: { kind: 'omit-keys', keys: ['name'] } });
    expect((await create()).body).not.toHaveProperty('name');
    expect((await create()).body).toEqual(first.body);
  });
});

describe('rules', () => {
  it('skip, strike so often, and are spent', async () => {
    await using served = await serveInvoiced();
    served.faults.add({
      api: 'invoiced',
      route: 'tasks.list',
      skip: 1,
      times: 2,
      fault: { kind: 'status', status: 500 },
    });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await served.call('GET', '/tasks')).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
    expect(served.faults.list()).toEqual([]);
  });

  it('stay until they are cleared, and tell how often they struck', async () => {
    await using served = await serveInvoiced();
    const id = served.faults.add({ api: 'invoiced', route: '*', fault: { kind: 'status', status: 500 } });
    for (let at = 0; at < 3; at += 1) await served.call('GET', '/tasks');
    expect(served.faults.list()).toMatchObject([{ id, struck: 3 }]);
    served.faults.clear(id);
    expect((await served.call('GET', '/tasks')).status).toBe(200);
  });

  it('mean one API and one route, or a family, or all', async () => {
    await using served = await serve();
    const { id } = served.invoiced.people.create();
    const struck = async (api: 'invoiced' | 'freshbooks' | '*', route: string) => {
      served.faults.clear();
      served.faults.add({ api, route, fault: { kind: 'status', status: 500 } });
      const one = (await served.call('GET', `/tasks/${id}`)).status;
      const events = (await served.call('GET', '/events')).status;
      const other = (await served.callFreshBooks('GET', 'tasks')).status;
      return [one, events, other].map((status) => status === 500);
    };
    expect(await struck('invoiced', 'tasks.get')).toEqual([true, false, false]);
    expect(await struck('invoiced', 'tasks.list')).toEqual([false, false, false]);
    expect(await struck('*', 'tasks.*')).toEqual([true, false, true]);
    expect(await struck('freshbooks', '*')).toEqual([false, false, true]);
    expect(await struck('*', '*')).toEqual([true, true, true]);
  });

  it('apply together up to the first that ends the request', async () => {
    await using served = await serve();
    const rule = { api: 'invoiced', route: 'tasks.create' } as const;
    served.faults.add({ ...rule, fault: { kind: 'cut-text', keys: ['name'], length: 4 } });
    served.faults.add({ ...rule, fault: { kind: 'status', status: 500, when: 'after' } });
    served.faults.add({ ...rule, times: 1, fault: { kind: 'reset' } });
    expect((await served.call('POST', '/tasks', sparse)).status).toBe(500);
    expect([...served.invoiced.people.tasks()].map(({ name }) => name)).toEqual(['Call']);
    expect(served.faults.list()).toHaveLength(3);
    expect(served.log.entries()[0]?.faults).toEqual(['cut-text', 'status']);
  });
});
