import { type SQL, sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';
import { type TaskTable, tableName, versionsOf } from './table.js';

/** How long each journal is kept, in milliseconds; null for ever. */
export interface Keep {
  readonly runs: number | null;
  readonly writes: number | null;
  readonly conflicts: number | null;
  readonly history: number | null;
}

/** A journal that is trimmed by age. A further one is one more entry. */
interface Journal {
  readonly name: keyof Keep;
  readonly table: SQL;
  /** Its primary key, which grows with time: what is old stands at its beginning. */
  readonly id: SQL;
  /** When an entry was written. */
  readonly writtenAt: SQL;
  /** From when on its age counts. */
  readonly since: SQL;
  /** Of the entry `t`: whether it is needed, however old it is. */
  readonly needed: SQL;
}

/** How many entries were taken out of each table, of those where there were any. */
export type Trimmed = Readonly<Record<string, number>>;

/**
 * Takes out of each journal what is older than it is to be kept, and of the walks' records what nothing goes on with. In batches, each in a
 * transaction of its own, and by one worker at a time: what another
 * one is at is left to it. Writes nothing where nothing is too old.
 */
export async function trim(
  db: Database,
  tables: readonly TaskTable[],
  keep: Keep,
  signal: AbortSignal,
): Promise<Trimmed> {
  const trimmed: Record<string, number> = {};
  for (const journal of journalsOf(tables)) {
    const keepMs = keep[journal.name];
    const count = keepMs === null ? 0 : await trimJournal(db, journal, keepMs, signal);
    if (count > 0) trimmed[journal.name] = (trimmed[journal.name] ?? 0) + count;
  }
  return { ...trimmed, ...(await alone(db, forgetLeftovers)) };
}

const BATCH = 5_000;

function journalsOf(tables: readonly TaskTable[]): readonly Journal[] {
  return [
    {
      name: 'runs',
      table: sql`sync.runs`,
      id: sql`run_id`,
      writtenAt: sql`started_at`,
      since: sql`coalesce(t.finished_at, t.started_at)`,
      // The last of each kind and the last good one: `status` tells of them, and the push looks at its own. Walks that are not over.
      needed: sql`
        not exists (
          select from sync.runs n where n.connection = t.connection and n.kind = t.kind and n.lease = t.lease
            and n.run_id > t.run_id)
        or t.outcome = 'ok' and not exists (
          select from sync.runs n where n.connection = t.connection and n.kind = t.kind and n.lease = t.lease
            and n.run_id > t.run_id and n.outcome = 'ok')
        or exists (select from sync.walks w where t.run_id in (w.run_id, w.walk_id))
        or exists (select from sync.leases l where l.run_id = t.run_id and l.ends_at > clock_timestamp())`,
    },
    {
      name: 'writes',
      table: sql`sync.writes`,
      id: sql`write_id`,
      writtenAt: sql`sent_at`,
      since: sql`coalesce(t.settled_at, t.sent_at)`,
      // What may still turn up at the API, itself or for its row, and what tells which tasks it can't be. Relies on the index writes_unsettled.
      needed: sql`
        exists (select from sync.writes o where o.row_id = t.row_id and o.settled_at is null)
        or t.method = 'POST' and exists (
          select from sync.writes o where o.connection = t.connection and o.method = 'POST' and o.settled_at is null)`,
    },
    {
      name: 'conflicts',
      table: sql`sync.conflicts`,
      id: sql`conflict_id`,
      writtenAt: sql`created_at`,
      since: sql`coalesce(t.restored_at, t.created_at)`,
      // The last value of a field that lost and was not put back stands nowhere else. Relies on the index conflicts_by_row.
      needed: sql`
        t.restored_at is null
        and not exists (
          select from sync.conflicts n where n.row_id = t.row_id and n.field = t.field and n.winner = t.winner
            and n.conflict_id > t.conflict_id)
        and (${sql.join(
          tables.map((table) => sql`exists (select from ${tableName(table)} r where r.row_id = t.row_id)`),
          sql` or `,
        )})`,
    },
    ...tables.map((table) => ({
      name: 'history' as const,
      table: versionsOf(table),
      id: sql`version_id`,
      writtenAt: sql`valid_to`,
      since: sql`t.valid_to`,
      // The last one tells since when the row is as it is, and by whom. Relies on the index task_versions_by_row.
      needed: sql`
        not exists (select from ${versionsOf(table)} n where n.row_id = t.row_id and n.version_id > t.version_id)
        and exists (select from ${tableName(table)} r where r.row_id = t.row_id)`,
    })),
  ];
}

async function trimJournal(
  db: Database,
  journal: Journal,
  keepMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { table, id, writtenAt, since, needed } = journal;
  const before = sql`clock_timestamp() - ${keepMs} * interval '1 millisecond'`;
  let trimmed = 0;
  for (let after = '0'; ; ) {
    signal.throwIfAborted();
    const batch = await alone(db, (tx) =>
      tx.row<{ seen: number; last: string | null; reached: boolean; gone: number }>(sql`
        with batch as materialized (
          select ${id} as id, ${writtenAt} as written_at from ${table} where ${id} > ${after}::bigint
          order by ${id} limit ${BATCH}
        ), gone as (
          delete from ${table} t using batch b
          where t.${id} = b.id and b.written_at < ${before} and ${since} < ${before} and not (${needed})
          returning 1
        )
        select count(*)::int as seen, max(id)::text as last,
          coalesce((select written_at >= ${before} from batch order by id desc limit 1), true) as reached,
          (select count(*)::int from gone) as gone
        from batch`),
    );
    if (batch === null) return trimmed;
    trimmed += batch.gone;
    // What follows was written later.
    if (batch.seen < BATCH || batch.reached || batch.last === null) return trimmed;
    after = batch.last;
  }
}

/** Pages and held deletions of walks and polls that are over and could not say so. */
async function forgetLeftovers(tx: Executor): Promise<Trimmed> {
  const over = (id: SQL) => sql`
    not exists (select from sync.walks w where w.walk_id = ${id})
    and not exists (select from sync.leases l where l.run_id = ${id} and l.ends_at > clock_timestamp())`;
  const { pages, held } = await tx.row<{ pages: number; held: number }>(sql`
    with pages as (
      delete from sync.walk_pages t where ${over(sql`t.walk_id`)} returning 1
    ), held as (
      delete from sync.held_deletions t where ${over(sql`t.holder`)} returning 1
    )
    select (select count(*)::int from pages) as pages, (select count(*)::int from held) as held`);
  return { ...(pages > 0 && { walkPages: pages }), ...(held > 0 && { heldDeletions: held }) };
}

/** Null when another worker trims. A transaction's lock, since a pooler may stand between. */
async function alone<Result>(db: Database, work: (tx: Executor) => Promise<Result>): Promise<Result | null> {
  return db.transaction(async (tx) => {
    const { mine } = await tx.row<{ mine: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended('taskmirror:trim', 0)) as mine`,
    );
    return mine ? work(tx) : null;
  });
}
