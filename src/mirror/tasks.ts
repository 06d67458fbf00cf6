import { type SQL, sql } from 'drizzle-orm';
import type { Columns, ConflictPolicy, JsonObject } from '../fields.js';
import { type RemadeField, takeAsAgreed } from './crossed.js';
import { type Executor, fromMicros } from './database.js';
import { perhapsDifferent } from './just-so.js';
import {
  bookkeeping,
  columnsOf,
  type Incoming,
  incomingColumns,
  list,
  rowsIn,
  stored,
  type TaskTable,
  tableName,
  transported,
  zipped,
} from './table.js';

/** A task as the mirror holds it, in the version that was read. */
export interface MirrorRow {
  readonly rowId: string;
  /** The API's id; null until the task has been made there. */
  readonly id: number | null;
  /** Changes with every write to the row; a write takes the row only in this version. */
  readonly version: string;
  readonly columns: Columns;
  readonly raw: JsonObject | null;
  readonly syncState: 'synced' | 'pending' | 'failed';
  readonly syncError: string | null;
  /** Microseconds since 1970, by the database's clock. */
  readonly syncedAt: number | null;
  readonly editedAt: number | null;
  /** The columns that were edited again while an earlier edit was waiting: they may be back at what the API last gave. */
  readonly editedAgain: readonly string[];
  /** The bodies of writes under way; null for one that has none. */
  readonly sent: readonly (JsonObject | null)[];
  /** Where its change came over a link: who wins by that link's rule, and when it had been changed there, in microseconds since 1970. */
  readonly comeOver?: { readonly policy: ConflictPolicy; readonly changedAt: number | null } | null;
}

export interface IncomingTask {
  readonly id: number;
  readonly columns: Columns;
  readonly raw: JsonObject;
}

/**
 * Of a page's tasks, those that the mirror doesn't hold just so: `row` is what it holds, null for a new task. Tasks held
 * as they are, and retired ids, are left out, so that a page without changes brings nothing over the wire. Takes no lock.
 * Relies on the unique index (connection, id), which it is held to (lateral, limit 1): in a table that grew since it was last analysed,
 * as in a first read, the planner would rather read all of it for each batch.
 */
export async function findDifferent(
  db: Executor,
  table: TaskTable,
  connection: string,
  tasks: readonly IncomingTask[],
): Promise<ReadonlyMap<number, MirrorRow | null>> {
  const suspects = await perhapsDifferent(db, table, connection, tasks);
  if (suspects.length === 0) return new Map();
  const columns = columnsOf(table);
  // What an answer leaves out compares as what the row holds that never had it.
  const incoming = zipped('i', [
    { name: 'id', type: 'bigint', values: suspects.map(({ id }) => id) },
    { name: 'raw', type: 'jsonb', values: suspects.map(({ raw }) => raw) },
    ...incomingColumns(
      table,
      suspects.map((task) => task.columns),
    ),
  ]);
  const rows = await db.rows<StoredRow>(sql`
    select i.id::text as id, ${bookkeeping('t')}, ${transported(table, 't')} as columns
    from ${incoming}
    left join lateral (
      select t.*, t.xmin from ${tableName(table)} t where t.connection = ${connection} and t.id = i.id limit 1
    ) t on true
    where case
      when t.row_id is null then
        not ${isRetired(connection)}
      else
        t.raw is distinct from i.raw
        or t.edited_again is not null and t.sync_state <> 'synced'
        or t.sync_state = 'synced' and
          (${list(columns.map(({ name }) => sql`t.${sql.identifier(name)}`))}) is distinct from
          (${list(columns.map((column) => stored(column, 'i')))})
      end`);
  return new Map(rows.map((row) => [Number(row.id), row.row_id === null ? null : toRow(row)]));
}

/** Whether the incoming row's id is a former one. No page brings it back. */
const isRetired = (connection: string): SQL =>
  sql`exists (select from sync.retired_ids r where r.connection = ${connection} and r.id = i.id)`;

