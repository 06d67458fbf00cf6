import type { InvoicedOptions } from './options.js';
import { Refusal } from './refusal.js';
import type { InvoicedTask } from './task.js';

export interface ListQuery {
  readonly page: number;
  readonly perPage: number;
  readonly filters: readonly Filter[];
  readonly sort: readonly SortTerm[];
  /** The same for the same filters, whatever their order. */
  readonly filterKey: string;
}

export interface Filter {
  readonly column: keyof InvoicedTask;
  readonly value: string;
}

export interface SortTerm {
  readonly column: keyof InvoicedTask;
  readonly descending: boolean;
}

/** Reads a list's parameters as Invoiced does: unknown ones are ignored, but not unknown filters and sort columns. */
export function readListQuery(
  query: URLSearchParams,
  options: Pick<InvoicedOptions, 'unknownSort'>,
): ListQuery {
  const filters = [...query].flatMap(([name, value]) => readFilter(name, value));
  const filterKey = filters
    .map(({ column, value }) => `${column}=${value}`)
    .sort()
    .join('&');
  return { ...readPage(query), filters, filterKey, sort: readSort(query.get('sort') ?? '', options) };
}

/** `per_page` is clamped to 1 to 100 without a word; what can't be read counts as not given. */
export function readPage(query: URLSearchParams): { readonly page: number; readonly perPage: number } {
  const page = whole(query.get('page')) ?? 1;
  const perPage = whole(query.get('per_page')) ?? 100;
  return { page: Math.max(1, page), perPage: Math.min(100, Math.max(1, perPage)) };
}

/** Whether a task's value is what a filter asks for: booleans as `1` and `0`. */
export function passes(task: InvoicedTask, filters: readonly Filter[]): boolean {
  return filters.every(({ column, value }) => filterText(task[column]) === value);
}

const filterable = new Set<string>([
  'action',
  'chase_step_id',
  'complete',
  'completed_by_user_id',
  'customer_id',
  'due_date',
  'id',
  'name',
  'user_id',
]);

const columns = new Set<string>([...filterable, 'completed_date', 'created_at', 'updated_at']);

function isColumn(name: string): name is keyof InvoicedTask {
  return columns.has(name);
}

function readFilter(name: string, value: string): readonly Filter[] {
  const column = /^filter\[(.*)\]$/.exec(name)?.[1];
  if (column === undefined) return [];
  if (!filterable.has(column) || !isColumn(column))
    throw new Refusal(400, `Invalid filter: ${column}`, 'filter');
  return [{ column, value }];
}

/** A malformed term is ignored. */
function readSort(sort: string, options: Pick<InvoicedOptions, 'unknownSort'>): readonly SortTerm[] {
  return sort.split(',').flatMap((term) => {
    const match = /^\s*(\w+) (asc|desc)\s*$/i.exec(term);
    const column = match?.[1];
    if (column === undefined) return [];
    if (isColumn(column)) return [{ column, descending: match?.[2]?.toLowerCase() === 'desc' }];
    if (options.unknownSort === 'ignored') return [];
    throw new Refusal(500, 'There was an error processing your request.');
  });
}

function filterText(value: InvoicedTask[keyof InvoicedTask]): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return value === null ? '' : String(value);
}

function whole(text: string | null): number | undefined {
  return text !== null && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
