import { type SQL, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { type Database, openDatabase } from '../../../src/mirror/database.js';
import { installClock } from './clock.js';

/** A migrated database of which each history begins with an empty mirror, the same numbers and a clock of its own. */
export interface Ground {
  readonly db: Database;
  wipe(): Promise<void>;
  /** Winds the database's clock to this time, in milliseconds since 1970. */
  wind(to: number): Promise<void>;
  /** How many statements wait for a lock that stays: one of a transaction that is ending goes by itself, if not at once on a busy machine. */
  blocked(): Promise<number>;
  close(): Promise<void>;
}

/** `url` must lead to a database that nobody else uses. */
export async function openGround(url: string): Promise<Ground> {
  await installClock(url);
  const db = openDatabase(url, { applicationName: 'taskmirror model', max: 60 });
  const watch = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'taskmirror watch' },
  });
  const tables = await db.rows<{ name: string }>(sql`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('sync', 'invoiced', 'freshbooks', 'reporting') and tablename <> 'migrations'`);
  const sequences = await db.rows<{ name: string }>(sql`
    select format('%I.%I', schemaname, sequencename) as name from pg_sequences
    where schemaname in ('sync', 'invoiced', 'freshbooks', 'reporting')`);
  // What refers to others goes first; to empty them is a hundred times as quick as to truncate them.
  const last = ['sync.credentials'];
  const ordered = [...tables.map(({ name }) => name).filter((name) => !last.includes(name)), ...last];
  const emptied = ordered.map((name, i) => `d${i} as (delete from ${name})`).join(', ');
  const numbers = sequences.map(({ name }) => `setval('${name}', 1, false)`).join(', ');
  const wiping: SQL = sql.raw(`with ${emptied} select set_config('taskmirror.origin', 'sync', true)`);
  return {
    db,
    wipe: () =>
      db.transaction(async (tx) => {
        await tx.rows(sql`select set_config('taskmirror.origin', 'sync', true)`);
        // Twice, since triggers keep what was deleted.
        await tx.rows(wiping);
        await tx.rows(wiping);
        await tx.rows(sql.raw(`select ${numbers}`));
      }),
    wind: async (to) => {
      await db.rows(sql`select setval('model_clock.tick', ${Math.floor(to * 1000)}::bigint)`);
    },
    blocked: async () => {
      const [row] = await watch`
        select count(*)::int as count from pg_stat_activity waits
        where waits.datname = current_database() and waits.wait_event_type = 'Lock' and (
          select bool_and(coalesce(holds.state like 'idle in transaction%' or holds.wait_event_type = 'Lock', false))
          from unnest(pg_blocking_pids(waits.pid)) as by (pid) left join pg_stat_activity holds using (pid)
        )`;
      return Number(row?.['count'] ?? 0);
    },
    close: async () => {
      await Promise.all([db.close(), watch.end({ timeout: 5 })]);
    },
  };
}
