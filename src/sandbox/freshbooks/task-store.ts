import type { ListOrder } from './options.js';
import { createSlotList, type SlotList } from './slot-list.js';
import { createTaskTable, type TaskRow, type TaskTable, type VisState } from './task-table.js';

/** What a list is asked for. Null is no condition. */
export interface TaskSearch {
  readonly ids: readonly number[] | null;
  readonly billable: boolean | null;
  readonly centsMin: number | null;
  readonly centsMax: number | null;
  /** Eastern wall time in seconds: the first second that belongs to it, and the first that does not any more. */
  readonly updatedFrom: number | null;
  readonly updatedBefore: number | null;
  /** Null shows active and archived tasks. */
  readonly visState: VisState | null;
}

export interface TaskStore {
  readonly table: TaskTable;
  find(id: number): TaskRow | null;
  /** Rows in ascending order of id. */
  insert(rows: Iterable<TaskRow>): void;
  /** Forgets all tasks. */
  clear(): void;
  /** Replaces the row with that id, which must exist. */
  replace(row: TaskRow): void;
  list(
    search: TaskSearch,
    offset: number,
    limit: number,
  ): { readonly rows: readonly TaskRow[]; readonly total: number };
  setOrder(order: ListOrder): void;
}

/** Tasks that a list shows, and those that it hides: each in the list's order, and in order of `updated`. */
interface Pool {
  readonly listed: SlotList;
  readonly byUpdated: SlotList;
}

/** Above this many candidates the whole list is read in its own order, which then is cheaper than sorting them. */
const FEW = 5000;

export function createTaskStore(order: ListOrder): TaskStore {
  const table = createTaskTable();
  const compareUpdated = (a: number, b: number) => table.updated(a) - table.updated(b) || a - b;
  let compare = comparison(table, order);
  let shown = createPool();
  let deleted = createPool();
  let scanned: { readonly key: string; readonly slots: readonly number[] } | null = null;

  function createPool(slots = new Uint32Array(0)): Pool {
    return {
      listed: createSlotList(compare, slots),
      byUpdated: createSlotList(compareUpdated, slots.slice()),
    };
  }

  function rebuild(): void {
    const all = Uint32Array.from({ length: table.length }, (_, slot) => slot);
    shown = createPool(all.filter((slot) => table.visState(slot) !== 1));
    deleted = createPool(all.filter((slot) => table.visState(slot) === 1));
    scanned = null;
  }

  const poolOf = (slot: number) => (table.visState(slot) === 1 ? deleted : shown);
  const enter = (slot: number) => {
    poolOf(slot).listed.add(slot);
    poolOf(slot).byUpdated.add(slot);
  };
  const leave = (slot: number) => {
    poolOf(slot).listed.remove(slot);
    poolOf(slot).byUpdated.remove(slot);
  };

  /** The slots that fulfil the conditions on single values, in the list's order; null where that is all of the pool. */
  function matches(pool: Pool, search: TaskSearch): readonly number[] | null {
    const matching = matcher(table, search);
    const { updatedFrom, updatedBefore } = search;
    const from =
      updatedFrom === null ? 0 : pool.byUpdated.countWhile((slot) => table.updated(slot) < updatedFrom);
    const to =
      updatedBefore === null
        ? pool.byUpdated.length
        : pool.byUpdated.countWhile((slot) => table.updated(slot) < updatedBefore);
    if (search.ids !== null) {
      const slots = [...new Set(search.ids)].map((id) => table.slotOf(id)).filter((slot) => slot !== null);
      return slots.filter((slot) => poolOf(slot) === pool && matching(slot)).sort(compare);
    }
    if (to - from <= FEW && to - from < pool.listed.length) {
      return [...pool.byUpdated.slice(from, to)].filter(matching).sort(compare);
    }
    const everything = { ...search, updatedFrom: null, updatedBefore: null };
    if (to - from === pool.listed.length && hasNoCondition(everything)) return null;
    return scan(pool, search, matching);
  }

  /** Remembers the last one, since its next page comes next. */
  function scan(pool: Pool, search: TaskSearch, matching: (slot: number) => boolean): readonly number[] {
    const key = JSON.stringify(search);
    if (scanned?.key !== key) {
      scanned = { key, slots: [...pool.listed.slice(0, pool.listed.length).filter(matching)] };
    }
    return scanned.slots;
  }

  return {
    table,
    find(id) {
      const slot = table.slotOf(id);
      return slot === null ? null : table.read(slot);
    },
    insert(rows) {
      scanned = null;
      let added = 0;
      for (const row of rows) {
        const slot = table.append(row);
        added += 1;
        if (added <= FEW) enter(slot);
      }
      if (added > FEW) rebuild();
    },
    clear() {
      table.clear();
      rebuild();
    },
    replace(row) {
      const slot = table.slotOf(row.id);
      if (slot === null) throw new Error(`There is no task ${row.id}`);
      scanned = null;
      leave(slot);
      table.write(slot, row);
      enter(slot);
    },
    list(search, offset, limit) {
      const pool = search.visState === 1 ? deleted : shown;
      const found = matches(pool, search);
      const slots =
        found === null ? pool.listed.slice(offset, offset + limit) : found.slice(offset, offset + limit);
      return {
        rows: Array.from(slots, (slot) => table.read(slot)),
        total: found === null ? pool.listed.length : found.length,
      };
    },
    setOrder(next) {
      compare = comparison(table, next);
      rebuild();
    },
  };
}

function comparison(table: TaskTable, order: ListOrder): (a: number, b: number) => number {
  switch (order) {
    case 'id':
      return (a, b) => a - b;
    case '-id':
      return (a, b) => b - a;
    case 'updated':
      return (a, b) => table.updated(a) - table.updated(b) || a - b;
    case '-updated':
      return (a, b) => table.updated(b) - table.updated(a) || a - b;
    case 'name':
      return (a, b) => compareText(table.name(a), table.name(b)) || a - b;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function matcher(table: TaskTable, search: TaskSearch): (slot: number) => boolean {
  const { billable, centsMin, centsMax, updatedFrom, updatedBefore, visState } = search;
  return (slot) =>
    (billable === null || table.billable(slot) === billable) &&
    (centsMin === null || table.cents(slot) >= centsMin) &&
    (centsMax === null || table.cents(slot) <= centsMax) &&
    (updatedFrom === null || table.updated(slot) >= updatedFrom) &&
    (updatedBefore === null || table.updated(slot) < updatedBefore) &&
    (visState === null || table.visState(slot) === visState);
}

function hasNoCondition(search: TaskSearch): boolean {
  const { visState, ...conditions } = search;
  return (visState === null || visState === 1) && Object.values(conditions).every((value) => value === null);
}
