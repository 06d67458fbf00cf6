import type { FreshBooksOptions } from './options.js';
import { problem } from './problem.js';
import { parseAmount } from './task-json.js';
import type { TaskSearch } from './task-search.js';
import type { VisState } from './task-table.js';
import { easternWall, parseDay } from './wall-time.js';

const DAY = 86_400_000;
const MAX_PER_PAGE = 100;

/**
 * Reads `search[…]`. Filters that the API does not know are ignored without a word, and so is `projectids`: projects
 * are not simulated. Throws Problem (422) on a date that is not `YYYY-MM-DD`.
 */
export function parseSearch(query: URLSearchParams, options: FreshBooksOptions): TaskSearch {
  const visState = parseVisState(query, options);
  const dated = visState === null || options.searchVisState !== 'alone';
  return {
    ids: parseIds(query),
    billable: parseBoolean(query.get('search[billable]')),
    centsMin: parseAmount(query.get('search[rate_min]')),
    centsMax: parseAmount(query.get('search[rate_max]')),
    updatedFrom: dated ? parseUpdated('updated_min', 0) : null,
    updatedBefore: dated ? parseUpdated('updated_max', options.updatedMax === 'inclusive' ? DAY : 0) : null,
    visState,
  };

  function parseUpdated(field: string, later: number): number | null {
    const text = query.get(`search[${field}]`);
    if (text === null) return null;
    const day = parseDay(text);
    if (day === null) throw problem(422, 1033, 'Date must be YYYY-MM-DD.', { field, value: text });
    const start = day + later;
    return options.searchZone === 'utc' ? easternWall(start) : start / 1000;
  }
}

/** `page` (from 1; 0 is 1) and `per_page` (15 by default, 100 at most). Throws Problem with errno 1014 or 1013. */
export function parsePaging(query: URLSearchParams): { readonly page: number; readonly perPage: number } {
  const page = parseCount(query.get('page') ?? '1');
  if (page === null)
    throw problem(422, 1014, 'Page is not valid.', { field: 'page', value: query.get('page') ?? '' });
  const perPage = parseCount(query.get('per_page') ?? '15');
  if (perPage === null || perPage === 0) {
    throw problem(422, 1013, 'Per page is not valid.', {
      field: 'per_page',
      value: query.get('per_page') ?? '',
    });
  }
  return { page: Math.max(1, page), perPage: Math.min(MAX_PER_PAGE, perPage) };
}

function parseIds(query: URLSearchParams): readonly number[] | null {
  const one = query.getAll('search[taskid]');
  const many = [...query.getAll('search[taskids]'), ...query.getAll('search[taskids][]')];
  if (one.length === 0 && many.length === 0) return null;
  if (many.length === 0) return one.map(Number);
  return one.length === 0
    ? many.map(Number)
    : many.map(Number).filter((id) => one.every((other) => Number(other) === id));
}

function parseVisState(query: URLSearchParams, options: FreshBooksOptions): VisState | null {
  if (options.searchVisState === 'ignored') return null;
  const state = Number(query.get('search[vis_state]') ?? Number.NaN);
  return state === 0 || state === 1 || state === 2 ? state : null;
}

function parseBoolean(text: string | null): boolean | null {
  return text === 'true' ? true : text === 'false' ? false : null;
}

function parseCount(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
