import { sql } from 'drizzle-orm';
import { type Database, type Executor, micros } from './database.js';
import type { PendingRow } from './pending.js';
import { bookkeeping, type TaskTable, tableName, transported } from './table.js';
import { type StoredRow, toRow } from './tasks.js';

/** A row that is not synced, and what stands in the way of sending it. */
export interface UnsyncedRow extends Omit<PendingRow, 'younger'> {
  /** When the first of its local changes was made, microseconds since 1970. */
  readonly pendingSince: number | null;
  /** Not to be sent before this; null for at once. */
  readonly pushAfter: number | null;
  /** Its oldest write whose outcome is not known yet, a create before all others; null where there is none. */
  readonly open: OpenWrite | null;
}

export interface OpenWrite {
  readonly method: string;
  readonly decision: 'adopt' | 'create' | null;
  readonly adoptId: number | null;
}

/** Where a listing goes on: after this row. */
export interface PlaceInLine {
  readonly pendingSince: number | null;
  readonly rowId: string;
}

/** Reads the mirror as it is at one moment; writes nothing. */
export function inSnapshot<Result>(db: Database, work: (tx: Executor) => Promise<Result>): Promise<Result> {
  return db.transaction(async (tx) => {
    await tx.rows(sql`set transaction isolation level repeatable read, read only`);
    return work(tx);
  });
}

/** A connection's rows in one state, in the order in which a push takes them. Relies on the partial index of rows that are not synced. */
export async function findUnsynced(
  tx: Executor,
  table: TaskTable,
  connection: string,
  syncState: 'pending' | 'failed',
  { after, limit }: { readonly after: PlaceInLine | null; readonly limit: number },
): Promise<readonly UnsyncedRow[]> {
  const since = sql`coalesce(${micros(sql`t.pending_since`)}, 0)`;
  const beyond =
    after === null
      ? sql`true`
      : sql`(${since}, t.row_id) > (${after.pendingSince ?? 0}::bigint, ${after.rowId}::bigint)`;
  const rows = await tx.rows<UnsyncedStored>(sql`
    select t.id::text as id, t.push_attempts::int as attempts, ${micros(sql`t.pending_since`)} as pending_since,
      ${micros(sql`t.push_after`)} as push_after, ${bookkeeping('t')}, ${transported(table, 't')} as columns,
      w.method, w.decision, w.adopt_id::text
    from ${tableName(table)} t left join lateral (
      select method, decision, adopt_id from sync.writes w
      where w.row_id = t.row_id and w.settled_at is null
      order by w.method <> 'POST', w.write_id limit 1
    ) w on true
    where t.connection = ${connection} and t.sync_state = ${syncState} and ${beyond}
    order by ${since}, t.row_id
    limit ${limit}`);
  return rows.map(toUnsynced);
}

interface UnsyncedStored extends StoredRow {
  readonly attempts: number;
  readonly pending_since: string | null;
  readonly push_after: string | null;
  readonly method: string | null;
  readonly decision: OpenWrite['decision'];
  readonly adopt_id: string | null;
}

const toUnsynced = ({
  attempts,
  pending_since,
  push_after,
  method,
  decision,
  adopt_id,
  ...row
}: UnsyncedStored) => ({
  ...toRow(row),
  attempts,
  pendingSince: pending_since === null ? null : Number(pending_since),
  pushAfter: push_after === null ? null : Number(push_after),
  open: method === null ? null : { method, decision, adoptId: adopt_id === null ? null : Number(adopt_id) },
});
