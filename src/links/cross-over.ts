import type { Logger } from 'pino';
import { type Database, isUnavailable } from '../mirror/database.js';
import { carryAll } from './carry.js';
import { applyRules } from './rules.js';

/**
 * Links what the rules find, and carries over what has changed on one side of a link: as local edits of the other row, which go out by the
 * ordinary push. Reads only, where nothing has changed. What can't be done now is done the next time: nothing is lost by a fault or
 * a crash, since each link and each carried change is committed whole. On `signal` it ends after what it is at.
 */
export async function crossOver(
  { db, log }: { readonly db: Database; readonly log: Logger },
  signal?: AbortSignal,
): Promise<void> {
  try {
    await applyRules(db, signal);
    await carryAll(db, signal);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    log.warn({ err: error }, 'Links could not be brought up to date; the next run tries again.');
  }
}
