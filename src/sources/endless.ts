import { isObject } from './decode.js';
import { ApiError } from './http/errors.js';
import type { Json, SourceName } from './source.js';

/** Ten million rows of a hundred a page. */
const MOST_PAGES = 100_000;

/**
 * Ends a listing that would never end: one whose pages come round again and again, in whatever step, or that is longer than any
 * account. A page is known by its ids. Twice the same is possible, when a page's worth of rows is touched between two requests.
 */
export function endlessGuard(source: SourceName): (rows: readonly Json[]) => void {
  // Brent's cycle detection: one page is remembered, for twice as long each time, and all others are compared with it.
  let mark = '';
  let since = 0;
  let keep = 2;
  let met = 0;
  let pages = 0;
  return (rows) => {
    if (rows.length === 0) return;
    const page = rows.map(idOf).join();
    if (pages > 0 && page === mark) met += 1;
    if (met >= 2) throw endless(source, 'the listing repeats the same pages without end');
    if (pages >= MOST_PAGES) throw endless(source, `the listing has more than ${MOST_PAGES} pages`);
    if (pages === 0 || since === keep) {
      mark = page;
      met = 0;
      keep = pages === 0 ? keep : keep * 2;
      since = 0;
    }
    pages += 1;
    since += 1;
  };
}

/** What is no task can be nested too deep for more than a glance. */
function idOf(row: Json): string {
  const id = isObject(row) ? (row['id'] ?? row['taskid']) : row;
  return typeof id === 'object' ? 'none' : String(id);
}

function endless(source: SourceName, detail: string): ApiError {
  return new ApiError({ kind: 'unreadable', request: `${source} listing`, status: 200, detail });
}
