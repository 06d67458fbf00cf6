import { comparison } from './list-order.js';
import type { ListOrder } from './options.js';
import { createSlotList, type SlotList } from './slot-list.js';
import { hasNoCondition, matcher, type TaskSearch } from './task-search.js';
import { createTaskTable, type TaskRow, type TaskTable } from './task-table.js';

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
    order: ListOrder,
    offset: number,
    limit: number,
  ): { readonly rows: readonly TaskRow[]; readonly total: number };
}

/** Tasks that a list shows, and those that it hides: each in the list's order, and in order of `updated`. */
interface Pool {
  readonly listed: SlotList;
  readonly byUpdated: SlotList;
}

/** Above this many candidates the whole list is read in its own order, which then is cheaper than sorting them. */
const FEW = 5000;

export function createTaskStore(): TaskStore {
  const table = createTaskTable();
  const compareUpdated = (a: number, b: number) => table.updated(a) - table.updated(b) || a - b;
  let order: ListOrder = 'id';
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

  function reorder(next: ListOrder): void {
    order = next;
    compare = comparison(table, order);
    rebuild();
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
    list(search, wanted, offset, limit) {
      if (wanted !== order) reorder(wanted);
      const pool = search.visState === 1 ? deleted : shown;
      const found = matches(pool, search);
      const slots =
        found === null ? pool.listed.slice(offset, offset + limit) : found.slice(offset, offset + limit);
      return {
        rows: Array.from(slots, (slot) => table.read(slot)),
        total: found === null ? pool.listed.length : found.length,
      };
    },
  };
}
