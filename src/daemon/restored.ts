import type { Logger } from 'pino';
import type { Database } from '../mirror/database.js';
import { settleHome } from '../mirror/home.js';
import { sources } from '../sources/index.js';
import { doubtCreates } from '../sync/doubt-creates.js';

/** Pauses every connection of a database that was restored from a copy, doubts what it had still to make, and says so. */
export async function pauseWhereRestored(db: Database, log: Logger): Promise<void> {
  const strayed = await settleHome(db, (tx) => doubtCreates(tx, sources));
  if (strayed === null) return;
  log.warn(
    { connections: strayed.paused },
    `Every connection was paused, since ${strayed.reason}. Look at taskmirror plan, consent again where status asks for it, then: taskmirror resume NAME.`,
  );
}
