import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { type TaskTable, tableName } from './table.js';
import { arrayOf, type MirrorRow } from './tasks.js';

/** A row as `retry` looks at it. */
export interface RetriedRow {
  readonly rowId: string;
  readonly source: string;
  readonly connection: string;
  readonly syncState: MirrorRow['syncState'];
}

/** Rows by their ids, over all tables, locked for the transaction. Ids that name no row are left out. */
export async function lockRows(
  tx: Executor,
  tables: readonly TaskTable[],
  rowIds: readonly string[],
): Promise<readonly RetriedRow[]> {
  const found: RetriedRow[] = [];
  for (const table of tables) {
    const rows = await tx.rows<{
      row_id: string;
      connection: string;
      sync_state: MirrorRow['syncState'];
    }>(sql`
      select row_id::text, connection, sync_state from ${tableName(table)} t
      where t.row_id = any(${arrayOf(rowIds)}::bigint[]) order by t.row_id for update`);
    found.push(
      ...rows.map(({ row_id, connection, sync_state }) => {
        return { rowId: row_id, source: table.name, connection, syncState: sync_state };
      }),
    );
  }
  return found;
}

/** Makes failed rows pending again, as the local writer whose transaction this is, and gives their number. `rowIds` null means all. */
export async function retryFailed(
  tx: Executor,
  table: TaskTable,
  { connection, rowIds }: { readonly connection: string | null; readonly rowIds: readonly string[] | null },
): Promise<number> {
  const { retried } = await tx.row<{ retried: number }>(sql`
    with retried as (
      update ${tableName(table)} t set sync_state = 'pending'
      where t.sync_state = 'failed' and (${connection}::text is null or t.connection = ${connection})
        and (${rowIds === null} or t.row_id = any(${arrayOf(rowIds ?? [])}::bigint[]))
      returning 1
    )
    select count(*)::int as retried from retried`);
  return retried;
}

/** A create of which it isn't known whether it arrived, locked for the transaction. */
export interface UnknownCreate {
  readonly writeId: string;
  /** Microseconds since 1970. */
  readonly sentAt: number;
  readonly decided: boolean;
}

export async function lockUnknownCreate(tx: Executor, rowId: string): Promise<UnknownCreate | null> {
  const [row] = await tx.rows<{ write_id: string; sent_at: string; decided: boolean }>(sql`
    select write_id::text, ${micros(sql`sent_at`)} as sent_at, decision is not null as decided from sync.writes
    where row_id = ${rowId}::bigint and settled_at is null and method = 'POST'
    order by sync.writes.write_id limit 1 for update`);
  return row === undefined
    ? null
    : { writeId: row.write_id, sentAt: Number(row.sent_at), decided: row.decided };
}

/** What the mirror knows of an id that a person wants a create to have made. */
export interface IdHolder {
  /** The row whose task has this id, had it before, or is to adopt it. */
  readonly rowId: string;
  readonly as: 'task' | 'own insert' | 'former id' | 'to adopt';
  /** When the API first showed the task; microseconds since 1970. Null where it has not. */
  readonly firstSeenAt: number | null;
}

export async function holdersOf(
  tx: Executor,
  table: TaskTable,
  connection: string,
  id: number,
): Promise<readonly IdHolder[]> {
  const rows = await tx.rows<{ row_id: string; as: IdHolder['as']; first_seen_at: string | null }>(sql`
    select t.row_id::text,
      case when exists (
        select from sync.writes w where w.row_id = t.row_id and w.method = 'POST'
      ) then 'own insert' else 'task' end as "as",
      ${micros(sql`t.first_seen_at`)} as first_seen_at
    from ${tableName(table)} t where t.connection = ${connection} and t.id = ${id}::bigint
    union all
    select r.row_id::text, 'former id', null from sync.retired_ids r
    where r.connection = ${connection} and r.id = ${id}::bigint
    union all
    select w.row_id::text, 'to adopt', null from sync.writes w
    where w.connection = ${connection} and w.settled_at is null and w.adopt_id = ${id}::bigint`);
  return rows.map(({ row_id, as, first_seen_at }) => ({
    rowId: row_id,
    as,
    firstSeenAt: first_seen_at === null ? null : Number(first_seen_at),
  }));
}

/** Remembers what a person decided of a create; the next push does it. */
export async function decide(
  tx: Executor,
  writeId: string,
  decision: { readonly adopt: number } | 'create',
): Promise<void> {
  const adopt = decision === 'create' ? null : decision.adopt;
  await tx.rows(sql`
    update sync.writes set decision = ${decision === 'create' ? 'create' : 'adopt'}, adopt_id = ${adopt}::bigint
    where write_id = ${writeId}::bigint`);
}
