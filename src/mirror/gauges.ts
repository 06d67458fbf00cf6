import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { LeaseKind } from './leases.js';
import { type TaskTable, tableName } from './table.js';

/** What a monitor asks of a connection, again and again: all of it comes from indexes and small tables. */
export interface ConnectionGauges {
  readonly connection: string;
  readonly source: string;
  readonly paused: boolean;
  /** Whether a person must do something before it works again. */
  readonly problem: boolean;
  /** Since the start of the last good pull; null before the first. */
  readonly lagSeconds: number | null;
  readonly pending: number;
  /** How long the change has waited that has waited longest; 0 while none does. */
  readonly oldestPendingSeconds: number;
  readonly failed: number;
  /** Overruled values that were not put back. */
  readonly conflicts: number;
  readonly unreadable: number;
}

export async function readConnectionGauges(
  db: Executor,
  tables: readonly TaskTable[],
): Promise<readonly ConnectionGauges[]> {
  return db.rows<ConnectionGauges>(sql`
    with pending as (
      select connection, sum(count)::int as count, min(since) as since
      from (${sql.join(tables.map(pendingOf), sql` union all `)}) p group by connection
    ), failed as (
      select connection, sum(count)::int as count
      from (${sql.join(tables.map(failedOf), sql` union all `)}) f group by connection
    ), overruled as (
      select connection, count(*)::int as count from sync.conflicts where restored_at is null group by connection
    ), unreadable as (
      select connection, count(*)::int as count from sync.unreadable group by connection
    )
    select c.name as connection, c.source, c.paused_at is not null as paused, c.problem is not null as problem,
      greatest(0, extract(epoch from clock_timestamp() - c.last_pull_at))::float8 as "lagSeconds",
      coalesce(pending.count, 0) as pending,
      greatest(0, coalesce(extract(epoch from clock_timestamp() - pending.since), 0))::float8 as "oldestPendingSeconds",
      coalesce(failed.count, 0) as failed, coalesce(overruled.count, 0) as conflicts,
      coalesce(unreadable.count, 0) as unreadable
    from sync.connections c
    left join pending on pending.connection = c.name
    left join failed on failed.connection = c.name
    left join overruled on overruled.connection = c.name
    left join unreadable on unreadable.connection = c.name`);
}

/** Relies on the index `tasks_pending`, which holds pending rows alone. */
const pendingOf = (table: TaskTable) => sql`
  select connection, count(*) as count, min(coalesce(pending_since, edited_at, synced_at)) as since
  from ${tableName(table)} where sync_state = 'pending' group by connection`;

/** Relies on `tasks_failed`. */
const failedOf = (table: TaskTable) => sql`
  select connection, count(*) as count from ${tableName(table)} where sync_state = 'failed' group by connection`;

/** How many runs hold a lease now, in all processes. */
export async function countLeases(db: Executor): Promise<Readonly<Record<LeaseKind, number>>> {
  return db.row<Record<LeaseKind, number>>(sql`
    select count(*) filter (where kind = 'poll')::int as poll, count(*) filter (where kind = 'walk')::int as walk,
      count(*) filter (where kind = 'push')::int as push
    from sync.leases where ends_at > clock_timestamp()`);
}
