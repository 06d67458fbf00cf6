import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListOrder } from '../../../src/sandbox/freshbooks/options.js';
import { createSlotList } from '../../../src/sandbox/freshbooks/slot-list.js';
import type { TaskSearch } from '../../../src/sandbox/freshbooks/task-search.js';
import { createTaskStore } from '../../../src/sandbox/freshbooks/task-store.js';
import type { TaskRow } from '../../../src/sandbox/freshbooks/task-table.js';

const rowValues = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'B', 'ä'),
  description: fc.constant(''),
  cents: fc.integer({ min: 0, max: 5 }),
  code: fc.constant('USD'),
  billable: fc.boolean(),
  tax1: fc.constant(0),
  tax2: fc.constant(7),
  updated: fc.integer({ min: 1000, max: 1010 }),
  visState: fc.constantFrom(0 as const, 1 as const, 2 as const),
});

const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 2 });

const searches: fc.Arbitrary<TaskSearch> = fc.record({
  ids: maybe(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 })),
  billable: maybe(fc.boolean()),
  centsMin: maybe(fc.integer({ min: 0, max: 5 })),
  centsMax: maybe(fc.integer({ min: 0, max: 5 })),
  updatedFrom: maybe(fc.integer({ min: 999, max: 1012 })),
  updatedBefore: maybe(fc.integer({ min: 999, max: 1012 })),
  visState: maybe(fc.constantFrom(0 as const, 1 as const, 2 as const)),
});

const orders = fc.constantFrom<ListOrder>('id', '-id', 'updated', '-updated', 'name');

describe('the store of tasks', () => {
  it('finds what reading everything finds, in every order, whatever changed before', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ insert: rowValues }),
        fc.record({ replace: fc.nat(), by: rowValues }),
        fc.record({
          list: searches,
          order: orders,
          offset: fc.nat({ max: 6 }),
          limit: fc.integer({ min: 1, max: 6 }),
        }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.array(rowValues, { maxLength: 20 }), steps, (first, then) => {
        const store = createTaskStore();
        const rows: TaskRow[] = first.map((values, index) => ({ id: index + 1, ...values }));
        store.insert(rows);
        for (const step of then) {
          if ('insert' in step) {
            const row = { id: rows.length + 1, ...step.insert };
            rows.push(row);
            store.insert([row]);
          } else if ('replace' in step) {
            if (rows.length === 0) continue;
            const index = step.replace % rows.length;
            const row = { id: index + 1, ...step.by };
            rows[index] = row;
            store.replace(row);
          } else {
            const found = inOrder(rows.filter(fulfils(step.list)), step.order);
            expect(store.list(step.list, step.order, step.offset, step.limit)).toEqual({
              rows: found.slice(step.offset, step.offset + step.limit),
              total: found.length,
            });
          }
        }
        expect(rows.map((row) => store.find(row.id))).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  it('pages through many matches as through few', () => {
    const store = createTaskStore();
    const rows = Array.from(
      { length: 12_000 },
      (_, index): TaskRow => ({
        id: index + 1,
        name: `Task ${(index * 7919) % 12_000}`,
        description: '',
        cents: 0,
        code: 'USD',
        billable: index % 3 > 0,
        tax1: 0,
        tax2: 0,
        updated: 1000 + ((index * 31) % 997),
        visState: index % 10 === 0 ? 1 : 0,
      }),
    );
    store.insert(rows);
    const search = { ...nothing, updatedFrom: 1100 };
    for (const order of ['id', 'updated', 'name'] as const) {
      const found = inOrder(rows.filter(fulfils(search)), order);
      expect(found.length).toBeGreaterThan(9000);
      for (const offset of [0, 5000, found.length - 50]) {
        expect(store.list(search, order, offset, 100).rows).toEqual(found.slice(offset, offset + 100));
      }
    }
    const [first] = store.list(search, 'id', 0, 1).rows;
    if (first === undefined) throw new Error('Nothing was found');
    store.replace({ ...first, updated: 1000 });
    expect(store.list(search, 'id', 0, 1).rows[0]?.id).not.toBe(first.id);
  });

  it('refuses an id that does not come next, and a row that it does not hold', () => {
    const store = createTaskStore();
    const row: TaskRow = { id: 5, ...rowOf() };
    store.insert([row]);
    expect(() => store.insert([row])).toThrow('only grow');
    expect(() => store.replace({ ...row, id: 4 })).toThrow('no task 4');
    expect(() => createSlotList((a, b) => a - b).remove(1)).toThrow('not in the list');
  });
});

const nothing: TaskSearch = {
  ids: null,
  billable: null,
  centsMin: null,
  centsMax: null,
  updatedFrom: null,
  updatedBefore: null,
  visState: null,
};

function rowOf(): Omit<TaskRow, 'id'> {
  const text = { name: 'a', description: '', code: 'USD' };
  return { ...text, cents: 0, billable: true, tax1: 0, tax2: 0, updated: 1, visState: 0 };
}

function fulfils(search: TaskSearch): (row: TaskRow) => boolean {
  return (row) =>
    (search.visState === null ? row.visState !== 1 : row.visState === search.visState) &&
    (search.ids === null || search.ids.includes(row.id)) &&
    (search.billable === null || row.billable === search.billable) &&
    (search.centsMin === null || row.cents >= search.centsMin) &&
    (search.centsMax === null || row.cents <= search.centsMax) &&
    (search.updatedFrom === null || row.updated >= search.updatedFrom) &&
    (search.updatedBefore === null || row.updated < search.updatedBefore);
}

function inOrder(rows: readonly TaskRow[], order: ListOrder): readonly TaskRow[] {
  // toSorted keeps the order of ids among equals.
  if (order === 'id') return rows;
  if (order === '-id') return rows.toReversed();
  if (order === 'name') return rows.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const sign = order === 'updated' ? 1 : -1;
  return rows.toSorted((a, b) => sign * (a.updated - b.updated));
}
