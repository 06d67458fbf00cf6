import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idsOf, type Served, serveInvoiced } from '../serve.js';

const changedFirst = 'sort=updated_at%20desc,id%20desc';

/** Ids of a whole list, page by page. */
async function walk(invoiced: Served, query: string, perPage = 100): Promise<number[]> {
  const ids: number[] = [];
  for (let page = 1; ; page += 1) {
    const rows = idsOf(await invoiced.call('GET', `/tasks?${query}&per_page=${perPage}&page=${page}`));
    ids.push(...rows);
    if (rows.length < perPage) return ids;
  }
}

/** The targets of a Link header by their rel. */
function links(header: string | null): Record<string, string> {
  const found = [...(header ?? '').matchAll(/<([^>]*)>; rel="(\w+)"/g)];
  return Object.fromEntries(
    found.map(([, target, rel]) => [rel, new URL(target ?? '').searchParams.get('page')]),
  );
}

describe('pages', () => {
  it('hold 100 rows at most and by default, without an error', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 250 });
    const length = async (query: string) => idsOf(await invoiced.call('GET', `/tasks${query}`)).length;
    expect(await length('')).toBe(100);
    expect(await length('?per_page=1000')).toBe(100);
    expect(await length('?per_page=0')).toBe(1);
    expect(await length('?per_page=many')).toBe(100);
    expect(await length('?per_page=30')).toBe(30);
    expect(await length('?page=3')).toBe(50);
    expect(await length('?page=0')).toBe(100);
  });

  it('tell of their neighbours, and past the end of none to come', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 250 });
    const at = async (page: number) =>
      links((await invoiced.call('GET', `/tasks?page=${page}`)).headers.get('link'));
    expect(await at(1)).toEqual({ self: '1', first: '1', next: '2', last: '3' });
    expect(await at(2)).toEqual({ self: '2', first: '1', previous: '1', next: '3', last: '3' });
    expect(await at(3)).toEqual({ self: '3', first: '1', previous: '2', last: '3' });
    expect(await at(4)).not.toHaveProperty('next');
    expect(await invoiced.call('GET', '/tasks?page=4')).toMatchObject({ status: 200, body: [] });
  });

  it('count on page 1 what there is, and after that for five minutes the same', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 150 });
    const total = async (page: number) =>
      (await invoiced.call('GET', `/tasks?page=${page}`)).headers.get('x-total-count');
    expect(await total(1)).toBe('150');
    invoiced.invoiced.people.create();
    expect(await total(2)).toBe('150');
    expect(await total(1)).toBe('151');
    invoiced.invoiced.people.create();
    expect(await total(2)).toBe('151');
    invoiced.clock.advance(301_000);
    expect(await total(2)).toBe('152');
    invoiced.invoiced.people.create();
    invoiced.invoiced.options.totalCount = 'fresh';
    expect(await total(2)).toBe('153');
  });
});

describe('a list without a sort', () => {
  it('gives every task once, in order of ids', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 1234 });
    const ids = await walk(invoiced, '');
    expect(ids).toEqual([...invoiced.invoiced.people.tasks()].map(({ id }) => id));
    expect(ids).toHaveLength(1234);
  });

  it('goes by a key: a delete behind it hides nothing', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 30 });
    const first = idsOf(await invoiced.call('GET', '/tasks?per_page=10&page=1'));
    for (const id of first.slice(0, 3)) invoiced.invoiced.people.remove(id);
    const second = idsOf(await invoiced.call('GET', '/tasks?per_page=10&page=2'));
    expect(second[0]).toBe(Number(first.at(-1)) + 1);
  });

  it('goes by plain offset when told to: a delete hides a row', async () => {
    await using invoiced = await serveInvoiced({ paging: 'offset' });
    invoiced.invoiced.people.seed({ count: 30 });
    const first = idsOf(await invoiced.call('GET', '/tasks?per_page=10&page=1'));
    invoiced.invoiced.people.remove(Number(first[0]));
    const second = idsOf(await invoiced.call('GET', '/tasks?per_page=10&page=2'));
    expect(second[0]).toBe(Number(first.at(-1)) + 2);
  });

  it('refuses pages out of order from row 10,000 on', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 10_500 });
    const page = async (number: number) => (await invoiced.call('GET', `/tasks?page=${number}`)).status;
    expect(await page(100)).toBe(200);
    expect(await page(102)).toBe(400);
    expect(await page(101)).toBe(200);
    expect(await page(102)).toBe(200);
    expect(await page(102)).toBe(200);
    expect(await page(104)).toBe(400);
    expect(await page(103)).toBe(200);
  });

  it('remembers one walk, for five minutes, and by a switch no page twice', async () => {
    await using invoiced = await serveInvoiced({ cursorLimit: 20 });
    invoiced.invoiced.people.seed({ count: 100 });
    const page = async (number: number, filter = '') =>
      (await invoiced.call('GET', `/tasks?per_page=10&page=${number}${filter}`)).status;
    const reach = async (last: number) => {
      for (let number = 1; number <= last; number += 1) await page(number);
    };
    await reach(3);
    expect(await page(1, '&filter[complete]=0')).toBe(200);
    expect(await page(4)).toBe(400);

    await reach(3);
    invoiced.clock.advance(301_000);
    expect(await page(4)).toBe(400);

    await reach(4);
    expect(await page(4)).toBe(200);
    invoiced.invoiced.options.cursorRepeats = false;
    expect(await page(4)).toBe(400);
  });
});

