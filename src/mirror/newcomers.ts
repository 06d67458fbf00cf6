import { type SQL, sql } from 'drizzle-orm';
import type { Columns, JsonObject } from '../fields.js';
import { type Executor, fromMicros, micros } from './database.js';
import { type TaskTable, tableName, transported } from './table.js';

/** What the mirror knows of a task that the API shows. */
export interface Standing {
  /** Microseconds since 1970; null where the mirror does not hold it. */
  readonly firstSeenAt: number | null;
  /** Whether it is the work of a local insert or restore that is known, or is to be adopted. */
  readonly taken: boolean;
}

/** By id, or by what there is of one (see `sync.unreadable`). Those that the mirror knows nothing of are left out. */
export async function standingOf(
  db: Executor,
  table: TaskTable,
  connection: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Standing>> {
  const rows = await db.rows<{ key: string; first_seen_at: string | null; taken: boolean }>(sql`
    with asked as materialized (
      select key, case when key ~ '^[0-9]{1,16}$' then key::bigint end as id
      from jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) as key
    ), held as (
      select a.key, t.first_seen_at, ${madeHere} and (t.raw is not null or ${insertedHere}) as taken
      from asked a join ${tableName(table)} t on t.connection = ${connection} and t.id = a.id
      union all
      select a.key, t.first_seen_at, t.row_id is null or ${insertedHere} or r.id <> ${firstId}
      from asked a join sync.retired_ids r on r.connection = ${connection} and r.id = a.id
      left join ${tableName(table)} t on t.row_id = r.row_id
      union all
      select a.key, null, true from asked a
      join sync.writes w on w.connection = ${connection} and w.settled_at is null and w.adopt_id = a.id
      union all
      select a.key, u.first_seen_at, false from asked a
      join sync.unreadable u on u.connection = ${connection} and u.task_id = a.key
    )
    select key, ${micros(sql`min(first_seen_at)`)} as first_seen_at, bool_or(taken) as taken from held group by key`);
  return new Map(
    rows.map(({ key, first_seen_at, taken }) => [
      key,
      { firstSeenAt: first_seen_at === null ? null : Number(first_seen_at), taken },
    ]),
  );
}

/** A task that a pull brought lately. */
export interface Newcomer {
  readonly id: number;
  /** Null where it is gone for good; then `columns` is what it held last. */
  readonly raw: JsonObject | null;
  readonly columns: Columns;
  /** Microseconds since 1970. */
  readonly firstSeenAt: number;
  /** The row that made it anew, as another task, after it was gone; `columns` is what that row holds. */
  readonly anewBy: string | null;
}

/**
 * Tasks that pulls have brought since then, no row's own insert among them. `changedSince` (seconds since 1970, by the API's clock)
 * leaves out what was changed last before: a first read brings everything.
 */
export async function findNewcomers(
  db: Executor,
  table: TaskTable & { readonly updatedColumn: string },
  connection: string,
  since: number,
  changedSince: number | null,
): Promise<readonly Newcomer[]> {
  const updated = sql`t.${sql.identifier(table.updatedColumn)}`;
  const rows = await db.rows<{
    id: string;
    raw: JsonObject | null;
    columns: Columns;
    first_seen_at: string;
    anew_by: string | null;
  }>(
    sql`
    select coalesce(former.id, t.id)::text as id, case when former.id is null then t.raw end as raw,
      ${transported(table, 't')} as columns, ${micros(sql`t.first_seen_at`)} as first_seen_at,
      case when ${madeHere} then t.row_id::text end as anew_by
    from ${tableName(table)} t left join lateral (select ${firstId} as id where ${madeHere}) former on true
    where t.connection = ${connection} and t.id is not null and t.first_seen_at > ${fromMicros(since)}
      and (${updated} is null or ${changedSince}::float8 is null or ${updated} >= to_timestamp(${changedSince}::float8))
      and (not ${madeHere} or not ${insertedHere} and (former.id is not null or t.raw is null))`,
  );
  return rows.map(({ id, raw, columns, first_seen_at, anew_by }) => {
    return { id: Number(id), raw, columns, firstSeenAt: Number(first_seen_at), anewBy: anew_by };
  });
}

/** Whether a task was ever sent to be made for the row `t`. */
const madeHere: SQL = sql`exists (select from sync.writes w where w.row_id = t.row_id and w.method = 'POST')`;

/** A row that a pull made, and whose task was made anew after it was gone, was seen before anything was sent for it. */
const insertedHere: SQL = sql`
  exists (
    select from sync.writes w
    where w.row_id = t.row_id and w.method = 'POST' and (t.first_seen_at is null or w.sent_at <= t.first_seen_at))`;

/** The id that the row `t` had first, where it has another by now. */
const firstId: SQL = sql`
  (select f.id from sync.retired_ids f
    where f.connection = t.connection and f.row_id = t.row_id order by f.retired_at, f.id limit 1)`;

/**
 * When the first poll had ended that began between these moments and left nothing out: it was read in one page a listing, and all of it
 * was committed. Microseconds since 1970; null when there was none.
 */
export async function firstWholePoll(
  db: Executor,
  connection: string,
  { from, to, pages }: { readonly from: number; readonly to: number; readonly pages: number },
): Promise<number | null> {
  const { ended } = await db.row<{ ended: string | null }>(sql`
    select ${micros(sql`min(finished_at)`)} as ended from sync.runs
    where connection = ${connection} and lease = 'poll' and kind = 'poll' and outcome = 'ok' and error is null and pages <= ${pages}
      and started_at between ${fromMicros(from)} and ${fromMicros(to)}`);
  return ended === null ? null : Number(ended);
}
