import type { SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import type { InvoicedOptions } from './options.js';
import { type ListQuery, passes, readListQuery, type SortTerm } from './query.js';
import type { TaskStore } from './store.js';
import type { InvoicedTask } from './task.js';
import { createWalkMemory } from './walk-memory.js';

/** Answers `GET /tasks`: by key where unsorted, by offset else. */
export function createTaskList(
  world: SandboxWorld,
  options: InvoicedOptions,
  store: TaskStore,
  present: (task: InvoicedTask) => unknown,
): (request: SandboxRequest) => SandboxResponse {
  const walk = createWalkMemory(world, options);
  const totals = createTotals(world, options, store);
  const ordered = createOrderedIds(store);

  const rowsOf = (query: ListQuery): readonly InvoicedTask[] => {
    const offset = (query.page - 1) * query.perPage;
    if (!byId(query.sort)) return ordered(query, offset);
    const start = walk.startOf(query);
    const rows = inIdOrder(store, query, start);
    walk.answered(query, start, rows.at(-1)?.id);
    return rows;
  };
  return (request) => {
    const query = readListQuery(request.query, options);
    const rows = rowsOf(query);
    return { status: 200, headers: pageHeaders(request, query, totals(query)), body: rows.map(present) };
  };
}

/** `Link` and `X-Total-Count`, as on every list. Past the end there is no `next`. */
export function pageHeaders(
  request: SandboxRequest,
  { page, perPage }: Pick<ListQuery, 'page' | 'perPage'>,
  total: number,
): Readonly<Record<string, string>> {
  const last = Math.max(1, Math.ceil(total / perPage));
  const link = (rel: string, target: number) => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(target));
    query.set('per_page', String(perPage));
    return `<http://${request.headers.host ?? 'sandbox'}${request.path}?${query}>; rel="${rel}"`;
  };
  const links = [
    link('self', page),
    link('first', 1),
    ...(page > 1 ? [link('previous', page - 1)] : []),
    ...(page < last ? [link('next', page + 1)] : []),
    link('last', last),
  ];
  return { Link: links.join(', '), 'X-Total-Count': String(total) };
}

function byId(sort: readonly SortTerm[]): boolean {
  const first = sort[0];
  return first === undefined || (first.column === 'id' && !first.descending);
}

function inIdOrder(
  store: TaskStore,
  { filters, perPage }: ListQuery,
  start: { readonly after: number } | { readonly offset: number },
): readonly InvoicedTask[] {
  const rows: InvoicedTask[] = [];
  let toSkip = 'offset' in start ? start.offset : 0;
  for (const task of store.after('after' in start ? start.after : 0)) {
    if (!passes(task, filters)) continue;
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    rows.push(task);
    if (rows.length === perPage) break;
  }
  return rows;
}

/** Past page 1 a total may be five minutes old. */
function createTotals(world: SandboxWorld, options: InvoicedOptions, store: TaskStore) {
  const counted = new Map<string, { total: number; version: number; at: number }>();
  return ({ filters, filterKey, page }: ListQuery): number => {
    if (filters.length === 0 && (page === 1 || options.totalCount === 'fresh')) counted.delete(filterKey);
    const known = counted.get(filterKey);
    const isStale = options.totalCount === 'stale' && page > 1 && known && world.now() - known.at < 300_000;
    if (known && (isStale || known.version === store.version)) return known.total;
    const total = filters.length === 0 ? store.size : count(store.after(0), (task) => passes(task, filters));
    counted.set(filterKey, { total, version: store.version, at: world.now() });
    return total;
  };
}

/** By `updated_at` from the store's own order; anything else is sorted whole, once for each state of the store. */
function createOrderedIds(store: TaskStore) {
  let kept: { key: string; version: number; ids: readonly number[] } | undefined;
  return ({ sort, filters, filterKey, perPage }: ListQuery, offset: number): readonly InvoicedTask[] => {
    const direct = byUpdate(sort) && filters.length === 0;
    if (direct) return tasksOf(store, newestOrOldest(store, sort[0]?.descending ?? true, offset, perPage));
    const key = JSON.stringify([sort, filterKey]);
    if (kept?.key !== key || kept.version !== store.version) {
      const rows = [...store.after(0)].filter((task) => passes(task, filters)).sort(comparing(sort));
      kept = { key, version: store.version, ids: rows.map(({ id }) => id) };
    }
    return tasksOf(store, kept.ids.slice(offset, offset + perPage));
  };
}

/** `updated_at` alone, or with `id` in the same direction. */
function byUpdate([first, second, ...more]: readonly SortTerm[]): boolean {
  if (first?.column !== 'updated_at' || more.length > 0) return false;
  return second === undefined || (second.column === 'id' && second.descending === first.descending);
}

function newestOrOldest(
  store: TaskStore,
  newestFirst: boolean,
  offset: number,
  limit: number,
): readonly number[] {
  if (newestFirst) return store.newest(offset, limit);
  const end = Math.max(0, store.size - offset);
  const from = Math.max(0, end - limit);
  return store.newest(from, end - from).toReversed();
}

function tasksOf(store: TaskStore, ids: readonly number[]): readonly InvoicedTask[] {
  return ids.map((id) => store.get(id)).filter((task) => task !== undefined);
}

function comparing(sort: readonly SortTerm[]): (a: InvoicedTask, b: InvoicedTask) => number {
  return (a, b) => {
    for (const { column, descending } of sort) {
      const left = a[column];
      const right = b[column];
      if (left === right) continue;
      const less = left === null || (right !== null && left < right);
      return less === descending ? 1 : -1;
    }
    return a.id - b.id;
  };
}

function count<T>(items: Iterable<T>, fits: (item: T) => boolean): number {
  let number = 0;
  for (const item of items) if (fits(item)) number += 1;
  return number;
}