describe('sorting', () => {
  it('puts the tasks that changed last in front', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 300 });
    const touched = [790, 1000, 850];
    for (const id of touched) {
      invoiced.clock.advance(1_000);
      invoiced.invoiced.people.edit(id, { user_id: 1 });
    }
    const ids = await walk(invoiced, changedFirst);
    expect(ids.slice(0, 3)).toEqual([...touched].reverse());
    expect(new Set(ids).size).toBe(300);
  });

  it('shows a delete in mid-walk as a skipped row, and an update as a repeated one', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 30 });
    const page = async (number: number) =>
      idsOf(await invoiced.call('GET', `/tasks?${changedFirst}&per_page=10&page=${number}`));
    const before = await walk(invoiced, changedFirst);
    const first = await page(1);
    invoiced.invoiced.people.remove(Number(first[0]));
    expect((await page(2))[0]).toBe(before[11]);
    invoiced.invoiced.people.edit(Number(before[29]), { user_id: 1 });
    expect((await page(2))[0]).toBe(before[10]);
  });

  it.each([
    ['name asc', (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id)],
    [
      'complete desc,due_date asc',
      (a, b) => Number(b.complete) - Number(a.complete) || a.due_date - b.due_date || a.id - b.id,
    ],
    ['updated_at asc', (a, b) => a.updated_at - b.updated_at || a.id - b.id],
    ['updated_at desc,id asc', (a, b) => b.updated_at - a.updated_at || a.id - b.id],
    ['id desc', (a, b) => b.id - a.id],
    ['nonsense,name up,,', (a, b) => a.id - b.id],
  ] satisfies [string, (a: Task, b: Task) => number][])('by "%s"', async (sort, compare) => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 120 });
    const expected = [...invoiced.invoiced.people.tasks()].sort(compare).map(({ id }) => id);
    expect(await walk(invoiced, `sort=${encodeURIComponent(sort)}`)).toEqual(expected);
  });

  it('fails on an unknown column, unless told to ignore it', async () => {
    await using invoiced = await serveInvoiced();
    const list = () => invoiced.call('GET', '/tasks?sort=colour%20asc');
    expect(await list()).toMatchObject({ status: 500, body: { type: 'api_error' } });
    invoiced.invoiced.options.unknownSort = 'ignored';
    expect(await list()).toMatchObject({ status: 200 });
  });

  it('keeps to updated_at and id through any changes', async () => {
    const change = fc.record({
      act: fc.constantFrom('edit', 'create', 'remove', 'back'),
      at: fc.nat(40),
      seconds: fc.nat(2),
    });
    await using invoiced = await serveInvoiced();
    const { people } = invoiced.invoiced;
    people.seed({ count: 25 });
    const beginning = invoiced.snapshot();
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 25 }),
        fc.constantFrom(7, 100),
        async (changes, perPage) => {
          invoiced.restore(beginning);
          for (const { act, at, seconds } of changes) {
            invoiced.clock.advance(act === 'back' ? -3_000 : 1000 * seconds);
            const ids = [...people.tasks()].map(({ id }) => id);
            const id = ids[at % ids.length];
            if (act === 'create' || id === undefined) people.create();
            else if (act === 'remove') people.remove(id);
            else people.edit(id, { user_id: at });
          }
          const tasks = [...people.tasks()].sort((a, b) => b.updated_at - a.updated_at || b.id - a.id);
          expect(await walk(invoiced, changedFirst, perPage)).toEqual(tasks.map(({ id }) => id));
        },
      ),
      { numRuns: 60 },
    );
  });
});

type Task = { id: number; name: string; complete: boolean; due_date: number; updated_at: number };

describe('filters', () => {
  it('are equality, booleans as 1 and 0', async () => {
    await using invoiced = await serveInvoiced();
    const { people } = invoiced.invoiced;
    const mine = people.create({ user_id: 1, customer_id: 9, complete: true, name: 'Call & wait' });
    people.create({ user_id: 2, customer_id: 9 });
    const find = async (query: string) => idsOf(await invoiced.call('GET', `/tasks?${query}`));
    expect(await find('filter[user_id]=1')).toEqual([mine.id]);
    expect(await find('filter%5Bcomplete%5D=1')).toEqual([mine.id]);
    expect(await find('filter[complete]=true')).toEqual([]);
    expect(await find('filter[customer_id]=9')).toHaveLength(2);
    expect(await find('filter[customer_id]=9&filter[user_id]=1')).toEqual([mine.id]);
    expect(await find(`filter[name]=${encodeURIComponent('Call & wait')}`)).toEqual([mine.id]);
    expect(await find(`filter[customer_id]=9&${changedFirst}`)).toEqual([mine.id + 1, mine.id]);
  });

  it('refuses unknown ones, but ignores unknown parameters', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 5 });
    expect(await invoiced.call('GET', '/tasks?filter[updated_at]=5')).toMatchObject({ status: 400 });
    const everything = await invoiced.call('GET', '/tasks?updated_after=99999999999');
    expect(everything.body).toHaveLength(5);
  });
});

describe('a million tasks', () => {
  it('are there at once, and their pages cost next to nothing', async () => {
    await using invoiced = await serveInvoiced();
    invoiced.invoiced.people.seed({ count: 1_000_000 });
    const first = await invoiced.call('GET', '/tasks');
    expect(first.headers.get('x-total-count')).toBe('1000000');
    const [newest] = idsOf(await invoiced.call('GET', `/tasks?${changedFirst}&per_page=1`));
    invoiced.invoiced.people.edit(500_000, { user_id: 1 });
    const answer = await invoiced.call('GET', `/tasks?${changedFirst}&per_page=2`);
    expect(idsOf(answer)).toEqual([500_000, newest]);
    const last = await invoiced.call('GET', `/tasks?${changedFirst}&page=10000`);
    expect(last.body).toHaveLength(100);
  });
});
