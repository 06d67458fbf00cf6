import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { type TaskTable, tableName } from './table.js';
import { arrayOf } from './tasks.js';

/** When each of these tasks was last written from an answer of the API, in microseconds since 1970; only of those that are mirrored. */
export async function findArrivals(
  db: Executor,
  table: TaskTable,
  connection: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await db.rows<{ id: string; synced_at: string | null }>(sql`
    select id::text, ${micros(sql`synced_at`)} as synced_at from ${tableName(table)}
    where connection = ${connection} and id = any(${arrayOf(ids)}::bigint[])`);
  return new Map(
    rows.flatMap(({ id, synced_at }) =>
      synced_at === null ? [] : [[Number(id), Number(synced_at)] as const],
    ),
  );
}
