import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import type { LeaseKind } from './leases.js';
import type { Outcome, RunKind } from './runs.js';
import { list } from './table.js';

/** A run as it stands in `sync.runs`. Instants are microseconds since 1970 by the database's clock. */
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

export interface ConnectionRun extends RunStatus {
  readonly connection: string;
}

/** The newest run that was made for a request; null before it began. */
export async function findRequestedRun(db: Executor, request: string): Promise<RunStatus | null> {
  const [row] = await db.rows<RunRow>(sql`
    select ${runColumns} from sync.runs r where r.request = ${request} order by r.run_id desc limit 1`);
  return row === undefined ? null : toRun(row);
}

/**
 * The last run of each kind and lease: one look into `runs_by_kind` for each. The kind is asked for as a range and named in the order,
 * since the planner might else walk down the primary key, which reads every run there is for a kind that never ran.
 */
export async function readLastRuns(db: Executor): Promise<readonly ConnectionRun[]> {
  const rows = await db.rows<RunRow>(sql`
    select last.* from sync.connections c
    cross join (values ('poll', 'poll'), ('resync', 'poll'), ('read', 'walk'), ('sweep', 'walk'), ('resync', 'walk'),
      ('verify', 'walk'), ('push', 'push')) as k (kind, lease)
    cross join lateral (
      select ${runColumns} from sync.runs r
      where r.connection = c.name and r.kind between k.kind and k.kind and r.lease = k.lease
      order by r.kind desc, r.run_id desc limit 1
    ) last
    order by last.run_id::bigint desc`);
  return rows.map(toConnectionRun);
}

/** Runs that changed something or did not go well, the newest first, among the last `LOOKED_AT` of all. */
export async function readEventfulRuns(db: Executor, limit: number): Promise<readonly ConnectionRun[]> {
  const rows = await db.rows<RunRow>(sql`
    select ${runColumns} from (select * from sync.runs order by run_id desc limit ${LOOKED_AT}) r
    where r.outcome is distinct from 'ok'
      or r.inserted + r.updated + r.deleted + r.pushed + r.failed + r.conflicts > 0 or r.kind not in ('poll', 'push')
    order by r.run_id desc limit ${limit}`);
  return rows.map(toConnectionRun);
}

/** Most runs find nothing: a bound on how far back is looked, and so on what it costs. */
export const LOOKED_AT = 2_000;

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

const toConnectionRun = (row: RunRow): ConnectionRun => ({ ...toRun(row), connection: row.connection });

interface RunRow extends Omit<RunStatus, 'runId' | 'startedAt' | 'finishedAt'> {
  readonly connection: string;
  readonly run_id: string;
  readonly started_at: string;
  readonly finished_at: string | null;
}
