import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import { isUnavailable, openDatabase, unavailable } from '../mirror/database.js';
import type { Runtime } from '../runtime.js';

/** Whether the database takes statements; throws why not. */
export async function reachDatabase(url: string): Promise<void> {
  const db = openDatabase(url, { applicationName: 'taskmirror start', max: 1 });
  try {
    await db.rows(sql`select 1`);
  } finally {
    await db.close();
  }
}

/**
 * Does what needs the database, again and again while it can't be reached, and says so every few seconds rather than at
 * every try. Any other error goes on. Rejects with the signal's reason when it aborts.
 */
export async function patiently<Result>(
  { runtime, log }: { readonly runtime: Runtime; readonly log: Logger },
  url: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  let quietUntil = 0;
  let waited = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      const result = await work();
      if (waited) log.info('The database is there.');
      return result;
    } catch (error) {
      if (!isGone(error)) throw error;
      if (runtime.now() >= quietUntil) {
        const { message } = error instanceof TaskmirrorError ? error : unavailable(url, error);
        log.warn(`${message} Waiting for it.`);
        quietUntil = runtime.now() + QUIET_MS;
      }
      waited = true;
      await runtime.sleep(RETRY_MS, signal);
    }
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof TaskmirrorError ? error.code === 'unavailable' : isUnavailable(error);

const RETRY_MS = 1_000;
const QUIET_MS = 5_000;