/** The rows of these ids. Takes no lock. */
export async function findById(
  db: Executor,
  table: TaskTable,
  connection: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, MirrorRow>> {
  const rows = await db.rows<StoredRow>(sql`
    select t.id::text as id, ${bookkeeping('t')}, ${transported(table, 't')} as columns
    from ${tableName(table)} t
    where t.connection = ${connection} and t.id = any(${arrayOf(ids)}::bigint[])`);
  return new Map(rows.map((row) => [Number(row.id), toRow(row)]));
}

/** A row as it is to be after a merge. */
export interface RowChange {
  /** Null while the API has not made the task. */
  readonly id: number | null;
  /** Null for a task that is new to the mirror. */
  readonly row: Pick<MirrorRow, 'rowId' | 'version'> | null;
  readonly columns: Columns;
  readonly raw: JsonObject | null;
  readonly syncState: MirrorRow['syncState'];
  readonly syncError: string | null;
  /** Of the columns that were edited again, those that the API is still to be told of. */
  readonly editedAgain?: readonly string[];
  /** When the answer had arrived that this is written from; null leaves `synced_at`. */
  readonly answeredAt: number | null;
  readonly overruled: readonly JournalEntry[];
  /** What the API has made of values that it was sent: for a linked row no change, and nothing to carry over. */
  readonly remade?: readonly RemadeField[];
}

export interface JournalEntry {
  readonly field: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
  readonly winner: 'local' | 'remote';
  readonly reason: string;
}

/**
 * Writes merged rows and the journal of what they overruled in one statement, and gives the changes that were written. A row that was
 * changed since it was read, or that somebody holds locked, is left alone, and so is a new task whose id has a row by now or is retired.
 * Call it in a transaction that `asWorker` began.
 */
export async function writeMerged(
  tx: Executor,
  table: TaskTable,
  connection: string,
  runId: string,
  changes: readonly RowChange[],
): Promise<ReadonlySet<RowChange>> {
  const columns = columnsOf(table);
  const incoming = zipped('i', [
    ...toIncoming(changes),
    ...incomingColumns(
      table,
      changes.map((change) => change.columns),
    ),
  ]);
  const journal = JSON.stringify(
    changes.flatMap(({ row, overruled }) => overruled.map((entry) => ({ ...entry, row_id: row?.rowId }))),
  );
  const { updated, inserted } = await tx.row<{ updated: readonly number[]; inserted: readonly string[] }>(sql`
    with incoming as materialized (
      select * from ${incoming}
    ), locked as (
      select t.row_id from incoming i join ${tableName(table)} t on t.row_id = i.row_id
      where t.xmin::text = i.version
      for update of t skip locked
    ), updated as (
      update ${tableName(table)} t set
        ${list(columns.map((column) => sql`${sql.identifier(column.name)} = ${stored(column, 'i')}`))},
        id = i.id,
        raw = nullif(i.raw, 'null'),
        sync_state = i.sync_state,
        sync_error = i.sync_error,
        synced_at = coalesce(${fromMicros(sql`i.answered_at`)}, t.synced_at),
        first_seen_at = coalesce(t.first_seen_at, ${fromMicros(sql`i.answered_at`)}),
        edited_at = case when i.sync_state <> 'synced' then coalesce(t.edited_at, clock_timestamp()) end,
        pending_since = case when i.sync_state <> 'synced' then coalesce(t.pending_since, clock_timestamp()) end,
        push_attempts = case when i.sync_state = 'synced' then 0 else t.push_attempts end,
        push_after = case when i.sync_state <> 'synced' then t.push_after end,
        edited_again = i.edited_again::text[]
      from incoming i join locked l on l.row_id = i.row_id
      where t.row_id = l.row_id
      returning i.n, t.row_id
    ), inserted as (
      ${insertion(table, connection, sql`incoming i where i.row_id is null`)}
    ), journalled as (
      insert into sync.conflicts (connection, row_id, run_id, field, base, local, remote, winner, reason)
      select ${connection}, j.row_id, ${runId}::bigint, j.field, j.base, j.local, j.remote, j.winner, j.reason
      from ${rowsIn(journal)} as j
        (row_id bigint, field text, base jsonb, local jsonb, remote jsonb, winner text, reason text)
      join updated u on u.row_id = j.row_id
    )
    select (select coalesce(jsonb_agg(n), '[]') from updated) as updated,
      (select coalesce(jsonb_agg(id::text), '[]') from inserted) as inserted`);
  const rows = new Set(updated);
  const tasks = new Set(inserted.map(Number));
  const written = changes.filter(({ row, id }, n) =>
    row === null ? id !== null && tasks.has(id) : rows.has(n),
  );
  for (const { row, remade } of written) if (row && remade) await takeAsAgreed(tx, table, row.rowId, remade);
  return new Set(written);
}

/** Inserts what comes as `i` from `incoming`, a `from` and its `where`, unless the id has a row or is retired. */
export function insertion(table: TaskTable, connection: string, incoming: SQL): SQL {
  const columns = columnsOf(table);
  return sql`
    insert into ${tableName(table)}
      (row_id, connection, id, raw, sync_state, synced_at, first_seen_at, ${list(columns.map(({ name }) => sql`${sql.identifier(name)}`))})
    select nextval('sync.row_ids'), ${connection}, i.id, i.raw, 'synced', ${fromMicros(sql`i.answered_at`)}, ${fromMicros(sql`i.answered_at`)},
      ${list(columns.map((column) => stored(column, 'i')))}
    from ${incoming} and not ${isRetired(connection)}
    on conflict (connection, id) do nothing
    returning id`;
}

export interface StoredRow {
  readonly id: string | null;
  readonly row_id: string | null;
  readonly version: string;
  readonly columns: Columns;
  readonly raw: JsonObject | null;
  readonly sync_state: MirrorRow['syncState'];
  readonly sync_error: string | null;
  readonly synced_at: string | null;
  readonly edited_at: string | null;
  readonly edited_again: readonly string[];
  readonly sent: readonly (JsonObject | null)[];
  readonly come_over: MirrorRow['comeOver'];
}

export function toRow(row: StoredRow): MirrorRow {
  return {
    rowId: String(row.row_id),
    id: row.id === null ? null : Number(row.id),
    version: row.version,
    columns: row.columns,
    raw: row.raw,
    syncState: row.sync_state,
    syncError: row.sync_error,
    syncedAt: row.synced_at === null ? null : Number(row.synced_at),
    editedAt: row.edited_at === null ? null : Number(row.edited_at),
    editedAgain: row.edited_again,
    sent: row.sent,
    comeOver: row.come_over ?? null,
  };
}

function toIncoming(changes: readonly RowChange[]): readonly Incoming[] {
  const column = (name: string, type: string, of: (change: RowChange, n: number) => unknown) => {
    return { name, type, values: changes.map(of) };
  };
  return [
    column('n', 'int', (_, n) => n),
    column('id', 'bigint', ({ id }) => id),
    column('row_id', 'bigint', ({ row }) => row?.rowId ?? null),
    column('version', 'text', ({ row }) => row?.version ?? null),
    column('raw', 'jsonb', ({ raw }) => raw),
    column('sync_state', 'text', ({ syncState }) => syncState),
    column('sync_error', 'text', ({ syncError }) => syncError),
    column('edited_again', 'text', ({ editedAgain = [] }) =>
      editedAgain.length > 0 ? `{${editedAgain.join()}}` : null,
    ),
    column('answered_at', 'bigint', ({ answeredAt }) => answeredAt),
  ];
}

/** A PostgreSQL array literal of whole numbers, sent as one text parameter. */
export const arrayOf = (ids: readonly (number | string)[]): string => `{${ids.join(',')}}`;

/** Known tasks to recognise an account by: some of the newest and some of the oldest that the API has. */
export async function sampleKnown(
  db: Executor,
  table: TaskTable,
  connection: string,
  each: number,
): Promise<ReadonlyMap<number, MirrorRow>> {
  const ids = await db.rows<{ id: string }>(sql`
    (select id::text from ${tableName(table)} where connection = ${connection} and raw is not null and vis_state <> 1
      order by id desc limit ${each})
    union
    (select id::text from ${tableName(table)} where connection = ${connection} and raw is not null and vis_state <> 1
      order by id limit ${each})`);
  return findById(
    db,
    table,
    connection,
    ids.map(({ id }) => Number(id)),
  );
}
