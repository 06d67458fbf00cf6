import { type SQL, sql } from 'drizzle-orm';
import type { JsonObject } from '../fields.js';
import { addition, type Counts } from './counts.js';
import { type Executor, fromMicros, micros } from './database.js';
import { type Lease, leaseEnd } from './leases.js';
import type { RunKind } from './runs.js';
import { deletedAtApi, type TaskTable, tableName } from './table.js';
import { arrayOf } from './tasks.js';

/** A connection's unfinished walk over everything. */
export interface Walk {
  readonly connection: string;
  /** The id of its first run; what the walk has seen is kept under it. */
  readonly walkId: string;
  readonly runId: string;
  readonly kind: RunKind;
  readonly request: string | null;
  readonly force: boolean;
  /** When its first attempt began, microseconds since 1970. */
  readonly startedAt: number;
  readonly position: JsonObject | null;
  readonly batches: number;
  readonly attempts: number;
  /** Rows that somebody held locked, which another walk must take up. */
  readonly passedOver: number;
  /** Whether it stopped between two slices, rather than by a crash. */
  readonly yielded: boolean;
  /** Seconds since its last step. */
  readonly idleSeconds: number;
  readonly runOpen: boolean;
  /** Whether it came to its end, and yet is here: a version that ended run and walk apart left it so. */
  readonly over: boolean;
}

export async function findWalk(db: Executor, connection: string): Promise<Walk | null> {
  const [row] = await db.rows<WalkRow>(sql`
    select w.connection, w.walk_id::text, w.run_id::text, w.kind, w.request, w.force, ${micros(sql`w.started_at`)} as started_at,
      w.position, w.batches, w.attempts, w.passed_over, w.yielded, extract(epoch from clock_timestamp() - w.updated_at)::float8 as idle,
      exists (select from sync.runs r where r.run_id = w.run_id and r.finished_at is null) as run_open,
      w.batches > 0 and exists (select from sync.runs r where r.run_id = w.run_id and r.outcome in ('ok', 'stopped')) as over
    from sync.walks w where w.connection = ${connection}`);
  return row === undefined
    ? null
    : {
        connection,
        walkId: row.walk_id,
        runId: row.run_id,
        kind: row.kind,
        request: row.request,
        force: row.force,
        startedAt: Number(row.started_at),
        position: row.position,
        batches: row.batches,
        attempts: row.attempts,
        passedOver: row.passed_over,
        yielded: row.yielded,
        idleSeconds: row.idle,
        runOpen: row.run_open,
        over: row.over,
      };
}

/** Does nothing where the connection has a walk already. */
export async function openWalk(
  db: Executor,
  walk: Pick<Walk, 'connection' | 'runId' | 'kind' | 'request' | 'force' | 'startedAt'>,
): Promise<void> {
  await db.rows(sql`
    insert into sync.walks (connection, walk_id, run_id, kind, request, force, started_at)
    values (${walk.connection}, ${walk.runId}::bigint, ${walk.runId}::bigint, ${walk.kind}, ${walk.request}, ${walk.force},
      ${fromMicros(walk.startedAt)})
    on conflict (connection) do nothing`);
}

/** Goes on with a walk under a run of its own, from its place or from the beginning. */
export async function reopenWalk(
  db: Executor,
  walk: Walk,
  {
    runId,
    request,
    force,
    fromStart,
  }: { runId: string; request: string | null; force: boolean; fromStart: boolean },
): Promise<void> {
  await db.rows(sql`
    with forgotten as (delete from sync.walk_pages where ${fromStart} and walk_id = ${walk.walkId}::bigint)
    update sync.walks set run_id = ${runId}::bigint, request = ${request}, force = force or ${force},
      attempts = attempts + 1, yielded = false, updated_at = clock_timestamp(),
      position = case when ${fromStart} then null else position end,
      batches = case when ${fromStart} then 0 else batches end
    where connection = ${walk.connection}`);
}

/**
 * Keeps a walk's place after a batch of pages was committed: what it has seen, where it goes on, and its run's counts.
 * Renews the lease. False when the lease was lost: then nothing was kept.
 */
