import { sql } from 'drizzle-orm';
import { addition, type Counts } from './counts.js';
import { type Executor, micros } from './database.js';
import { type Lease, LeaseLostError, leaseEnd } from './leases.js';
import { type TaskTable, tableName } from './table.js';
import { arrayOf } from './tasks.js';

/** What another reading of everything is called that a verification must wait for; null while there is none. */
export async function findWalkUnderWay(db: Executor, connection: string): Promise<string | null> {
  const [row] = await db.rows<{ kind: string }>(sql`
    select coalesce(r.kind, 'walk') as kind
    from sync.leases l left join sync.runs r on r.run_id = l.run_id
    where l.connection = ${connection} and l.kind = 'walk' and l.ends_at > clock_timestamp()
    union all
    select w.kind from sync.walks w
    where w.connection = ${connection} and w.yielded and w.updated_at > clock_timestamp() - ${BETWEEN_SLICES_S} * interval '1 second'
    limit 1`);
  return row?.kind ?? null;
}

/** A walk that has not come on for so long has been left by its workers. */
const BETWEEN_SLICES_S = 30;

/** Notes which ids a batch of pages held, and the run's counts. Renews the lease; throws LeaseLostError. */
export async function noteMet(
  db: Executor,
  lease: Lease,
  met: {
    readonly batch: number;
    readonly ids: readonly number[];
    readonly counts: Counts;
    readonly total: number | null;
  },
): Promise<void> {
  const rows = await db.rows(sql`
    with lease as (
      update sync.leases set ends_at = ${leaseEnd}
      where connection = ${lease.connection} and kind = ${lease.kind} and run_id = ${lease.runId}::bigint and ends_at > clock_timestamp()
      returning 1
    ), pages as (
      insert into sync.walk_pages (walk_id, batch, ids)
      select ${lease.runId}::bigint, ${met.batch}::int, ${arrayOf(met.ids)}::bigint[] from lease
    )
    update sync.runs set total = coalesce(${met.total}, total), ${addition(met.counts)}
    where run_id = ${lease.runId}::bigint and exists (select from lease)
    returning 1`);
  if (rows.length === 0) throw new LeaseLostError(`the lease on ${lease.connection}'s walk was lost`);
}

/** How many batches are still recorded: a crash of the server empties an unlogged table; and how many tasks they held. */
export async function countMet(
  db: Executor,
  runId: string,
): Promise<{ readonly batches: number; readonly tasks: number }> {
  return db.row<{ batches: number; tasks: number }>(sql`
    select count(distinct batch)::int as batches, count(distinct id)::int as tasks
    from (select batch, unnest(ids) as id from sync.walk_pages where walk_id = ${runId}::bigint
      union all select batch, null from sync.walk_pages where walk_id = ${runId}::bigint) met`);
}

export async function forgetMet(db: Executor, runId: string): Promise<void> {
  await db.rows(sql`delete from sync.walk_pages where walk_id = ${runId}::bigint`);
}

/** A row that says it is synced although no task is known behind it. */
export interface Unanchored {
  readonly rowId: string;
  readonly id: number | null;
  readonly name: string | null;
}

export async function findUnanchored(
  db: Executor,
  table: TaskTable,
  connection: string,
  limit: number,
): Promise<readonly Unanchored[]> {
  const rows = await db.rows<{ row_id: string; id: string | null; name: string | null }>(sql`
    select row_id::text, id::text, name from ${tableName(table)} t
    where connection = ${connection} and sync_state = 'synced' and vis_state <> 1 and (id is null or raw is null)
    order by t.row_id limit ${limit}`);
  return rows.map(({ row_id, id, name }) => ({ rowId: row_id, id: id === null ? null : Number(id), name }));
}

/** How many rows wait to be sent, were refused, and are deleted. */
export async function countWaiting(
  db: Executor,
  table: TaskTable,
  connection: string,
): Promise<{ readonly rows: number; readonly pending: number; readonly failed: number }> {
  return db.row(sql`
    select count(*)::int as rows, count(*) filter (where sync_state = 'pending')::int as pending,
      count(*) filter (where sync_state = 'failed')::int as failed
    from ${tableName(table)} where connection = ${connection}`);
}

/** The start of the last good pull, in microseconds since 1970, and whether polls come as they should. */
export async function findPull(
  db: Executor,
  connection: string,
): Promise<{ readonly lastPullAt: number; readonly regular: boolean }> {
  const { at, regular } = await db.row<{ at: string | null; regular: boolean }>(sql`
    select ${micros(sql`c.last_pull_at`)} as at,
      c.paused_at is null and c.problem is null and coalesce(
        c.last_pull_at > clock_timestamp() - greatest(3 * c.poll_every_ms, 60000) * interval '1 millisecond', false
      ) as regular
    from sync.connections c where c.name = ${connection}`);
  return { lastPullAt: Number(at ?? 0), regular };
}

/** Of these ids, those that rows had before their tasks were made anew. */
export async function findRetired(
  db: Executor,
  connection: string,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows = await db.rows<{ id: string }>(sql`
    select id::text from sync.retired_ids where connection = ${connection} and id = any(${arrayOf(ids)}::bigint[])`);
  return new Set(rows.map(({ id }) => Number(id)));
}
