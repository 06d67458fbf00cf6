import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

/** What of the server matters before the mirror is there. */
export interface ServerFacts {
  /** 150018 for 15.18. */
  readonly version: number;
  /** As the server writes it: 15.18. */
  readonly versionName: string;
  readonly inRecovery: boolean;
  /** Milliseconds since 1970. */
  readonly clock: number;
}

export function readServerFacts(db: Executor): Promise<ServerFacts> {
  return db.row<ServerFacts>(sql`
    select current_setting('server_version_num')::int as version, split_part(current_setting('server_version'), ' ', 1) as "versionName",
      pg_is_in_recovery() as "inRecovery", (extract(epoch from clock_timestamp()) * 1000)::float8 as clock`);
}

/** Statements that an administrator has yet to run for the roles of readers and writers. */
export async function missingRoles(db: Executor): Promise<readonly string[]> {
  const rows = await db.rows<{ statement: string }>(sql`select statement from sync.role_statements()`);
  return rows.map(({ statement }) => statement);
}

/** The status with which the API last answered a write of each connection. */
export async function lastWriteStatus(db: Executor): Promise<ReadonlyMap<string, number | null>> {
  const rows = await db.rows<{ connection: string; status: number | null }>(sql`
    select c.name as connection, w.status from sync.connections c cross join lateral (
      select w.status from sync.writes w where w.connection = c.name and w.outcome is not null
      order by w.write_id desc limit 1
    ) w`);
  return new Map(rows.map(({ connection, status }) => [connection, status]));
}