export async function stepWalk(
  db: Executor,
  lease: Lease,
  walkId: string,
  step: {
    ids: readonly number[];
    next: JsonObject | null;
    counts: Counts;
    left: number;
    total: number | null;
  },
): Promise<boolean> {
  const rows = await db.rows(sql`
    with lease as (
      update sync.leases set ends_at = ${leaseEnd}
      where connection = ${lease.connection} and kind = 'walk' and run_id = ${lease.runId}::bigint and ends_at > clock_timestamp()
      returning 1
    ), walk as (
      update sync.walks set position = ${step.next === null ? null : JSON.stringify(step.next)}::text::jsonb,
        batches = batches + 1, passed_over = passed_over + ${step.left}, yielded = false, updated_at = clock_timestamp()
      where connection = ${lease.connection} and exists (select from lease)
      returning batches
    ), pages as (
      insert into sync.walk_pages (walk_id, batch, ids)
      select ${walkId}::bigint, batches, ${arrayOf(step.ids)}::bigint[] from walk
    )
    update sync.runs set total = coalesce(${step.total}, total), ${addition(step.counts)}
    where run_id = ${lease.runId}::bigint and exists (select from walk)
    returning 1`);
  return rows.length > 0;
}

/** Leaves a walk between two slices: ends the lease without ending the run, with which the next slice goes on. False when the lease was lost. */
export async function yieldWalk(db: Executor, { connection, kind, runId }: Lease): Promise<boolean> {
  const left = await db.rows(sql`
    with lease as (
      update sync.leases set ends_at = clock_timestamp()
      where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint and ends_at > clock_timestamp()
      returning 1
    )
    update sync.walks set yielded = true, updated_at = clock_timestamp()
    where connection = ${connection} and exists (select from lease)
    returning 1`);
  return left.length > 0;
}

/** Whether everything that the walk recorded is still there: unlogged tables are empty after a crash of the server. */
export async function walkIsWhole(db: Executor, { walkId }: Pick<Walk, 'walkId'>): Promise<boolean> {
  const { whole } = await db.row<{ whole: boolean }>(sql`
    select w.batches = (select count(*) from sync.walk_pages p where p.walk_id = w.walk_id) as whole
    from sync.walks w where w.walk_id = ${walkId}::bigint`);
  return whole;
}

/** What a walk over everything is known by. */
export type Walked = Pick<Walk, 'connection' | 'walkId' | 'startedAt'>;

/**
 * Tasks with ids above `after` that the API had when it was last asked, that the mirror has known since before the walk, and that the walk did
 * not meet. `offset 0` has what was not met found first: it is little or nothing, and to look into each task beforehand takes twice as long.
 */
const absent = (table: TaskTable, walk: Walked, after = 0): SQL => sql`
  (
    select t.* from ${tableName(table)} t
    where t.connection = ${walk.connection} and t.id > ${after} and not exists (
      select from (select unnest(ids) as id from sync.walk_pages where walk_id = ${walk.walkId}::bigint) seen
      where seen.id = t.id
    )
    offset 0
  ) t
  where t.raw is not null and not ${deletedAtApi(table, 't')} and t.synced_at < ${fromMicros(walk.startedAt)}
    and not exists (select from sync.held_deletions h where h.holder = ${walk.walkId}::bigint and h.id = t.id)`;

export async function countAbsent(db: Executor, table: TaskTable, walk: Walked): Promise<number> {
  const { count } = await db.row<{ count: number }>(
    sql`select count(*)::int as count from ${absent(table, walk)}`,
  );
  return count;
}

/** Absent ids above `after`, in order, at most `limit`. */
export async function findAbsent(
  db: Executor,
  table: TaskTable,
  walk: Walked,
  after: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db.rows<{ id: string }>(
    sql`select t.id::text as id from ${absent(table, walk, after)} order by t.id limit ${limit}`,
  );
  return rows.map(({ id }) => Number(id));
}

/** How many tasks of the connection are not deleted: what DELETE_LIMIT is a share of. */
export async function countActive(db: Executor, table: TaskTable, connection: string): Promise<number> {
  const { count } = await db.row<{ count: number }>(sql`
    select count(*)::int as count from ${tableName(table)} where connection = ${connection} and vis_state <> 1 and id is not null`);
  return count;
}

/** Forgets a walk that is over. */
export async function closeWalk(db: Executor, walk: Pick<Walk, 'connection' | 'walkId'>): Promise<void> {
  await db.rows(sql`
    with pages as (delete from sync.walk_pages where walk_id = ${walk.walkId}::bigint),
      held as (delete from sync.held_deletions where holder = ${walk.walkId}::bigint)
    delete from sync.walks where connection = ${walk.connection} and walk_id = ${walk.walkId}::bigint`);
}

interface WalkRow {
  readonly walk_id: string;
  readonly run_id: string;
  readonly kind: RunKind;
  readonly request: string | null;
  readonly force: boolean;
  readonly started_at: string;
  readonly position: JsonObject | null;
  readonly batches: number;
  readonly attempts: number;
  readonly passed_over: number;
  readonly yielded: boolean;
  readonly idle: number;
  readonly run_open: boolean;
  readonly over: boolean;
}
