import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Counters } from '../http/metrics/counters.js';
import { type Database, databaseNow } from '../mirror/database.js';
import type { Runtime } from '../runtime.js';
import { openSource } from '../sources/index.js';
import { LONGEST_WRITE_MS } from '../sources/writer.js';
import type { SyncContext } from '../sync/context.js';
import type { AccountBook } from './account-book.js';

/** What the sync needs of this process: its settings, the accounts that it has the secrets of, and the way to their APIs. */
export function createSyncContext(
  config: Config,
  accounts: AccountBook,
  db: Database,
  { runtime, log }: { readonly runtime: Runtime; readonly log: Logger },
  counters: Counters | null = null,
): SyncContext {
  return {
    db,
    runtime,
    log,
    ...(counters && { onRun: counters.ran }),
    policy: config.conflictPolicy,
    deleteLimit: config.deleteLimit,
    walkSliceMs: WALK_SLICE_MS,
    push: {
      enabled: config.push,
      quietMs: config.pushDelay,
      boundMs: Math.max(config.pushDelay * 10, 10_000),
      finishedAfterMs: LONGEST_WRITE_MS + API_ENDS_MS,
    },
    account: (connection) => accounts.account(connection),
    open: (account, share, connection) => {
      const tokens = accounts.tokens(connection);
      return openSource(account, {
        runtime,
        observe: () => databaseNow(db),
        share,
        log: log.child({ connection }),
        ...(tokens && { tokens }),
        ...(counters && { onRequest: (event) => counters.asked(account.source, share, event) }),
      });
    },
  };
}

/** Then other accounts get their turn. Short of the pause after which an API's key cursor is given up. */
const WALK_SLICE_MS = 20_000;
/** Our part of a write is over after LONGEST_WRITE_MS; the API gets this long to end what it began. */
const API_ENDS_MS = 45_000;
