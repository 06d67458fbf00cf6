import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { arrayOf } from './tasks.js';

/** When the API last answered that it had done a write of each of these rows, in microseconds since 1970; only of rows that were written. */
export async function findDepartures(
  db: Executor,
  rowIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows<{ row_id: string; answered_at: string }>(sql`
    select row_id::text, ${micros(sql`max(answered_at)`)} as answered_at from sync.writes
    where row_id = any(${arrayOf(rowIds)}::bigint[]) and outcome = 'ok' and answered_at is not null
    group by row_id`);
  return new Map(rows.map(({ row_id, answered_at }) => [row_id, Number(answered_at)]));
}
