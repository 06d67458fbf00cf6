import { TaskmirrorError } from '../../errors.js';
import { isUnavailable, unavailable } from '../../mirror/database.js';
import { LateError } from '../bounded.js';
import type { Parts } from '../parts.js';

/** Why something can't be shown or done, in a sentence with its cure. What is a fault of ours goes to the log. */
export function problemOf(error: unknown, { pageDb, log }: Parts): string {
  if (error instanceof TaskmirrorError) return error.message;
  if (error instanceof LateError) return 'The database does not answer: check that PostgreSQL runs.';
  if (isUnavailable(error)) return unavailable(pageDb.url, error).message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (NOT_MIGRATED.has(code))
    return 'The database is not migrated yet, which the daemon does at its start: the log says what it waits for.';
  log.error({ err: error }, 'The status page met a fault.');
  return 'This failed; the log of the daemon says why.';
}

/** No such schema, table, column or function. */
const NOT_MIGRATED = new Set(['3F000', '42P01', '42703', '42883']);
