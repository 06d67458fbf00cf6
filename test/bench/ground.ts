import pg from 'pg';
import { pino } from 'pino';
import postgres from 'postgres';
import { readConfig } from '../../src/config/read-config.js';
import { createAccountBook } from '../../src/daemon/account-book.js';
import { declarationsOf } from '../../src/daemon/accounts.js';
import { prepareCredentials } from '../../src/daemon/consent.js';
import { watchSchema } from '../../src/daemon/schema-watch.js';
import { createSyncContext } from '../../src/daemon/sync-context.js';
import { declareConnections } from '../../src/mirror/connections.js';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { migrate } from '../../src/mirror/migrate.js';
import { systemRuntime } from '../../src/runtime.js';
import type { SyncContext } from '../../src/sync/context.js';
import { createPerform } from '../../src/sync/perform.js';
import type { WorkKind } from '../../src/sync/work.js';
import { startPostgres } from '../servers/postgres.js';
import { findPostmaster, versionOf } from './database.js';
import type { BenchSandbox } from './sandbox.js';

/** A PostgreSQL that writes and flushes its log as it does by default, so that the figures hold for one that keeps data. */
export interface BenchServer {
  readonly version: string;
  /** Its first process, whose children are all its others. Linux only, and where it runs on this machine. */
  postmaster(): Promise<number>;
  /** A new database, migrated; or a copy of another one, which nobody may be connected to. */
  create(name: string, template?: string): Promise<string>;
  /** Ends whoever is connected to it, its autovacuum too. */
  drop(name: string): Promise<void>;
  /** Vacuums a database, and has all of the server written to disk: what happens afterwards is the worker's. */
  settle(sql: postgres.Sql): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchServer(): Promise<BenchServer> {
  const server = await startPostgres();
  const admin = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  const own = postgres(server.url, { max: 1, onnotice: () => {} });
  if (process.env['TEST_DATABASE_URL'] === undefined) {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
      await admin.unsafe(`alter system set ${setting} = on`);
    await admin`select pg_reload_conf()`;
  }
  const made = new Set<string>();
  const full = (name: string) => `bench_${name}_${process.pid}`;
  return {
    version: await versionOf(admin),
    postmaster: () => findPostmaster(admin),
    create: async (name, template) => {
      const database = full(name);
      await own`create database ${own(database)} template ${own(template === undefined ? 'template0' : full(template))}`;
      made.add(name);
      const url = Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
      if (template === undefined) await migrate(url);
      return url;
    },
    drop: async (name) => {
      await admin`drop database ${admin(full(name))} with (force)`;
      made.delete(name);
    },
    settle: async (sql) => {
      await sql.unsafe('vacuum analyze');
      await admin`checkpoint`;
    },
    stop: async () => {
      for (const name of made) await admin`drop database if exists ${admin(full(name))} with (force)`;
      await own.end();
      await admin.end();
      await server.stop();
    },
  };
}

/** The worker's own functions on one database, wired as the daemon does, without its queue. */
export interface BenchWorker {
  readonly db: Database;
  readonly sql: postgres.Sql;
  readonly context: SyncContext;
  /** A piece of work to its end, with all its slices; throws unless it ends well. */
  work(kind: WorkKind, connection: string): Promise<void>;
  close(): Promise<void>;
}

export async function openWorker(databaseUrl: string, sandbox: BenchSandbox): Promise<BenchWorker> {
  const config = readConfig({ ...sandbox.env, DATABASE_URL: databaseUrl });
  const log = pino({ level: 'silent' });
  const db = openDatabase(databaseUrl, { applicationName: 'taskmirror bench', max: 12 });
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  await declareConnections(db, declarationsOf(config));
  await prepareCredentials(db, config, log);
  const accounts = createAccountBook(db, config, log);
  await accounts.reload();
  const context = createSyncContext(config, accounts, db, { runtime: systemRuntime, log });
  const closing = new AbortController();
  const schema = watchSchema({ db, runtime: systemRuntime, log }, () => {}, closing.signal);
  const perform = schema.guard(createPerform(context));
  return {
    db,
    sql,
    context,
    work: async (kind, connection) => {
      const signal = new AbortController().signal;
      let continued = false;
      for (;;) {
        const work = { kind, connection, ...(continued && { continued: true as const }) };
        const result = await perform(work, signal, () => {});
        if (result.state === 'done' && result.outcome === 'ok' && result.error === null) return;
        if (result.state !== 'continue')
          throw new Error(`${kind} of ${connection}: ${JSON.stringify(result)}`);
        continued = true;
      }
    },
    close: async () => {
      closing.abort();
      await schema.ended;
      await db.close();
      await sql.end();
    },
  };
}

/** What happened between two moments: statements of this process, bytes of PostgreSQL's log, processor time. */
export interface Spent {
  readonly ms: number;
  readonly statements: number;
  readonly walBytes: number;
  /** Milliseconds of the processor that this process used. */
  readonly processorMs: number;
}

let statements = 0;
const query = pg.Client.prototype.query;
/** Each statement that goes out is counted, `begin` and `commit` too. */
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  statements += 1;
  return Reflect.apply(query, this, args);
} as typeof query;

export async function spentBy(sql: postgres.Sql, work: () => Promise<unknown>): Promise<Spent> {
  const position = async () => {
    const [found] = await sql<{ lsn: string }[]>`select pg_current_wal_insert_lsn()::text as lsn`;
    return found?.lsn ?? '';
  };
  const from = await position();
  const before = statements;
  const used = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  const [written] = await sql<{ bytes: number }[]>`
    select (pg_current_wal_insert_lsn() - ${from}::pg_lsn)::float8 as bytes`;
  return {
    ms,
    statements: statements - before,
    walBytes: written?.bytes ?? Number.NaN,
    processorMs: (user + system) / 1000,
  };
}
