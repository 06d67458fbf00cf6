import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import type { LeaseKind } from './leases.js';
import type { Outcome, RunKind } from './runs.js';
import { list, type TaskTable, tableName } from './table.js';

/** How a connection stands, as far as the mirror knows. All instants are microseconds since 1970 by the database's clock. */
export interface ConnectionStatus {
  readonly name: string;
  readonly source: string;
  readonly account: string | null;
  readonly paused: boolean;
  /** Why taskmirror itself paused it; null where a person did. */
  readonly pauseReason: string | null;
  /** What a person must do before it works again. */
  readonly problem: string | null;
  readonly pollEvery: number;
  /** Whether its first read is over. */
  readonly read: boolean;
  readonly lastPullAt: number | null;
  readonly lastPushAt: number | null;
  /** Since the start of the last good pull. */
  readonly lagSeconds: number | null;
  readonly rows: { readonly active: number; readonly archived: number; readonly deleted: number };
  readonly pending: number;
  /** The pending row whose change has waited longest; null while none is pending. */
  readonly oldestPending: {
    readonly rowId: string;
    readonly name: string | null;
    readonly since: number;
  } | null;
  readonly failed: number;
  /** Overruled values that were not put back. */
  readonly conflicts: number;
  /** Tasks that the API sends and that can't be mirrored. */
  readonly unreadable: number;
  /** The last run of each kind, the newest first. */
  readonly runs: readonly RunStatus[];
}

export interface RunStatus {
  readonly runId: string;
  readonly kind: RunKind;
  readonly lease: LeaseKind;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Null while it is under way, waits for its next slice, or was left by a process that ended. */
  readonly outcome: Outcome | null;
  /** Whether a process is at it. */
  readonly running: boolean;
  readonly error: string | null;
  readonly pages: number;
  readonly fetched: number;
  readonly total: number | null;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly pushed: number;
  readonly failed: number;
  readonly conflicts: number;
}

/** All connections, by name. Counts the task tables: one scan each. */
export async function readStatus(
  db: Executor,
  tables: readonly TaskTable[],
): Promise<readonly ConnectionStatus[]> {
  const counts = sql.join(tables.map(countsOf), sql` union all `);
  const oldest = sql`${sql.join(tables.map(oldestOf), sql` union all `)} order by since, row_id limit 1`;
  const rows = await db.rows<StatusRow>(sql`
    select c.name, c.source, c.account, c.paused_at is not null as paused, c.pause_reason, c.problem, c.poll_every_ms::float8 as poll_every,
      exists (select from sync.cursors k where k.connection = c.name) as read,
      ${micros(sql`c.last_pull_at`)} as last_pull_at, ${micros(sql`c.last_push_at`)} as last_push_at,
      extract(epoch from clock_timestamp() - c.last_pull_at)::float8 as lag,
      coalesce(t.active, 0) as active, coalesce(t.archived, 0) as archived, coalesce(t.deleted, 0) as deleted,
      coalesce(t.pending, 0) as pending, coalesce(t.failed, 0) as failed,
      o.row_id::text as oldest_row, o.name as oldest_name, ${micros(sql`o.since`)} as oldest_since,
      (select count(*)::int from sync.conflicts f where f.connection = c.name and f.restored_at is null) as conflicts,
      (select count(*)::int from sync.unreadable u where u.connection = c.name) as unreadable
    from sync.connections c left join (${counts}) t on t.connection = c.name
    left join lateral (${oldest}) o on true
    order by c.name`);
  const runs = await readRuns(db);
  return rows.map((row) => ({
    name: row.name,
    source: row.source,
    account: row.account,
    paused: row.paused,
    pauseReason: row.pause_reason,
    problem: row.problem,
    pollEvery: row.poll_every,
    read: row.read,
    lastPullAt: instant(row.last_pull_at),
    lastPushAt: instant(row.last_push_at),
    lagSeconds: row.lag === null ? null : Math.max(0, Math.round(row.lag)),
    rows: { active: row.active, archived: row.archived, deleted: row.deleted },
    pending: row.pending,
    oldestPending:
      row.oldest_row === null
        ? null
        : { rowId: row.oldest_row, name: row.oldest_name, since: Number(row.oldest_since) },
    failed: row.failed,
    conflicts: row.conflicts,
    unreadable: row.unreadable,
    runs: runs.filter(({ connection }) => connection === row.name).map(toRun),
  }));
}

