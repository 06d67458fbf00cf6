import type { Logger } from 'pino';
import type { Database } from '../mirror/database.js';
import { settleHome } from '../mirror/home.js';

/** Pauses every connection of a database that was restored from a copy, and says so. */
export async function pauseWhereRestored(db: Database, log: Logger): Promise<void> {
  const strayed = await settleHome(db);
  if (strayed === null) return;
  log.warn(
    { connections: strayed.paused },
    `Every connection was paused, since ${strayed.reason}. Look at taskmirror plan, consent again where status asks for it, then: taskmirror resume NAME.`,
  );
}
