import { sql } from 'drizzle-orm';
import { moveLink } from './crossed.js';
import type { Executor } from './database.js';
import { type TaskTable, tableName } from './table.js';
import type { MirrorRow } from './tasks.js';

/** Remembers an id whose task is gone for good and was made anew under another: no page brings it back. */
export async function retireId(tx: Executor, connection: string, id: number, rowId: string): Promise<void> {
  await tx.rows(sql`
    insert into sync.retired_ids (connection, id, row_id) values (${connection}, ${id}, ${rowId}::bigint)
    on conflict do nothing`);
}

/**
 * Folds a row that a pull made into the row whose insert made the task: what is recorded of it moves along. Nothing is done
 * for a row that is itself somebody's insert, and for one that moved since it was read or that somebody holds locked.
 */
export async function foldTwin(
  tx: Executor,
  table: TaskTable,
  { rowId: twinId, version }: Pick<MirrorRow, 'rowId' | 'version'>,
  rowId: string,
): Promise<'folded' | 'own insert' | 'moved'> {
  const { own } = await tx.row<{ own: boolean }>(sql`
    select exists (select from sync.writes where row_id = ${twinId}::bigint and method = 'POST') as own`);
  if (own) return 'own insert';
  const locked = await tx.rows(sql`
    select from ${tableName(table)} where row_id = ${twinId}::bigint and xmin::text = ${version} for update skip locked`);
  if (locked.length === 0) return 'moved';
  await moveLink(tx, table, twinId, rowId);
  await tx.rows(sql`
    with conflicts as (update sync.conflicts set row_id = ${rowId}::bigint where row_id = ${twinId}::bigint),
      writes as (update sync.writes set row_id = ${rowId}::bigint where row_id = ${twinId}::bigint)
    delete from ${tableName(table)} where row_id = ${twinId}::bigint`);
  return 'folded';
}

/** Really deletes a row that a person deleted, and whose task, as is known now, was never made. Not one that moved since it was read. */
export async function dropUnmade(
  tx: Executor,
  table: TaskTable,
  { rowId, version }: Pick<MirrorRow, 'rowId' | 'version'>,
): Promise<boolean> {
  const dropped = await tx.rows(sql`
    delete from ${tableName(table)} t where t.row_id in (
      select row_id from ${tableName(table)}
      where row_id = ${rowId}::bigint and xmin::text = ${version} and id is null and raw is null and vis_state = 1
      for update skip locked)
    returning 1`);
  return dropped.length > 0;
}
