import { pino } from 'pino';
import { databaseNow, openDatabase } from '../../../src/mirror/database.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { systemRuntime } from '../../../src/runtime.js';
import { type Account, openSource } from '../../../src/sources/index.js';
import { createPerform } from '../../../src/sync/perform.js';
import { createTokenStore } from '../../../src/sync/tokens.js';
import type { WorkKind } from '../../../src/sync/work.js';

/** A worker that does one piece of work, and is killed from without. All that it is told comes as JSON in its one argument. */
export interface Orders {
  readonly databaseUrl: string;
  readonly connection: string;
  readonly account: Account;
  /** The way to the account's API, past whoever watches. */
  readonly apiUrl: string;
  readonly kind: WorkKind;
  readonly finishedAfterMs: number;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const db = openDatabase(orders.databaseUrl, { applicationName: 'taskmirror crash' });
const perform = createPerform({
  db,
  runtime: systemRuntime,
  log: pino({ level: 'silent' }),
  policy: 'remote',
  deleteLimit: 1,
  walkSliceMs: 20_000,
  push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: orders.finishedAfterMs },
  account: () => orders.account,
  open: (account, share) =>
    openSource(
      { ...account, baseUrl: orders.apiUrl },
      {
        runtime: systemRuntime,
        observe: () => databaseNow(db),
        share,
        tokens: createTokenStore(db, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks'),
      },
    ),
});
await perform({ kind: orders.kind, connection: orders.connection }, new AbortController().signal, () => {});
await db.close();
