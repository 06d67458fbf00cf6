import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { type Database, databaseNow, type Executor, openDatabase } from '../../../src/mirror/database.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { systemRuntime } from '../../../src/runtime.js';
import { type Account, openSource } from '../../../src/sources/index.js';
import type { SourceClient } from '../../../src/sources/source.js';
import type { TokenStore } from '../../../src/sources/tokens.js';
import { createPerform } from '../../../src/sync/perform.js';
import { createTokenStore } from '../../../src/sync/tokens.js';
import type { WorkKind } from '../../../src/sync/work.js';

/** A worker that does one piece of work and, on its way, kills itself. All that it is told comes as JSON in its one argument. */
export interface Orders {
  readonly databaseUrl: string;
  readonly connection: string;
  readonly account: Account;
  readonly kind: WorkKind;
  readonly finishedAfterMs: number;
  /** It dies at the step of this number, counted from 0 over all that it does with the database and the API; or at the step so named. */
  readonly dieAt: number | string;
  /** How long a call that is to be cut in its middle has been under way then, in milliseconds. */
  readonly afterMs: number;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
let steps = 0;

const isLast = (name: string): boolean =>
  typeof orders.dieAt === 'string' ? orders.dieAt === name : orders.dieAt === steps++;

function step(name: string): void {
  if (!isLast(name)) return;
  process.stdout.write(`${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** Before it, in its middle, after it. */
async function around<T>(name: string, work: () => Promise<T>): Promise<T> {
  step(`before ${name}`);
  const under = work();
  under.catch(() => {});
  if (isLast(`during ${name}`)) {
    await delay(orders.afterMs);
    process.stdout.write(`during ${name}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  const done = await under;
  step(`after ${name}`);
  return done;
}

function mortal(db: Database): Database {
  const inside = (tx: Executor): Executor => ({
    rows: async (query) => {
      step('before a statement of a transaction');
      return tx.rows(query);
    },
    row: async (query) => {
      step('before a statement of a transaction');
      return tx.row(query);
    },
  });
  return {
    ...db,
    rows: async (query) => {
      step('before a statement');
      return db.rows(query);
    },
    row: async (query) => {
      step('before a statement');
      return db.row(query);
    },
    transaction: (work) =>
      around('a transaction', () =>
        db.transaction(async (tx) => {
          const result = await work(inside(tx));
          step('before the commit');
          return result;
        }),
      ),
  };
}

function mortalClient(client: SourceClient): SourceClient {
  return {
    ...client,
    changes: async function* (since, signal) {
      for await (const page of client.changes(since, signal)) {
        step('after a page');
        yield page;
      }
    },
    read: (id, signal) => around('a look', () => client.read(id, signal)),
    writer: {
      ...client.writer,
      send: (call, signal) => around(call.method, () => client.writer.send(call, signal)),
    },
  };
}

function mortalTokens(store: TokenStore): TokenStore {
  return {
    ...store,
    rotate: (seen, refresh) =>
      around('a rotation', () =>
        store.rotate(seen, (current) => around('a refresh', () => refresh(current))),
      ),
  };
}

const whole = openDatabase(orders.databaseUrl, { applicationName: 'taskmirror crash' });
const db = mortal(whole);
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
    mortalClient(
      openSource(account, {
        runtime: systemRuntime,
        observe: () => databaseNow(whole),
        share,
        tokens: mortalTokens(
          createTokenStore(whole, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks'),
        ),
      }),
    ),
});
await perform({ kind: orders.kind, connection: orders.connection }, new AbortController().signal, () => {});
process.stdout.write(`lived through ${steps} steps\n`);
await whole.close();