/** The newest run that was made for a request; null before it began. */
export async function findRequestedRun(db: Executor, request: string): Promise<RunStatus | null> {
  const [row] = await db.rows<RunRow>(sql`
    select ${runColumns} from sync.runs r where r.request = ${request} order by r.run_id desc limit 1`);
  return row === undefined ? null : toRun(row);
}

const countsOf = (table: TaskTable) => sql`
  select connection, count(*) filter (where vis_state = 0)::int as active,
    count(*) filter (where vis_state = 2)::int as archived, count(*) filter (where vis_state = 1)::int as deleted,
    count(*) filter (where sync_state = 'pending')::int as pending,
    count(*) filter (where sync_state = 'failed')::int as failed
  from ${tableName(table)} group by connection`;

/** Relies on the partial index of rows that are not synced. */
const oldestOf = (table: TaskTable) => sql`
  select row_id, name, coalesce(pending_since, edited_at, synced_at, clock_timestamp()) as since from ${tableName(table)}
  where connection = c.name and sync_state = 'pending'`;

/**
 * The last run of each kind and lease: one look into `runs_by_kind` for each. The kind is asked for as a range and named in the order,
 * since the planner might else walk down the primary key, which reads every run there is for a kind that never ran.
 */
function readRuns(db: Executor): Promise<readonly RunRow[]> {
  return db.rows<RunRow>(sql`
    select last.* from sync.connections c
    cross join (values ('poll', 'poll'), ('resync', 'poll'), ('read', 'walk'), ('sweep', 'walk'), ('resync', 'walk'),
      ('verify', 'walk'), ('push', 'push')) as k (kind, lease)
    cross join lateral (
      select ${runColumns} from sync.runs r
      where r.connection = c.name and r.kind between k.kind and k.kind and r.lease = k.lease
      order by r.kind desc, r.run_id desc limit 1
    ) last
    order by last.run_id::bigint desc`);
}

const runColumns = list([
  sql`r.run_id::text as run_id, r.connection, r.kind, r.lease, r.outcome, r.error, r.pages, r.fetched, r.total`,
  sql`r.inserted, r.updated, r.unchanged, r.deleted, r.pushed, r.failed, r.conflicts`,
  sql`${micros(sql`r.started_at`)} as started_at, ${micros(sql`r.finished_at`)} as finished_at`,
  sql`r.finished_at is null and exists (
    select from sync.leases l where l.connection = r.connection and l.kind = r.lease and l.run_id = r.run_id
      and l.ends_at > clock_timestamp()) as running`,
]);

const instant = (value: string | null): number | null => (value === null ? null : Number(value));

const toRun = ({ run_id, started_at, finished_at, connection: _, ...rest }: RunRow): RunStatus => ({
  runId: run_id,
  startedAt: Number(started_at),
  finishedAt: instant(finished_at),
  ...rest,
});

interface StatusRow {
  readonly name: string;
  readonly source: string;
  readonly account: string | null;
  readonly paused: boolean;
  readonly pause_reason: string | null;
  readonly problem: string | null;
  readonly poll_every: number;
  readonly read: boolean;
  readonly last_pull_at: string | null;
  readonly last_push_at: string | null;
  readonly lag: number | null;
  readonly active: number;
  readonly archived: number;
  readonly deleted: number;
  readonly pending: number;
  readonly oldest_row: string | null;
  readonly oldest_name: string | null;
  readonly oldest_since: string | null;
  readonly failed: number;
  readonly conflicts: number;
  readonly unreadable: number;
}

interface RunRow extends Omit<RunStatus, 'runId' | 'startedAt' | 'finishedAt'> {
  readonly connection: string;
  readonly run_id: string;
  readonly started_at: string;
  readonly finished_at: string | null;
}
