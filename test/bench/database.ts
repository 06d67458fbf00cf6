import { readFileSync } from 'node:fs';
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
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
