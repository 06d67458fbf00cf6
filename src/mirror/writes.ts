import { type SQL, sql } from 'drizzle-orm';
import type { JsonObject } from '../fields.js';
import { linkOf } from './crossed.js';
import { type Database, type Executor, micros } from './database.js';
import { type Lease, rowAsWorker } from './leases.js';
import { type TaskTable, tableName } from './table.js';

/** A call that would change something at an API, saved before it is sent, and settled when its outcome is known. */
export interface SavedWrite {
  readonly writeId: string;
  readonly method: string;
  readonly path: string;
  readonly sent: JsonObject | null;
  readonly idempotencyKey: string | null;
  /** Microseconds since 1970. */
  readonly sentAt: number;
  readonly taskUpdatedAt: number | null;
  /** `ok` for one that was done and whose row could not be written yet. */
  readonly outcome: 'ok' | 'unknown' | null;
  /** What a person decided of a create whose outcome is unknown. */
  readonly decision: 'adopt' | 'create' | null;
  readonly adoptId: number | null;
}

export interface NewWrite {
  readonly connection: string;
  readonly rowId: string;
  readonly runId: string;
  readonly method: string;
  readonly path: string;
  readonly sent: JsonObject | null;
  readonly idempotencyKey: string | null;
  /** When the API said the task had last been changed, by its own clock, in seconds since 1970; null where it is not known. */
  readonly taskUpdatedAt: number | null;
}

/**
 * Saves the intent of a write, with its row locked so that nobody deletes it meanwhile. The row moves by it: what a pull makes of the row as it
 * was before knows nothing of this write, and must not be written. `version` holds it to the row that was read; null where this
 * transaction has written the row itself. Null when the row moved, or somebody holds it locked.
 */
export async function saveWrite(
  tx: Executor,
  table: TaskTable,
  write: NewWrite,
  version: string | null,
): Promise<string | null> {
  const [saved] = await tx.rows<{ write_id: string }>(sql`
    with ${intent(table, write, version, sql`true`)} select write_id::text from saved`);
  return saved?.write_id ?? null;
}

/** The same with nothing beside it, in one trip: a transaction of the worker's own. Throws LeaseLostError. */
export async function saveWriteAlone(
  db: Database,
  lease: Lease,
  table: TaskTable,
  write: NewWrite,
  version: string,
): Promise<string | null> {
  const { write_id } = await rowAsWorker<{ write_id: string | null }>(db, lease, {
    ctes: intent(table, write, version, sql`exists (select from worker)`),
    gives: sql`(select write_id::text from saved) as write_id`,
  });
  return write_id;
}

/** As `row` and `saved`; none where it is not `held`. */
function intent(table: TaskTable, write: NewWrite, version: string | null, held: SQL): SQL {
  return sql`row as (
      update ${tableName(table)} t set pending_since = t.pending_since
      where t.row_id in (
        select row_id from ${tableName(table)}
        where row_id = ${write.rowId}::bigint and (${version}::text is null or xmin::text = ${version}) and ${held}
        for update skip locked)
      returning t.row_id, t.pending_since
    ), saved as (
      insert into sync.writes (connection, row_id, run_id, method, path, sent, idempotency_key, link_id, task_updated_at)
      select ${write.connection}, row_id, ${write.runId}::bigint, ${write.method}, ${write.path},
        ${write.sent === null ? null : JSON.stringify(write.sent)}::text::jsonb, ${write.idempotencyKey},
        ${linkOf(table, 'row')}, to_timestamp(${write.taskUpdatedAt}::float8)
      from row returning write_id
    )`;
}

/**
 * Saves a create that somebody else may have sent for this row since `since` (microseconds since 1970; null where not known): its outcome
 * is unknown, and it is looked up before the row's task is made.
 */
export async function saveDoubt(
  tx: Executor,
  write: Pick<NewWrite, 'connection' | 'rowId' | 'path' | 'sent'>,
  since: number | null,
): Promise<void> {
  await tx.rows(sql`
    insert into sync.writes (connection, row_id, method, path, sent, outcome, sent_at)
    values (${write.connection}, ${write.rowId}::bigint, 'POST', ${write.path},
      ${JSON.stringify(write.sent)}::text::jsonb, 'unknown',
      coalesce('epoch'::timestamptz + ${since}::bigint * interval '1 microsecond', clock_timestamp()))`);
}

export interface WriteEnd {
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly status: number | null;
  /** Whether nothing of it can arrive at the API any more, so that it need not be remembered. */
  readonly settled: boolean;
}

