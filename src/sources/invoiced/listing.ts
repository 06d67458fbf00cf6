import { endlessGuard } from '../endless.js';
import { ApiError } from '../http/errors.js';
import type { HttpAnswer } from '../http/http.js';
import type { Json } from '../source.js';

/** The default and the most. */
export const PER_PAGE = 100;

/** A listing is a bare JSON array; throws ApiError for anything else. */
export function rowsOf(answer: HttpAnswer): readonly Json[] {
  if (Array.isArray(answer.json)) return answer.json;
  throw unreadable(answer.status, 'expected a JSON array');
}

/**
 * The last page's number as far as this one tells. `Link` is only a hint of the end: where it leads is not followed, since
 * page numbers are ours and its host could be another.
 */
export function lastPageOf(answer: HttpAnswer, rows: readonly Json[], number: number): number {
  const more = answer.header('link') === null ? rows.length >= PER_PAGE : tellsOfNext(answer);
  return rows.length > 0 && more ? number + 1 : number;
}

export function tellsOfNext(answer: HttpAnswer): boolean {
  return /\brel\s*=\s*"?next\b/i.test(answer.header('link') ?? '');
}

/** Whether this page has fewer rows than it must. The total may be five minutes old past page 1; pages but the last are full. */
export function isShort(rows: readonly Json[], number: number, total: number | null, more: boolean): boolean {
  return rows.length < Math.min(PER_PAGE, number === 1 ? (total ?? 0) : more ? PER_PAGE : 0);
}

export const stuckGuard = () => endlessGuard('invoiced');

function unreadable(status: number, detail: string): ApiError {
  return new ApiError({ kind: 'unreadable', request: 'invoiced listing', status, detail });
}
