import { type SQL, sql } from 'drizzle-orm';
import type { Column, Columns, Json } from '../fields.js';
import { type Executor, micros } from './database.js';
import { list, stored, type TaskTable, tableName, transported, transportTypes } from './table.js';

/** An overruled field as the journal holds it. Instants in values are seconds since 1970, money is text. */
export interface Conflict {
  readonly conflictId: string;
  readonly connection: string;
  /** Null where the connection is gone. */
  readonly source: string | null;
  readonly rowId: string;
  readonly field: string;
  readonly base: Json;
  readonly local: Json;
  readonly remote: Json;
  readonly winner: 'local' | 'remote';
  readonly reason: string;
  /** Microseconds since 1970. */
  readonly createdAt: number;
  readonly restoredAt: number | null;
  /** The task's row as it stands now; null where it is gone. */
  readonly row: ConflictRow | null;
}

export interface ConflictRow {
  readonly id: number | null;
  /** In transport form: see `transported`. */
  readonly columns: Columns;
}

export interface ConflictFilter {
  readonly connection: string | null;
  /** Whether those are listed too that were restored. */
  readonly restored: boolean;
  /** Null for all. */
  readonly limit: number | null;
}

/** The newest first, and how many there are without the limit. */
export async function listConflicts(
  db: Executor,
  tables: readonly TaskTable[],
  { connection, restored, limit }: ConflictFilter,
): Promise<{ readonly conflicts: readonly Conflict[]; readonly total: number }> {
  const wanted = sql`
    (${connection}::text is null or c.connection = ${connection}) and (${restored} or c.restored_at is null)`;
  const { total } = await db.row<{ total: number }>(sql`
    select count(*)::int as total from sync.conflicts c where ${wanted}`);
  const rows = await db.rows<Stored>(sql`
    with c as materialized (
      select * from sync.conflicts c where ${wanted} order by c.conflict_id desc limit ${limit}::bigint
    )
    ${selectConflicts(tables)} order by c.conflict_id desc`);
  return { conflicts: rows.map(toConflict), total };
}

/** `lock` holds the journal's entry, and then its row, for the transaction, so that two restores follow each other. */
export async function findConflict(
  db: Executor,
  tables: readonly TaskTable[],
  conflictId: string,
  { lock }: { readonly lock: boolean },
): Promise<Conflict | null> {
  if (lock) {
    await db.rows(sql`select 1 from sync.conflicts where conflict_id = ${conflictId}::bigint for update`);
    for (const table of tables) {
      await db.rows(sql`
        select 1 from ${tableName(table)} t
        where t.row_id = (select row_id from sync.conflicts where conflict_id = ${conflictId}::bigint) for update`);
    }
  }
  const [row] = await db.rows<Stored>(sql`
    with c as (select * from sync.conflicts where conflict_id = ${conflictId}::bigint)
    ${selectConflicts(tables)}`);
  return row === undefined ? null : toConflict(row);
}

/** Sets columns of a row to canonical values, as the local writer whose transaction this is, and marks the conflict as restored. */
export async function putBack(
  tx: Executor,
  table: TaskTable,
  conflict: Pick<Conflict, 'conflictId' | 'rowId'>,
  columns: readonly Column[],
  values: Columns,
): Promise<void> {
  const incoming = JSON.stringify([values]);
  const set = columns.map((column) => sql`${sql.identifier(column.name)} = ${stored(column, 'v')}`);
  await tx.rows(sql`
    update ${tableName(table)} t set ${list(set)}
    from jsonb_to_recordset(${incoming}::text::jsonb) as v (${transportTypes(table)})
    where t.row_id = ${conflict.rowId}::bigint`);
  await tx.rows(sql`
    update sync.conflicts set restored_at = clock_timestamp() where conflict_id = ${conflict.conflictId}::bigint`);
}

/** Of the conflicts named `c`: a row_id names one row of all tables. */
function selectConflicts(tables: readonly TaskTable[]): SQL {
  const tasks = tables.map(
    (table) => sql`select t.row_id, t.id, ${transported(table, 't')} as columns from ${tableName(table)} t`,
  );
  return sql`
    select c.conflict_id::text, c.connection, n.source, c.row_id::text, c.field, c.base, c.local, c.remote, c.winner, c.reason,
      ${micros(sql`c.created_at`)} as created_at, ${micros(sql`c.restored_at`)} as restored_at,
      t.id::text as id, t.columns
    from c
    left join sync.connections n on n.name = c.connection
    left join (${sql.join(tasks, sql` union all `)}) t on t.row_id = c.row_id`;
}

interface Stored {
  readonly conflict_id: string;
  readonly connection: string;
  readonly source: string | null;
  readonly row_id: string;
  readonly field: string;
  readonly base: Json;
  readonly local: Json;
  readonly remote: Json;
  readonly winner: 'local' | 'remote';
  readonly reason: string;
  readonly created_at: string;
  readonly restored_at: string | null;
  readonly id: string | null;
  readonly columns: Columns | null;
}

const toConflict = ({
  conflict_id,
  row_id,
  created_at,
  restored_at,
  id,
  columns,
  ...rest
}: Stored): Conflict => ({
  ...rest,
  conflictId: conflict_id,
  rowId: row_id,
  createdAt: Number(created_at),
  restoredAt: restored_at === null ? null : Number(restored_at),
  row: columns === null ? null : { id: id === null ? null : Number(id), columns },
});
