import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { countRows, NO_ROWS, type RowCounts } from './row-counts.js';
import { type RunStatus, readLastRuns } from './run-status.js';
import { type TaskTable, tableName } from './table.js';

/** How a connection stands, as far as the mirror knows from indexes and small tables alone. All instants are microseconds since 1970 by the database's clock. */
export interface ConnectionStanding {
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

/** The same with what only a scan of the task tables tells. */
export interface ConnectionStatus extends ConnectionStanding {
  readonly rows: RowCounts;
}

/** All connections, by name. Counts the task tables: one scan each. */
export async function readStatus(
  db: Executor,
  tables: readonly TaskTable[],
): Promise<readonly ConnectionStatus[]> {
  const standings = await readStandings(db, tables);
  const counts = await countRows(db, tables);
  return standings.map((standing) => ({ ...standing, rows: counts.get(standing.name) ?? NO_ROWS }));
}

/** All connections, by name, without a scan of any task table. */
export async function readStandings(
  db: Executor,
  tables: readonly TaskTable[],
): Promise<readonly ConnectionStanding[]> {
  const unsynced = sql.join(tables.flatMap(unsyncedOf), sql` union all `);
  const oldest = sql`${sql.join(tables.map(oldestOf), sql` union all `)} order by since, row_id limit 1`;
  const rows = await db.rows<StatusRow>(sql`
    select c.name, c.source, c.account, c.paused_at is not null as paused, c.pause_reason, c.problem, c.poll_every_ms::float8 as poll_every,
      exists (select from sync.cursors k where k.connection = c.name) as read,
      ${micros(sql`c.last_pull_at`)} as last_pull_at, ${micros(sql`c.last_push_at`)} as last_push_at,
      extract(epoch from clock_timestamp() - c.last_pull_at)::float8 as lag,
      coalesce(t.pending, 0) as pending, coalesce(t.failed, 0) as failed,
      o.row_id::text as oldest_row, o.name as oldest_name, ${micros(sql`o.since`)} as oldest_since,
      (select count(*)::int from sync.conflicts f where f.connection = c.name and f.restored_at is null) as conflicts,
      (select count(*)::int from sync.unreadable u where u.connection = c.name) as unreadable
    from sync.connections c left join (
      select connection, sum(pending)::int as pending, sum(failed)::int as failed from (${unsynced}) u group by connection
    ) t on t.connection = c.name
    left join lateral (${oldest}) o on true
    order by c.name`);
  const runs = await readLastRuns(db);
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
    pending: row.pending,
    oldestPending:
      row.oldest_row === null
        ? null
        : { rowId: row.oldest_row, name: row.oldest_name, since: Number(row.oldest_since) },
    failed: row.failed,
    conflicts: row.conflicts,
    unreadable: row.unreadable,
    runs: runs.filter(({ connection }) => connection === row.name).map(({ connection: _, ...run }) => run),
  }));
}

/** Relies on the indexes `tasks_pending` and `tasks_failed`, which hold such rows alone. */
const unsyncedOf = (table: TaskTable) => [
  sql`select connection, count(*) as pending, 0 as failed from ${tableName(table)} where sync_state = 'pending' group by connection`,
  sql`select connection, 0, count(*) from ${tableName(table)} where sync_state = 'failed' group by connection`,
];

/** Relies on the partial index of rows that are not synced. */
const oldestOf = (table: TaskTable) => sql`
  select row_id, name, coalesce(pending_since, edited_at, synced_at, clock_timestamp()) as since from ${tableName(table)}
  where connection = c.name and sync_state = 'pending'`;

const instant = (value: string | null): number | null => (value === null ? null : Number(value));

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
  readonly pending: number;
  readonly oldest_row: string | null;
  readonly oldest_name: string | null;
  readonly oldest_since: string | null;
  readonly failed: number;
  readonly conflicts: number;
  readonly unreadable: number;
}
