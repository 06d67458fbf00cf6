import { describe, expect, it } from 'vitest';
import type { ErrorShape } from '../../../src/sandbox/freshbooks/options.js';
import { easternDay, easternToInstant } from '../../../src/sources/freshbooks/eastern-time.js';
import { never, openFreshbooks, pagesOf, patienceWith, sandboxFor, tasksById } from '../sandbox.js';

const startAt = Date.parse('2026-06-01T12:00:00Z');
const now = startAt / 1000;
const first = 159_361;

describe('a walk through FreshBooks', () => {
  it('brings every one of 789 tasks as the API holds it, deleted and archived ones too', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 789 } });
    const { people } = sandbox.freshbooks;
    for (let id = first; id < first + 120; id++) people.deleteTask(id);
    people.archiveTask(first + 300);
    const pages = await pagesOf(openFreshbooks(sandbox).walk(null, never));
    const found = tasksById(pages);
    for (const task of people.tasks()) {
      const { columns, raw } = found.get(task.id) ?? {};
      expect(raw).toEqual(task);
      expect(columns).toEqual({
        name: task.name,
        description: task.description,
        rate_amount: task.rate.amount,
        rate_code: task.rate.code,
        billable: task.billable,
        tax1: task.tax1,
        tax2: task.tax2,
        vis_state: task.vis_state,
        updated_at: easternToInstant(task.updated),
      });
    }
    expect(pages.flatMap((page) => page.tasks)).toHaveLength(789);
    expect(pages.map((page) => page.next)).toEqual([
      ...[2, 3, 4, 5, 6, 7].map((page) => ({ scan: 'active', page, before: 0 })),
      { scan: 'deleted', page: 1, before: 669 },
      { scan: 'deleted', page: 2, before: 669 },
      null,
    ]);
    expect(pages.map((page) => page.total)).toEqual([669, 669, 669, 669, 669, 669, 669, 789, 789]);
  });

  it('has four pages in flight and gives them in order', async () => {
    const sandbox = await sandboxFor({ startAt, latency: 200, freshbooks: { tasks: 789 } });
    const pages = await pagesOf(openFreshbooks(sandbox).walk(null, never));
    expect(sandbox.log.peak('freshbooks')).toBe(4);
    const ids = pages.flatMap((page) => page.tasks.map((row) => Number(row.ok && row.task.id)));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(ids).toHaveLength(789);
  });

  it('goes on a page before where it stopped, in either scan', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 500 } });
    for (let id = first; id < first + 250; id++) sandbox.freshbooks.people.deleteTask(id);
    const client = openFreshbooks(sandbox);
    const whole = await pagesOf(client.walk(null, never));
    const firstIds = (pages: typeof whole) =>
      pages.map((page) => page.tasks[0]).map((row) => row?.ok && row.task.id);
    expect(whole).toHaveLength(6);
    for (const [index, page] of whole.entries()) {
      if (page.next === null) continue;
      const rest = await pagesOf(client.walk(JSON.parse(JSON.stringify(page.next)), never));
      const goesOnAt = page.next['page'] === 1 ? index + 1 : index;
      expect(firstIds(rest)).toEqual(firstIds(whole.slice(goesOnAt)));
      expect(rest.at(-1)?.total).toBe(500);
    }
    expect(await pagesOf(client.walk({ scan: 'other' }, never))).toHaveLength(6);
  });

  it('reads the first page of the second scan only, where its filter is ignored', async () => {
    const sandbox = await sandboxFor({
      startAt,
      freshbooks: { tasks: 500, options: { searchVisState: 'ignored' } },
    });
    const client = openFreshbooks(sandbox);
    const pages = await pagesOf(client.walk(null, never));
    expect(pages).toHaveLength(6);
    expect(pages.at(-1)?.next).toBeNull();
    expect(tasksById(pages).size).toBe(500);
  });

  it('ends where rows are counted that nobody can read', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 150, options: { unreadable: 1000 } } });
    const pages = await pagesOf(openFreshbooks(sandbox).walk(null, never));
    expect(tasksById(pages).size).toBe(150);
    expect(pages.at(-1)?.next).toBeNull();
  });

  it('of an empty account is two empty pages', async () => {
    const sandbox = await sandboxFor({ startAt });
    expect(await pagesOf(openFreshbooks(sandbox).walk(null, never))).toMatchObject([
      { tasks: [], next: { scan: 'deleted' } },
      { tasks: [], next: null },
    ]);
  });

  it('never waits because of the Retry-After that every success carries', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 300 } });
    const client = openFreshbooks(sandbox);
    const began = performance.now();
    await pagesOf(client.walk(null, never));
    expect(performance.now() - began).toBeLessThan(5000);
    expect(client.events.every((event) => event.waitedMs < 5000)).toBe(true);
  });

  it.each([
    ['an error', { kind: 'status', status: 500 }],
    ['a refusal for now', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }],
    ['a conflict', { kind: 'status', status: 409 }],
    ['a proxy’s page', { kind: 'html', status: 503 }],
    ['a proxy’s page that says 200', { kind: 'html', status: 200 }],
    ['a cut answer', { kind: 'cut' }],
    ['an answer that breaks off', { kind: 'cut', abrupt: true }],
    ['a reset', { kind: 'reset' }],
    ['silence', { kind: 'hang' }],
  ] as const)('survives %s in its middle', async (_, fault) => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 300 } });
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.list', skip: 1, times: 2, fault });
    const client = openFreshbooks(sandbox, { limits: patienceWith(fault) });
    expect(tasksById(await pagesOf(client.walk(null, never))).size).toBe(300);
  });

  it('is refused with 200 and an error where the user may not see tasks', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 5, options: { permission: 'none' } } });
    const client = openFreshbooks(sandbox);
    const refusal = { kind: 'forbidden', status: 200, code: '1003', definite: true };
    await expect(pagesOf(client.walk(null, never))).rejects.toMatchObject(refusal);
    expect(sandbox.log.count({ route: 'tasks.list' })).toBe(1);
  });

  it('refuses an answer that is no list', async () => {
    const sandbox = await sandboxFor({ startAt });
    const body = { response: { result: { task: {} } } };
    sandbox.faults.add({
      api: 'freshbooks',
      route: 'tasks.list',
      fault: { kind: 'status', status: 200, body },
    });
    await expect(pagesOf(openFreshbooks(sandbox).walk(null, never))).rejects.toThrow(/not a list of tasks/);
  });

  it('goes on past a row that can’t be read, and names it', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 150 } });
    sandbox.freshbooks.people.mangle(first + 7, { updated: 'yesterday' });
    const rows = (await pagesOf(openFreshbooks(sandbox).walk(null, never))).flatMap((page) => page.tasks);
    expect(rows.filter((row) => row.ok)).toHaveLength(149);
    expect(rows.find((row) => !row.ok)).toMatchObject({
      id: String(first + 7),
      reason: expect.stringMatching(/^updated/),
    });
  });
});

