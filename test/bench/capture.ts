import type postgres from 'postgres';
import { writePages } from './capture-pages.js';
import { asWorker, median, say, timed, withBenchDatabase } from './database.js';

const ROWS = 100_000;
const ROUNDS = 5;

/** One column in an index and one in none. */
const UPDATES = [
  { table: 'invoiced.tasks', set: `due_date = due_date + interval '1 day'` },
  { table: 'invoiced.tasks', set: 'completed_by_user_id = coalesce(completed_by_user_id, 0) + 1' },
  { table: 'freshbooks.tasks', set: 'rate_amount = rate_amount + 1' },
] as const;

/** Without triggers; with them, as the worker, whom they leave alone; with them, as a local writer. */
type Writer = 'plain' | 'worker' | 'local';

/**
 * What capture costs: a bulk UPDATE of 100,000 rows, and the worker's own pages. All start from the same rows, rewritten
 * as synced and vacuumed; the median of five rounds counts.
 */
export async function run(): Promise<void> {
  await withBenchDatabase('capture', async (sql, db) => {
    await fill(sql);
    say(`UPDATE of ${ROWS} rows: ms, and how many times those without triggers (median of ${ROUNDS})`);
    for (const { table, set } of UPDATES) {
      const update = `update ${table} set ${set}`;
      const by = (writer: Writer) => (writer === 'worker' ? asWorker(sql, update) : sql.unsafe(update));
      const figures = await compare(sql, table, ['plain', 'worker', 'local'], (writer) =>
        timed(() => by(writer)),
      );
      say(`  ${table} set ${set}: ${figures}`);
    }
    const figures = await compare(sql, 'invoiced.tasks', ['plain', 'worker'], () => writePages(db));
    say(`The worker's pages, 100 of 100 rows each: ${figures}`);
  });
}

async function compare(
  sql: postgres.Sql,
  table: string,
  writers: readonly Writer[],
  measure: (writer: Writer) => Promise<number>,
): Promise<string> {
  const rounds = new Map<Writer, number[]>(writers.map((writer) => [writer, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [writer, times] of rounds) {
      await asWorker(
        sql,
        `update ${table} set sync_state = 'synced', edited_at = null, pending_since = null`,
      );
      await sql.unsafe(`vacuum analyze ${table}`);
      await sql.unsafe(`alter table ${table} ${writer === 'plain' ? 'disable' : 'enable'} trigger user`);
      times.push(await measure(writer));
    }
  }
  const medians = [...rounds].map(([writer, times]) => ({ writer, ms: median(times) }));
  const plain = medians[0]?.ms ?? Number.NaN;
  return medians
    .map(({ writer, ms }) => `${writer} ${ms.toFixed(0)} (${(ms / plain).toFixed(2)})`)
    .join(', ');
}

/** Tasks as the APIs send them, some 400 bytes of JSON each. */
async function fill(sql: postgres.Sql): Promise<void> {
  await asWorker(
    sql,
    `insert into invoiced.tasks (row_id, id, name, action, customer_id, user_id, due_date, raw, synced_at, first_seen_at,
       created_at, updated_at)
     select nextval('sync.row_ids'), i, 'Call customer ' || i, 'phone', i % 5000, i % 50,
       timestamptz '2026-01-01Z' + i * interval '1 minute',
       jsonb_build_object('id', i, 'name', 'Call customer ' || i, 'action', 'phone', 'customer_id', i % 5000,
         'user_id', i % 50, 'due_date', 1767225600 + i * 60, 'complete', false, 'completed_date', null,
         'completed_by_user_id', null, 'chase_step_id', null, 'created_at', 1767225600, 'updated_at', 1767225600 + i,
         'bill', null, 'bill_id', null, 'vendor_credit', null),
       now(), now(), now(), timestamptz '2026-01-01Z' + i * interval '1 second'
     from generate_series(1, ${ROWS}) i`,
  );
  await asWorker(
    sql,
    `insert into freshbooks.tasks (row_id, id, name, description, rate_amount, rate_code, raw, synced_at, first_seen_at, updated_at)
     select nextval('sync.row_ids'), i, 'Painting ' || i, 'Walls and ceilings', i % 200, 'USD',
       jsonb_build_object('id', i, 'taskid', i, 'name', 'Painting ' || i, 'tname', 'Painting ' || i,
         'description', 'Walls and ceilings', 'tdesc', 'Walls and ceilings', 'billable', true, 'tax1', 0, 'tax2', 0,
         'rate', jsonb_build_object('amount', (i % 200)::text || '.00', 'code', 'USD'), 'vis_state', 0,
         'updated', '2026-01-01 00:00:00'),
       now(), now(), timestamptz '2026-01-01Z' + i * interval '1 second'
     from generate_series(1, ${ROWS}) i`,
  );
}
