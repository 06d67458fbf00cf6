import { loadavg } from 'node:os';
import { sql as query } from 'drizzle-orm';
import type postgres from 'postgres';
import { asWorker, median, processorMs, say, withBenchDatabase } from './database.js';
import { readFirst } from './first-read.js';

const ROUNDS = 5;

/**
 * What history costs whoever writes, with its triggers and without: the processor time of the one backend that does the work, since that
 * hardly depends on what else the machine does. Linux only.
 */
export async function run(): Promise<void> {
  await withBenchDatabase('history', async (sql, db) => {
    say(`What history costs 100,000 rows: ms of the backend's processor time (median of ${ROUNDS})`);
    const backend = await db.row<{ pid: number }>(query`select pg_backend_pid() as pid`);
    const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await compare(
      sql,
      'a first read, in pages of 100',
      backend.pid,
      () => empty(sql),
      () => readFirst(db),
    );
    const pid = own?.pid ?? 0;
    const update = `update invoiced.tasks set due_date = due_date + interval '1 day'`;
    await compare(
      sql,
      'an UPDATE by the worker',
      pid,
      () => settle(sql),
      () => asWorker(sql, update),
    );
    await compare(
      sql,
      'a local UPDATE',
      pid,
      () => settle(sql),
      () => sql.unsafe(update),
    );
    say(`load ${loadavg()[0]?.toFixed(1)}`);
  });
}

async function compare(
  sql: postgres.Sql,
  what: string,
  pid: number,
  before: () => Promise<void>,
  work: () => Promise<unknown>,
): Promise<void> {
  const times = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const history of ['without', 'with'] as const) {
      await before();
      await setHistory(sql, history === 'with');
      const start = processorMs(pid);
      await work();
      times[history].push(processorMs(pid) - start);
    }
  }
  const [plain, kept] = [median(times.without), median(times.with)];
  say(`  ${what}: without ${plain}, with ${kept} (${(kept / plain).toFixed(2)})`);
}

async function empty(sql: postgres.Sql): Promise<void> {
  await sql`alter table invoiced.tasks disable trigger user`;
  await sql`truncate invoiced.tasks, invoiced.task_versions`;
  await sql`alter table invoiced.tasks enable trigger user`;
}

/** All rows synced, without history. */
async function settle(sql: postgres.Sql): Promise<void> {
  await setHistory(sql, false);
  await asWorker(
    sql,
    `update invoiced.tasks set sync_state = 'synced', edited_at = null, pending_since = null`,
  );
  await sql`truncate invoiced.task_versions`;
  await sql`vacuum analyze invoiced.tasks`;
}

async function setHistory(sql: postgres.Sql, kept: boolean): Promise<void> {
  const triggers = await sql<{ name: string }[]>`
    select tgname as name from pg_trigger where tgrelid = 'invoiced.tasks'::regclass and tgname like 'zz_versions%'`;
  if (triggers.length === 0) throw new Error('There are no triggers for history on invoiced.tasks.');
  for (const { name } of triggers)
    await sql.unsafe(`alter table invoiced.tasks ${kept ? 'enable' : 'disable'} trigger ${name}`);
}
