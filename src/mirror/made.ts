import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { type TaskTable, tableName } from './table.js';

/** Remembers an id whose task is gone for good and was made anew under another: no page brings it back. */
export async function retireId(tx: Executor, connection: string, id: number, rowId: string): Promise<void> {
  await tx.rows(sql`
    insert into sync.retired_ids (connection, id, row_id) values (${connection}, ${id}, ${rowId}::bigint)
    on conflict do nothing`);
}

/**
 * Folds a row that a pull made into the row whose insert made the task: what is recorded of it moves along. False, and
 * nothing done, for a row that is itself somebody's insert.
 */
export async function foldTwin(
  tx: Executor,
  table: TaskTable,
  twinId: string,
  rowId: string,
): Promise<boolean> {
  const { own } = await tx.row<{ own: boolean }>(sql`
    select exists (select from sync.writes where row_id = ${twinId}::bigint and method = 'POST') as own`);
  if (own) return false;
  await tx.rows(sql`
    with conflicts as (update sync.conflicts set row_id = ${rowId}::bigint where row_id = ${twinId}::bigint),
      writes as (update sync.writes set row_id = ${rowId}::bigint where row_id = ${twinId}::bigint)
    delete from ${tableName(table)} where row_id = ${twinId}::bigint`);
  return true;
}
