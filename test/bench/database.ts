import { readdirSync, readFileSync } from 'node:fs';
import postgres from 'postgres';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { migrate } from '../../src/mirror/migrate.js';
import { startPostgres } from '../servers/postgres.js';

/** Runs a benchmark on a migrated database that is gone afterwards. */
export async function withBenchDatabase(
  name: string,
  use: (sql: postgres.Sql, db: Database) => Promise<void>,
): Promise<void> {
  const server = await startPostgres();
  const database = `bench_${name}_${process.pid}`;
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  await admin`create database ${admin(database)}`;
  const url = Object.assign(new URL(server.url), { pathname: `/${database}` }).href;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const db = openDatabase(url, { applicationName: 'taskmirror bench', max: 1 });
  try {
    await migrate(url);
    await use(sql, db);
  } finally {
    await db.close();
    await sql.end();
    await admin`drop database ${admin(database)} with (force)`;
    await admin.end();
    await server.stop();
  }
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** A statement with the worker's origin. */
export async function asWorker(sql: postgres.Sql, statement: string): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx.unsafe(statement);
  });
}

/** Milliseconds of the processor that a process has used so far, in steps of 10; it hardly depends on what else the machine does. Linux only. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function processorMs(pid: number): number {
  const { own } = statOf(pid);
  return own;
}

/** The same of a process and all its children, those that ended too: PostgreSQL whole. */
export function familyMs(pid: number): number {
  const { own, ended } = statOf(pid);
  let sum = own + ended;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const child = statOf(Number(name));
      if (child.parent === pid) sum += child.own;
    } catch {
      // It ended as we looked, and counts among the ended ones the next time.
    }
  }
  return sum;
}

export async function findPostmaster(sql: postgres.Sql): Promise<number> {
  const [backend] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return statOf(backend?.pid ?? 0).parent;
}

export async function versionOf(sql: postgres.Sql): Promise<string> {
  const [server] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
  return server?.version ?? '';
}

function statOf(pid: number): { readonly parent: number; readonly own: number; readonly ended: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  const sum = (at: number) => ((fields[at] ?? 0) + (fields[at + 1] ?? 0)) * 10;
  return { parent: fields[1] ?? 0, own: sum(11), ended: sum(13) };
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