describe('changes at FreshBooks', () => {
  it.each(['honoured', 'ignored', 'alone'] as const)(
    'are all there, deletions as far as they are listed, where the filter for deleted tasks is %s',
    async (searchVisState) => {
      for (const searchZone of ['eastern', 'utc'] as const) {
        const sandbox = await sandboxFor({
          startAt,
          freshbooks: { tasks: 300, options: { searchVisState, searchZone } },
        });
        const { people } = sandbox.freshbooks;
        const changed = [first, first + 5].map((id) => people.editTask(id, { name: 'Edited' }).id);
        changed.push(people.createTask({ name: 'New' }).id, people.archiveTask(first + 9).id);
        const deleted = people.deleteTask(first + 7).id;
        const client = openFreshbooks(sandbox, { share: 'poll' });
        const found = tasksById(await pagesOf(client.changes(now, never)));
        for (const id of changed) expect(found.get(id)?.raw).toEqual(people.task(id));
        expect(found.has(deleted)).toBe(searchVisState !== 'ignored');
        expect(sandbox.log.count({ route: 'tasks.list' })).toBe(2);
      }
    },
  );

  it('are asked for from the Eastern day before', async () => {
    const since = Date.parse('2026-11-02T04:30:00Z') / 1000;
    expect(easternDay(since)).toBe('2026-11-01');
    const sandbox = await sandboxFor({ startAt });
    await pagesOf(openFreshbooks(sandbox, { share: 'poll' }).changes(since, never));
    const queries = sandbox.log
      .entries({ route: 'tasks.list' })
      .map(({ query }) => new URLSearchParams(query));
    expect(queries.map((query) => query.get('search[updated_min]'))).toEqual(['2026-10-31', '2026-10-31']);
    expect(queries.map((query) => query.get('search[vis_state]'))).toEqual([null, '1']);
  });

  it('are all there through the hour that November repeats', async () => {
    const beforeChange = Date.parse('2026-11-01T04:30:00Z');
    const sandbox = await sandboxFor({ startAt: beforeChange, freshbooks: { tasks: 50 } });
    sandbox.clock.freeze();
    const client = openFreshbooks(sandbox, { share: 'poll' });
    for (let minute = 0; minute <= 180; minute += 10) {
      const at = beforeChange + minute * 60_000;
      sandbox.clock.set(at);
      const task = sandbox.freshbooks.people.createTask({ name: `At minute ${minute}` });
      const found = tasksById(await pagesOf(client.changes(at / 1000, never)));
      const updatedAt = Number(found.get(task.id)?.columns['updated_at']);
      const repeated = at >= Date.parse('2026-11-01T06:00:00Z') && at < Date.parse('2026-11-01T07:00:00Z');
      expect(updatedAt).toBe(at / 1000 - (repeated ? 3600 : 0));
    }
  });

  it('come in as many pages as there are', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 400 } });
    for (let id = first; id < first + 250; id++) sandbox.freshbooks.people.editTask(id, { name: 'Edited' });
    const pages = await pagesOf(openFreshbooks(sandbox, { share: 'poll' }).changes(now, never));
    expect(tasksById(pages).size).toBe(250);
  });

  it('have no hints of deletions', async () => {
    const sandbox = await sandboxFor({ startAt });
    for await (const _ of openFreshbooks(sandbox).deletionHints(0, never)) throw new Error('a hint');
    expect(sandbox.log.count()).toBe(0);
  });
});

