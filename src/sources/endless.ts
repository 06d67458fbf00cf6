import { ApiError } from './http/errors.js';
import type { Json, SourceName } from './source.js';

/**
 * Ends a listing that would never end: the same rows on three pages in a row. Twice is possible, when a page's worth of rows
 * is touched between two requests.
 */
export function endlessGuard(source: SourceName): (rows: readonly Json[]) => void {
  let previous = '';
  let repeats = 0;
  return (rows) => {
    const seen = JSON.stringify(rows);
    repeats = rows.length > 0 && seen === previous ? repeats + 1 : 0;
    previous = seen;
    if (repeats < 2) return;
    const detail = 'the listing repeats the same page without end';
    throw new ApiError({ kind: 'unreadable', request: `${source} listing`, status: 200, detail });
  };
}
