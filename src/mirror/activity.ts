import { sql } from 'drizzle-orm';
import { type Executor, fromMicros, micros } from './database.js';

/** What the runs of a stretch of time tell of it. Stretches are numbered from 0, the oldest. */
export interface Stretch {
  readonly connection: string;
  readonly stretch: number;
  /** The longest that the mirror lagged behind before a good pull ended, in seconds; null where none did, or none was before it. */
  readonly peakSeconds: number | null;
  /** When the last good pull began that ended in it, microseconds since 1970; null where none did. */
  readonly pulledAt: number | null;
  /** Rows that the API's changes have made, changed or deleted in the mirror. */
  readonly pulled: number;
  /** Local changes that were made at the API. */
  readonly pushed: number;
}

/**
 * The runs that ended from `since` on (microseconds since 1970), in stretches of so many seconds; a stretch without one is left out. Relies
 * on the index `runs_by_start`, and so leaves out runs that took longer than an hour before `since`.
 */
export async function readActivity(
  db: Executor,
  since: number,
  stretchSeconds: number,
): Promise<readonly Stretch[]> {
  const rows = await db.rows<Stored>(sql`
    with ended as (
      select connection, started_at, finished_at, inserted + updated + deleted as pulled, pushed,
        outcome = 'ok' and kind in ('poll', 'read', 'sweep', 'resync') as pull
      from sync.runs
      where started_at >= ${fromMicros(since)} - interval '1 hour' and finished_at is not null
    ), lagging as (
      select *, case when pull then max(started_at) filter (where pull) over (
        partition by connection order by finished_at rows between unbounded preceding and 1 preceding) end as before
      from ended
    )
    select connection, floor(extract(epoch from finished_at - ${fromMicros(since)}) / ${stretchSeconds}::int)::int as stretch,
      max(extract(epoch from finished_at - before))::float8 as peak,
      ${micros(sql`max(started_at) filter (where pull)`)} as pulled_at,
      sum(pulled)::int as pulled, sum(pushed)::int as pushed
    from lagging where finished_at >= ${fromMicros(since)}
    group by 1, 2 order by 1, 2`);
  return rows.map(({ connection, stretch, peak, pulled_at, pulled, pushed }) => ({
    connection,
    stretch,
    peakSeconds: peak,
    pulledAt: pulled_at === null ? null : Number(pulled_at),
    pulled,
    pushed,
  }));
}

interface Stored {
  readonly connection: string;
  readonly stretch: number;
  readonly peak: number | null;
  readonly pulled_at: string | null;
  readonly pulled: number;
  readonly pushed: number;
}
