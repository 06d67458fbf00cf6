import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/sources/http/errors.js';
import type { Page } from '../../../src/sources/source.js';
import { until } from '../../servers/index.js';
import { never, openInvoiced, pagesOf, patienceWith, sandboxFor, tasksById } from '../sandbox.js';

const startAt = Date.parse('2026-06-01T12:00:00Z');
const now = startAt / 1000;

describe('a walk through Invoiced', () => {
  it('brings every one of 1,234 tasks once, in order, as the API holds it', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 1234 } });
    const pages = await pagesOf(openInvoiced(sandbox).walk(null, never));
    expect(pages).toHaveLength(13);
    expect(pages.flatMap((page) => page.tasks)).toHaveLength(1234);
    const found = tasksById(pages);
    for (const task of sandbox.invoiced.people.tasks()) {
      const { columns, raw } = found.get(task.id) ?? {};
      expect(raw).toMatchObject({ ...task });
      expect(columns).toMatchObject({
        name: task.name,
        due_date: task.due_date,
        complete: task.complete,
        vis_state: 0,
      });
    }
    expect(found.size).toBe(1234);
    expect(pages.at(-1)?.next).toBeNull();
    expect(pages[3]).toMatchObject({ next: { page: 5 }, total: 1234, serverTime: expect.any(Number) });
  });

  it('asks for one page at a time, and for the next while the consumer works on this one', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 350 } });
    const client = openInvoiced(sandbox);
    const walk = client.walk(null, never)[Symbol.asyncIterator]();
    await walk.next();
    await expect.poll(() => client.events.length).toBe(2);
    await walk.return?.();
    expect(sandbox.log.count({ route: 'tasks.list' })).toBe(2);
    expect(sandbox.log.peak('invoiced')).toBe(1);
  });

  it('orders its observations: a page seems asked for no later, and come no earlier, than it was', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 250 } });
    const micros = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
    const client = openInvoiced(sandbox, { observe: async () => micros() });
    const taken: { page: Page; at: number }[] = [];
    for await (const page of client.walk(null, never)) taken.push({ page, at: micros() });
    const last = micros();
    await until('they have waited', () => micros() > last + 500_000);
    for (const { page, at } of taken) {
      expect(page.requestedAt).toBeLessThan(at);
      const answeredAt = await page.arrival();
      expect(answeredAt).toBeGreaterThan(page.requestedAt);
      expect(answeredAt).toBeLessThan(at + 250_000);
    }
  });

  it('of an empty account is one empty page', async () => {
    const sandbox = await sandboxFor({ startAt });
    expect(await pagesOf(openInvoiced(sandbox).walk(null, never))).toMatchObject([{ tasks: [], next: null }]);
  });

  it('ends at a full last page without asking for more', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 200 } });
    expect(await pagesOf(openInvoiced(sandbox).walk(null, never))).toHaveLength(2);
  });

  it('goes on past a row that can’t be read, and names it', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 150 } });
    sandbox.invoiced.people.mangle(800, { name: 7 });
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.list',
      times: 1,
      fault: { kind: 'extra-rows', rows: ['x', { id: -1 }] },
    });
    const rows = (await pagesOf(openInvoiced(sandbox).walk(null, never))).flatMap((page) => page.tasks);
    expect(rows.filter((row) => row.ok)).toHaveLength(149);
    expect(rows.filter((row) => !row.ok)).toEqual([
      { ok: false, id: '800', reason: expect.stringMatching(/^name: expected a string/) },
      { ok: false, id: null, reason: expect.stringMatching(/^expected a task/) },
      { ok: false, id: '-1', reason: expect.stringMatching(/^id: expected/) },
    ]);
  });

  it('does not go round in circles where every page is the first', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 300 } });
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.list', fault: { kind: 'repeat-page' } });
    const client = openInvoiced(sandbox);
    await expect(pagesOf(client.walk(null, never))).rejects.toMatchObject({ kind: 'unreadable' });
    expect(client.events).toHaveLength(3);
  });

  it.each([
    ['an error', { kind: 'status', status: 500 }],
    ['a refusal for now', { kind: 'status', status: 429 }],
    ['a proxy’s page', { kind: 'html', status: 502 }],
    ['a cut answer', { kind: 'cut' }],
    ['an answer that breaks off', { kind: 'cut', abrupt: true }],
    ['a reset', { kind: 'reset' }],
    ['silence', { kind: 'hang' }],
  ] as const)('survives %s in its middle', async (_, fault) => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 300 } });
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.list', skip: 1, times: 2, fault });
    const client = openInvoiced(sandbox, { limits: patienceWith(fault) });
    expect(tasksById(await pagesOf(client.walk(null, never))).size).toBe(300);
    expect(client.events).toHaveLength(5);
  });

  it('stops when it is told to, with the reason, even in silence', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 300 } });
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.list', skip: 1, fault: { kind: 'hang' } });
    const stop = new AbortController();
    const walk = openInvoiced(sandbox).walk(null, stop.signal)[Symbol.asyncIterator]();
    await walk.next();
    const reason = new Error('the worker stops');
    const next = walk.next();
    await expect.poll(() => sandbox.log.count()).toBe(2);
    stop.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  it.each([
    ['a wrong key', { apiKey: 'another' }, 'unauthorized'],
    ['a closed account', { account: 'closed' }, 'payment'],
    ['a key without permission', { permission: 'none' }, 'forbidden'],
  ] as const)('tells %s', async (_, options, kind) => {
    const sandbox = await sandboxFor({ startAt });
    const client = openInvoiced(sandbox);
    Object.assign(sandbox.invoiced.options, options);
    await expect(pagesOf(client.walk(null, never))).rejects.toMatchObject({ kind, definite: true });
    expect(client.events).toHaveLength(1);
  });

  it('refuses an answer that is no list', async () => {
    const sandbox = await sandboxFor({ startAt });
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.list',
      fault: { kind: 'status', status: 200, body: { tasks: [] } },
    });
    await expect(pagesOf(openInvoiced(sandbox).walk(null, never))).rejects.toThrow(/expected a JSON array/);
  });
});

