import { type SQL, sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { bookkeeping, deletedAtApi, type TaskTable, tableName, transported } from './table.js';
import { arrayOf, type MirrorRow, type StoredRow, toRow } from './tasks.js';

/** A row with a local change that waits to be sent. */
export interface PendingRow extends MirrorRow {
  /** How often sending it has been put off in a row. */
  readonly attempts: number;
  /** Whether the API first showed the task after a create was sent whose outcome isn't known yet: it may be that one's work. */
  readonly younger: boolean;
}

/** When a pending row is due: after a quiet time since its last edit, but no later than a bound after its first. */
export interface Quiet {
  readonly quietMs: number;
  readonly boundMs: number;
}

export interface DueOptions extends Quiet {
  readonly limit: number;
  /** Rows that are being worked on. */
  readonly except: readonly string[];
  /** Whether rows may be given that delete a task at the API. */
  readonly deletes: boolean;
}

/** Rows that are due, oldest change first. Relies on the partial index of rows that are not synced. */
export async function findDue(
  db: Executor,
  table: TaskTable,
  connection: string,
  { limit, except, deletes, ...quiet }: DueOptions,
): Promise<readonly PendingRow[]> {
  const rows = await db.rows<PendingStored>(sql`
    select t.id::text as id, t.push_attempts::int as attempts, ${younger} as younger, ${bookkeeping('t')},
      ${transported(table, 't')} as columns
    from ${tableName(table)} t
    where t.connection = ${connection} and t.sync_state = 'pending' and ${dueAt(quiet)} <= clock_timestamp()
      and t.row_id <> all (${arrayOf(except)}::bigint[])
      and (${deletes} or not (${deletesAtApi(table)}))
    order by t.pending_since, t.row_id
    limit ${limit}`);
  return rows.map(toPending);
}

/** The row as it stands now; null when it is gone. */
export async function findPending(db: Executor, table: TaskTable, rowId: string): Promise<PendingRow | null> {
  const [row] = await db.rows<PendingStored>(sql`
    select t.id::text as id, t.push_attempts::int as attempts, ${younger} as younger, ${bookkeeping('t')},
      ${transported(table, 't')} as columns
    from ${tableName(table)} t where t.row_id = ${rowId}::bigint`);
  return row === undefined ? null : toPending(row);
}

/** Milliseconds until the next pending row is due; null when none is pending. Deletes that wait for a person don't count. */
export async function nextDue(
  db: Executor,
  table: TaskTable,
  connection: string,
  quiet: Quiet,
  deletes: boolean,
): Promise<number | null> {
  const waiting = sql`
    from ${tableName(table)} t
    where t.connection = ${connection} and t.sync_state = 'pending' and (${deletes} or not (${deletesAtApi(table)}))`;
  // Mostly one of the first is due, and the others need not be read.
  const { ms } = await db.row<{ ms: number | null }>(sql`
    select case
      when (select true ${waiting} and ${dueAt(quiet)} <= clock_timestamp() order by t.pending_since, t.row_id limit 1) then 0
      else (select extract(epoch from min(${dueAt(quiet)}) - clock_timestamp()) * 1000 ${waiting})
    end::float8 as ms`);
  return ms === null ? null : Math.max(0, ms);
}

/** How many pending rows would delete a task at the API, those a person has approved left out; and how many tasks there are. */
export async function countDeletes(
  db: Executor,
  table: TaskTable,
  connection: string,
  few: number,
): Promise<{ readonly deletes: number; readonly active: number }> {
  const { deletes } = await db.row<{ deletes: number }>(sql`
    select count(*)::int as deletes from ${tableName(table)} t
    where t.connection = ${connection} and t.sync_state = 'pending' and ${deletesAtApi(table)}
      and not exists (
        select from sync.connections c where c.name = t.connection and c.deletes_approved_at >= t.edited_at)`);
  if (deletes <= few) return { deletes, active: 0 };
  const { active } = await db.row<{ active: number }>(sql`
    select count(*)::int as active from ${tableName(table)} t
    where t.connection = ${connection} and t.raw is not null and not ${deletedAtApi(table, 't')}`);
  return { deletes, active };
}

/** A person lets the deletes go on that are pending now. */
export async function approveDeletes(db: Executor, connection: string): Promise<void> {
  await db.rows(sql`
    update sync.connections set deletes_approved_at = clock_timestamp() where name = ${connection}`);
}

/**
 * Puts a row off that could not be sent now; it stays pending, and says why. Not if it was edited meanwhile, or if somebody holds it locked.
 * One that only `waits` has not failed once more.
 */
export async function putOff(
  tx: Executor,
  table: TaskTable,
  row: Pick<PendingRow, 'rowId' | 'editedAt'>,
  {
    reason,
    afterMs,
    waits = false,
  }: { readonly reason: string; readonly afterMs: number; readonly waits?: boolean },
): Promise<boolean> {
  const off = await tx.rows(sql`
    update ${tableName(table)} t set sync_error = ${reason}, push_attempts = least(t.push_attempts + ${waits ? 0 : 1}, 30),
      push_after = clock_timestamp() + ${Math.ceil(afterMs)} * interval '1 millisecond'
    where ${free(table, row)}
    returning 1`);
  return off.length > 0;
}

/** Marks a row as refused, with the API's words. One that was edited meanwhile stays pending: the new edit is sent. */
export async function refuse(
  tx: Executor,
  table: TaskTable,
  row: Pick<PendingRow, 'rowId' | 'editedAt'>,
  words: string,
): Promise<boolean> {
  const refused = await tx.rows(sql`
    update ${tableName(table)} t set sync_state = 'failed', sync_error = ${words}, push_after = null
    where ${free(table, row)}
    returning 1`);
  return refused.length > 0;
}

/** The API is told all that was edited. */
export async function forgetEditedAgain(tx: Executor, table: TaskTable, rowId: string): Promise<void> {
  await tx.rows(sql`update ${tableName(table)} set edited_again = null where row_id = ${rowId}::bigint`);
}

/** Connections of this source that have pending rows. */
export async function connectionsWithPending(db: Executor, table: TaskTable): Promise<readonly string[]> {
  const rows = await db.rows<{ connection: string }>(sql`
    select distinct connection from ${tableName(table)} where sync_state = 'pending'`);
  return rows.map(({ connection }) => connection);
}

const deletesAtApi = (table: TaskTable): SQL => sql`
  t.vis_state = 1 and t.raw is not null and not ${deletedAtApi(table, 't')}`;

const dueAt = ({ quietMs, boundMs }: Quiet): SQL => sql`
  coalesce(greatest(t.push_after, least(
    t.edited_at + ${quietMs} * interval '1 millisecond',
    t.pending_since + ${boundMs} * interval '1 millisecond')), 'epoch')`;

/** Nobody's open transaction is waited for: it would hold up the other rows, and keep our lease from being renewed. */
const free = (table: TaskTable, { rowId, editedAt }: Pick<PendingRow, 'rowId' | 'editedAt'>): SQL => sql`
  t.row_id in (
    select f.row_id from ${tableName(table)} f
    where f.row_id = ${rowId}::bigint and f.sync_state = 'pending'
      and ${micros(sql`f.edited_at`)} is not distinct from ${editedAt}::bigint
    for update skip locked)`;

const younger: SQL = sql`
  exists (
    select from sync.writes w
    where w.connection = t.connection and w.method = 'POST' and w.settled_at is null and w.sent_at < t.first_seen_at)`;

interface PendingStored extends StoredRow {
  readonly attempts: number;
  readonly younger: boolean;
}

const toPending = (row: PendingStored): PendingRow => {
  return { ...toRow(row), attempts: row.attempts, younger: row.younger };
};