/** What is settled stays settled: a worker that lost its lease may be told the outcome of its write after another has found it out. */
export async function endWrite(db: Executor, writeId: string, end: WriteEnd): Promise<void> {
  await db.rows(sql`
    update sync.writes set outcome = ${end.outcome}, status = coalesce(${end.status}::int, status),
      answered_at = coalesce(answered_at, case when ${answered(end)} then clock_timestamp() end),
      settled_at = case when ${end.settled} then clock_timestamp() end
    where write_id = ${writeId}::bigint and settled_at is null`);
}

/** An answer was seen: its own, or for a write that was found to have been done, the one that told of it. */
const answered = ({ outcome, status }: WriteEnd): boolean => status !== null || outcome === 'ok';

/** Remembers the task that a create made whose row can't be written now: the next push looks for no other. */
export async function adoptLater(db: Executor, writeId: string, id: number): Promise<void> {
  await db.rows(sql`
    update sync.writes set decision = 'adopt', adopt_id = ${id}::bigint
    where write_id = ${writeId}::bigint and settled_at is null`);
}

/** The row's writes whose outcome is not settled, oldest first. */
export async function openWrites(db: Executor, rowId: string): Promise<readonly SavedWrite[]> {
  const rows = await db.rows<WriteRow>(sql`
    select write_id::text, method, path, sent, idempotency_key, ${micros(sql`sent_at`)} as sent_at, outcome, decision,
      adopt_id::text, extract(epoch from task_updated_at)::float8 as task_updated_at
    from sync.writes where row_id = ${rowId}::bigint and settled_at is null order by sync.writes.write_id`);
  return rows.map((row) => ({
    writeId: row.write_id,
    method: row.method,
    path: row.path,
    sent: row.sent,
    idempotencyKey: row.idempotency_key,
    sentAt: Number(row.sent_at),
    taskUpdatedAt: row.task_updated_at,
    outcome: row.outcome,
    decision: row.decision,
    adoptId: row.adopt_id === null ? null : Number(row.adopt_id),
  }));
}

/** What the creates sent that were begun before the API first showed this row's task, and that are still to be looked up. */
export async function earlierCreates(
  db: Executor,
  table: TaskTable,
  rowId: string,
): Promise<readonly JsonObject[]> {
  const rows = await db.rows<{ sent: JsonObject }>(sql`
    select w.sent from ${tableName(table)} t
    join sync.writes w on w.connection = t.connection and w.method = 'POST' and w.settled_at is null
      and w.sent_at < t.first_seen_at
    join ${tableName(table)} made on made.row_id = w.row_id and made.sync_state = 'pending'
    where t.row_id = ${rowId}::bigint and w.row_id <> t.row_id`);
  return rows.map(({ sent }) => sent);
}

/** A create that is under way or of unknown outcome, and of which no person has decided. */
export interface UndecidedCreate {
  readonly writeId: string;
  readonly sent: JsonObject;
  /** Microseconds since 1970. */
  readonly sentAt: number;
  /** Whether its row waits for a person. */
  readonly failed: boolean;
  /** Whether it is one that somebody else may have sent, at any time since: see `saveDoubt`. */
  readonly doubted: boolean;
}

/** Those of a connection. Relies on the partial index of unsettled writes. */
export async function undecidedCreates(
  db: Executor,
  table: TaskTable,
  connection: string,
): Promise<readonly UndecidedCreate[]> {
  const rows = await db.rows<{
    write_id: string;
    sent: JsonObject;
    sent_at: string;
    failed: boolean;
    doubted: boolean;
  }>(sql`
    select w.write_id::text, w.sent, ${micros(sql`w.sent_at`)} as sent_at, t.sync_state = 'failed' as failed,
      w.run_id is null as doubted
    from sync.writes w join ${tableName(table)} t on t.row_id = w.row_id
    where w.connection = ${connection} and w.method = 'POST' and w.settled_at is null and w.decision is null
      and w.sent is not null
    order by w.write_id`);
  return rows.map(({ write_id, sent, sent_at, failed, doubted }) => {
    return { writeId: write_id, sent, sentAt: Number(sent_at), failed, doubted };
  });
}

/** How many creates were sent for this row under this key. */
export async function countSent(db: Executor, rowId: string, idempotencyKey: string): Promise<number> {
  const { count } = await db.row<{ count: number }>(sql`
    select count(*)::int as count from sync.writes
    where row_id = ${rowId}::bigint and idempotency_key = ${idempotencyKey}`);
  return count;
}

interface WriteRow {
  readonly write_id: string;
  readonly method: string;
  readonly path: string;
  readonly sent: JsonObject | null;
  readonly idempotency_key: string | null;
  readonly sent_at: string;
  readonly task_updated_at: number | null;
  readonly outcome: 'ok' | 'unknown' | null;
  readonly decision: 'adopt' | 'create' | null;
  readonly adopt_id: string | null;
}
