import { pino } from 'pino';
import { databaseNow, openDatabase } from '../../../src/mirror/database.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { systemRuntime } from '../../../src/runtime.js';
import { type Account, openSource } from '../../../src/sources/index.js';
import type { SourceName } from '../../../src/sources/source.js';
import { createPerform } from '../../../src/sync/perform.js';
import { createTokenStore } from '../../../src/sync/tokens.js';
import type { Perform } from '../../../src/sync/work.js';

/** What a worker in a process of its own is told, as JSON in its one argument. */
export interface Orders {
  readonly databaseUrl: string;
  readonly accounts: Readonly<Partial<Record<SourceName, Account>>>;
  /** The way to an account's API where it is not its address: past whoever watches. */
  readonly apiUrls: Readonly<Partial<Record<SourceName, string>>>;
  readonly finishedAfterMs: number;
}

/** The worker's own functions, as a daemon has them. */
export function openWorker({ databaseUrl, accounts, apiUrls, finishedAfterMs }: Orders): {
  readonly perform: Perform;
  close(): Promise<void>;
} {
  const db = openDatabase(databaseUrl, { applicationName: 'taskmirror crash' });
  const perform = createPerform({
    db,
    runtime: systemRuntime,
    log: pino({ level: 'silent' }),
    policy: 'remote',
    deleteLimit: 1,
    walkSliceMs: 20_000,
    push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs },
    account: (name) => accounts[name as SourceName] ?? null,
    open: (account, share) =>
      openSource(
        { ...account, baseUrl: apiUrls[account.source] ?? account.baseUrl },
        {
          runtime: systemRuntime,
          observe: () => databaseNow(db),
          share,
          tokens: createTokenStore(db, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks'),
        },
      ),
  });
  return { perform, close: () => db.close() };
}