describe('changes at Invoiced', () => {
  it('are all there, at one request while fewer than 100 changed', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 1234 } });
    const { people } = sandbox.invoiced;
    const changed = [801, 1000, 1999].map((id) => people.edit(id, { name: 'Edited' }).id);
    changed.push(people.create().id);
    const client = openInvoiced(sandbox, { share: 'poll' });
    const found = tasksById(await pagesOf(client.changes(now - 60, never)));
    for (const id of changed) expect(found.get(id)?.raw).toMatchObject({ ...people.task(id) });
    expect(client.events).toHaveLength(1);
  });

  it('are read on until older rows come, however many changed', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 1234 } });
    const { people } = sandbox.invoiced;
    const changed = Array.from(
      { length: 250 },
      (_, index) => people.edit(800 + index, { name: 'Edited' }).id,
    );
    const pages = await pagesOf(openInvoiced(sandbox, { share: 'poll' }).changes(now, never));
    expect(pages).toHaveLength(3);
    expect([...tasksById(pages).keys()]).toEqual(expect.arrayContaining(changed));
    expect(pages.at(-1)?.next).toBeNull();
  });

  it('begin at their time, inclusive', async () => {
    const sandbox = await sandboxFor({ startAt });
    const { people } = sandbox.invoiced;
    sandbox.clock.freeze();
    for (let second = 0; second < 150; second++) {
      sandbox.clock.set(startAt + second * 1000);
      people.create({ name: `At ${second}` });
    }
    const found = tasksById(await pagesOf(openInvoiced(sandbox).changes(now + 20, never)));
    const names = [...found.values()].map((task) => task.columns['name']);
    expect(names).toEqual(
      expect.arrayContaining(Array.from({ length: 130 }, (_, index) => `At ${index + 20}`)),
    );
  });

  it('are not ended by a row without a time, or by one that can’t be read', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 300 } });
    const { people } = sandbox.invoiced;
    const changed = Array.from(
      { length: 150 },
      (_, index) => people.edit(800 + index, { name: 'Edited' }).id,
    );
    people.mangle(800, { updated_at: null });
    people.mangle(801, { updated_at: 'yesterday' });
    people.mangle(802, { updated_at: null });
    people.mangle(949, { updated_at: null });
    const pages = await pagesOf(openInvoiced(sandbox).changes(now, never));
    const ids = pages.flatMap((page) => page.tasks).map((row) => (row.ok ? row.task.id : Number(row.id)));
    expect(ids).toEqual(expect.arrayContaining(changed));
  });
});

