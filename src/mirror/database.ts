import { setTimeout as delay } from 'node:timers/promises';
import { DrizzleQueryError, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { TaskmirrorError } from '../errors.js';

/** Runs one statement and gives its rows. */
export interface Executor {
  rows<Row extends object>(query: SQL): Promise<readonly Row[]>;
  /** For statements that give exactly one row. */
  row<Row extends object>(query: SQL): Promise<Row>;
}

/** The one door to the database. */
export interface Database extends Executor {
  readonly url: string;
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<Result>(work: (tx: Executor) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Shown in `pg_stat_activity`; begins with `taskmirror`, by which our own sessions are known. */
  readonly applicationName: `taskmirror${string}`;
  /** How many connections at most. */
  readonly max?: number;
  /** Milliseconds after which a statement is given up and its connection dropped; without it, none is. */
  readonly giveUpMs?: number;
}

/** Opens nothing yet: the first statement connects. */
export function openDatabase(
  url: string,
  { applicationName, max = 10, giveUpMs }: DatabaseOptions,
): Database {
  // Not postgres.js: its 3.4.9 ends the process when a connection is lost in a transaction (porsager/postgres#1154, #1208).
  const pool = new pg.Pool({
    connectionString: withLibpqSsl(url),
    application_name: applicationName,
    max,
    connectionTimeoutMillis: Math.min(giveUpMs ?? CONNECT_MS, CONNECT_MS),
    ...(giveUpMs !== undefined && { query_timeout: giveUpMs }),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  // A lost connection ends the process unless somebody listens: at the pool while it is idle, at the client while it is lent.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = drizzle(pool);
  return {
    // By a getter, since the password in it would show wherever this object is printed.
    get url() {
      return url;
    },
    ...executor((query) => db.execute(query)),
    transaction: (work) =>
      plainErrors(() => db.transaction((tx) => work(executor((query) => tx.execute(query))))),
    close: () => closePool(pool),
  };
}

/** Whether the error says that the database can't be reached or is going away, rather than that a statement is wrong. */
export function isUnavailable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (UNREACHABLE.has(code) || code.startsWith('08') || code.startsWith('57P')) return true;
  return error instanceof Error && LOST.test(error.message);
}

/** The same as one line for a person, with the cure. */
export function unavailable(url: string, cause: unknown): TaskmirrorError {
  const { hostname, port, pathname } = new URL(url);
  const why =
    cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : '';
  return new TaskmirrorError(
    'unavailable',
    `The database at ${hostname}:${port || 5432}${pathname} can't be reached (${why}): check DATABASE_URL and that the server runs.`,
    { cause },
  );
}

/** Whether the database refused the values of a statement: a constraint, a type's or an index's bounds. */
export function isRefusedData(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(22|23|54)...$/.test(code);
}

/** Whether the statement would have given a key away that another row has. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  '53300',
  '28P01',
  '28000',
  '3D000',
]);

/** Waits for statements under way, but not for ever: a connection that is lost may never be given back. */
async function closePool(pool: pg.Pool): Promise<void> {
  const over = new AbortController();
  // This timer keeps the process alive, which that of `AbortSignal.timeout` does not: with nothing else to wait for, it would end here.
  const late = delay(CLOSE_MS, undefined, { signal: over.signal }).catch(() => {});
  await Promise.race([pool.end(), late]).finally(() => over.abort());
}

const CONNECT_MS = 10_000;
const CLOSE_MS = 5_000;

/** What the driver says without a code. */
const LOST =
  /^(Connection terminated|Query read timeout|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** pg reads `sslmode=require` as `verify-full`, all others as libpq does. */
function withLibpqSsl(url: string): string {
  const address = new URL(url);
  if (address.searchParams.has('sslmode') && !address.searchParams.has('uselibpqcompat')) {
    address.searchParams.set('uselibpqcompat', 'true');
  }
  return address.href;
}

function executor(execute: (query: SQL) => PromiseLike<unknown>): Executor {
  const rows = <Row extends object>(query: SQL): Promise<readonly Row[]> =>
    plainErrors(async () => ((await execute(query)) as { readonly rows: readonly Row[] }).rows);
  return {
    rows,
    row: async <Row extends object>(query: SQL): Promise<Row> => {
      const [first] = await rows<Row>(query);
      if (first === undefined) throw new Error('a statement that gives one row gave none');
      return first;
    },
  };
}

/** Drizzle puts every parameter into its error's message, tokens and tasks included: only its cause goes on. */
async function plainErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DrizzleQueryError && error.cause ? error.cause : error;
  }
}

/** The database's clock in microseconds since 1970: the one clock by which observations are ordered. */
export async function databaseNow(db: Executor): Promise<number> {
  const { now } = await db.row<{ now: string }>(sql`select ${micros(sql`clock_timestamp()`)} as now`);
  return Number(now);
}

/** A timestamptz as microseconds since 1970, for JavaScript; exact until the year 2255. */
export const micros = (instant: SQL): SQL => sql`(extract(epoch from ${instant}) * 1000000)::bigint`;

/** Microseconds since 1970 as a timestamptz. */
export const fromMicros = (value: SQL | number): SQL =>
  sql`(timestamptz 'epoch' + ${value}::bigint * interval '1 microsecond')`;