describe('one task at FreshBooks', () => {
  it.each(['errors', 'bare', 'details', 'ok'] as const)(
    'is the task, or gone in the words of %s',
    async (errorShape: ErrorShape) => {
      const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 50, options: { errorShape } } });
      const client = openFreshbooks(sandbox, { share: 'once' });
      expect(await client.read(first, never)).toMatchObject({
        requestedAt: 1,
        answeredAt: 2,
        answer: { ok: true, task: { id: first, columns: { vis_state: 0 } } },
      });
      expect(await client.read(5, never)).toEqual({
        requestedAt: 3,
        answeredAt: 4,
        serverTime: startAt,
        answer: 'gone',
      });
    },
  );

  it('is a deleted task, whether the API gives it or only lists it', async () => {
    for (const getDeleted of ['task', 'error'] as const) {
      for (const deletedStatus of [404, 410, 422]) {
        const sandbox = await sandboxFor({
          startAt,
          freshbooks: { tasks: 5, options: { getDeleted, deletedStatus } },
        });
        const task = sandbox.freshbooks.people.deleteTask(first);
        const { answer } = await openFreshbooks(sandbox).read(first, never);
        expect(answer).toMatchObject({
          ok: true,
          task: { id: first, columns: { vis_state: 1 }, raw: { ...task } },
        });
      }
    }
  });

  it('is gone when the API only says that it is deleted', async () => {
    const options = { getDeleted: 'error', searchVisState: 'ignored' } as const;
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1, options } });
    sandbox.freshbooks.people.deleteTask(first);
    expect(await openFreshbooks(sandbox).read(first, never)).toMatchObject({ answer: 'gone' });
  });

  it('is not gone while no other task answers', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 0 } });
    const client = openFreshbooks(sandbox);
    const refusal = { kind: 'not-found', status: 404, code: '1012', definite: true };
    await expect(client.read(5, never)).rejects.toMatchObject(refusal);
    sandbox.freshbooks.people.createTask({ name: 'Another' });
    expect(await client.read(5, never)).toMatchObject({ answer: 'gone' });
    sandbox.freshbooks.options.accountId = 'another';
    await expect(client.read(5, never)).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('is not gone by a proxy’s page', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 5 } });
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.*', fault: { kind: 'html', status: 404 } });
    await expect(openFreshbooks(sandbox).read(first, never)).rejects.toMatchObject({
      kind: 'unreadable',
      status: 404,
    });
  });

  it('is never another task', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 5 } });
    const body = { response: { result: { task: { id: first + 1, name: 'x' } } } };
    sandbox.faults.add({
      api: 'freshbooks',
      route: 'tasks.*',
      fault: { kind: 'status', status: 200, body },
    });
    await expect(openFreshbooks(sandbox).read(first, never)).rejects.toThrow(/not this task/);
  });
});
