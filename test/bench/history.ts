import { sql as query } from 'drizzle-orm';
import type postgres from 'postgres';
import { asWorker, median, processorMs, say, versionOf, withBenchDatabase } from './database.js';
import { readFirst } from './first-read.js';
import { setHistory } from './history-triggers.js';
import { type Figure, report, round, spread } from './report.js';

const ROUNDS = 5;

/**
 * What history costs whoever writes, with its triggers and without: the processor time of the one backend that does the work, since that
 * hardly depends on what else the machine does. Linux only.
 */
export async function run(): Promise<void> {
  await withBenchDatabase('history', async (sql, db) => {
    say(`What history costs 100,000 rows: a warm-up, then ${ROUNDS} rounds`);
    const backend = await db.row<{ pid: number }>(query`select pg_backend_pid() as pid`);
    const [own] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const read = await compare(
      sql,
      'a first read, in pages of 100',
      backend.pid,
      () => empty(sql),
      () => readFirst(db),
    );
    const pid = own?.pid ?? 0;
    const update = `update invoiced.tasks set due_date = due_date + interval '1 day'`;
    const byWorker = await compare(
      sql,
      'an UPDATE by the worker',
      pid,
      () => settle(sql),
      () => asWorker(sql, update),
    );
    const byLocal = await compare(
      sql,
      'a local UPDATE',
      pid,
      () => settle(sql),
      () => sql.unsafe(update),
    );
    report(
      'history',
      await versionOf(sql),
      [read, byWorker, byLocal],
      `median of ${ROUNDS} (least-most) of the backend's processor time`,
    );
  });
}

async function compare(
  sql: postgres.Sql,
  what: string,
  pid: number,
  before: () => Promise<void>,
  work: () => Promise<unknown>,
): Promise<Figure> {
  const times = { without: [] as number[], with: [] as number[] };
  for (let turn = 0; turn <= ROUNDS; turn++) {
    for (const history of ['without', 'with'] as const) {
      await before();
      await setHistory(sql, 'invoiced', history === 'with');
      const start = processorMs(pid);
      await work();
      if (turn > 0) times[history].push(processorMs(pid) - start);
    }
  }
  const [plain, kept] = [median(times.without), median(times.with)];
  return {
    what,
    'without, ms': spread(times.without),
    'with, ms': spread(times.with),
    times: round(kept / plain, 2),
  };
}

async function empty(sql: postgres.Sql): Promise<void> {
  await sql`alter table invoiced.tasks disable trigger user`;
  await sql`truncate invoiced.tasks, invoiced.task_versions`;
  await sql`alter table invoiced.tasks enable trigger user`;
}

/** All rows synced, without history. */
async function settle(sql: postgres.Sql): Promise<void> {
  await setHistory(sql, 'invoiced', false);
  await asWorker(
    sql,
    `update invoiced.tasks set sync_state = 'synced', edited_at = null, pending_since = null`,
  );
  await sql`truncate invoiced.task_versions`;
  await sql`vacuum analyze invoiced.tasks`;
}