describe('deletions at Invoiced', () => {
  it('are hinted at by events, in one request while there are fewer than 100', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 50 } });
    const { people } = sandbox.invoiced;
    people.edit(790, { name: 'Edited' });
    people.complete(791);
    for (const id of [792, 800, 810]) people.remove(id);
    const client = openInvoiced(sandbox, { share: 'poll' });
    const hints = [];
    for await (const ids of client.deletionHints(now - 10, never)) hints.push(...ids);
    expect(hints.sort()).toEqual([792, 800, 810]);
    expect(client.events.map((event) => event.route)).toEqual(['events.list']);
  });

  it('are hinted at over many pages, and where events are empty not at all', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 500 } });
    const { people } = sandbox.invoiced;
    for (let id = 788; id < 788 + 230; id++) people.remove(id);
    const client = openInvoiced(sandbox, { share: 'poll' });
    const hints = new Set<number>();
    for await (const ids of client.deletionHints(now, never)) for (const id of ids) hints.add(id);
    expect(hints.size).toBe(230);
    expect(client.events).toHaveLength(3);
    sandbox.faults.add({
      api: 'invoiced',
      route: 'events.list',
      fault: {
        kind: 'status',
        status: 200,
        body: [
          null,
          { type: 'task.deleted' },
          { type: 'task.deleted', data: { object: {}, previous: { id: 77 } } },
        ],
      },
    });
    const odd = [];
    for await (const ids of client.deletionHints(now, never)) odd.push(...ids);
    expect(odd).toEqual([77]);
  });
});

describe('one task at Invoiced', () => {
  it('is the task, or gone', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 50 } });
    const client = openInvoiced(sandbox, { share: 'once' });
    expect(await client.read(790, never)).toMatchObject({
      requestedAt: 1,
      answeredAt: 2,
      answer: { ok: true, task: { id: 790 } },
    });
    sandbox.invoiced.people.remove(790);
    expect(await client.read(790, never)).toEqual({
      requestedAt: 3,
      answeredAt: 4,
      serverTime: startAt,
      answer: 'gone',
    });
    sandbox.invoiced.people.mangle(791, { name: 5 });
    expect(await client.read(791, never)).toMatchObject({ answer: { ok: false, id: '791' } });
  });

  it('is not gone by a 404 that doesn’t name it, while no other task answers either', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 50 } });
    const notFound = {
      kind: 'status',
      status: 404,
      body: { type: 'invalid_request', message: 'No such path.' },
    } as const;
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.get', fault: notFound });
    await expect(openInvoiced(sandbox).read(790, never)).rejects.toMatchObject({
      kind: 'not-found',
      definite: true,
    });
  });

  it('is gone by a 404 that doesn’t name it, while another one answers', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 50 } });
    const notFound = {
      kind: 'status',
      status: 404,
      body: { type: 'invalid_request', message: 'Not found' },
    } as const;
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.get', times: 1, fault: notFound });
    expect(await openInvoiced(sandbox).read(790, never)).toMatchObject({ answer: 'gone' });
  });

  it('is never another task', async () => {
    const sandbox = await sandboxFor({ startAt, invoiced: { tasks: 50 } });
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.get',
      fault: { kind: 'status', status: 200, body: { id: 791, name: 'x' } },
    });
    await expect(openInvoiced(sandbox).read(790, never)).rejects.toThrow(ApiError);
    await expect(openInvoiced(sandbox).read(790, never)).rejects.toThrow(/not this task/);
  });
});
