import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { type TaskTable, tableName } from './table.js';

/** A connection for `taskmirror connections`. Instants are microseconds since 1970. */
export interface ListedConnection {
  readonly name: string;
  readonly source: string;
  readonly account: string | null;
  readonly origin: 'environment' | 'command';
  readonly address: string | null;
  readonly pausedAt: number | null;
  readonly pauseReason: string | null;
  readonly problem: string | null;
  /** Why its secret no longer works. */
  readonly consentProblem: string | null;
  readonly credential: string | null;
  readonly addedAt: number;
}

/** What a removed connection has left. */
export interface LeftRows {
  readonly name: string;
  readonly source: string;
  readonly rows: number;
  /** Rows with local edits that are sent nowhere. */
  readonly unsent: number;
}

export async function listAll(db: Executor): Promise<readonly ListedConnection[]> {
  const rows = await db.rows<Listed>(sql`
    select c.name, c.source, coalesce(c.account, c.account_id) as account, c.origin, coalesce(c.address, c.base_url) as address,
      ${micros(sql`c.paused_at`)} as paused_at, c.pause_reason, c.problem, k.problem as consent_problem,
      c.credential_id, ${micros(sql`c.added_at`)} as added_at
    from sync.connections c left join sync.credentials k using (credential_id)
    order by c.name`);
  return rows.map((row) => ({
    name: row.name,
    source: row.source,
    account: row.account,
    origin: row.origin,
    address: row.address,
    pausedAt: row.paused_at === null ? null : Number(row.paused_at),
    pauseReason: row.pause_reason,
    problem: row.problem,
    consentProblem: row.consent_problem,
    credential: row.credential_id,
    addedAt: Number(row.added_at),
  }));
}

/** Scans the task tables. */
export async function listLeftRows(db: Executor, tables: readonly TaskTable[]): Promise<readonly LeftRows[]> {
  const each = tables.map(
    (table) => sql`
    (select connection as name, ${table.name} as source, count(*)::int as rows,
      count(*) filter (where sync_state <> 'synced')::int as unsent
    from ${tableName(table)} t
    where not exists (select from sync.connections c where c.name = t.connection)
    group by connection)`,
  );
  return db.rows<LeftRows>(sql`${sql.join(each, sql` union all `)} order by 1, 2`);
}

interface Listed {
  readonly name: string;
  readonly source: string;
  readonly account: string | null;
  readonly origin: 'environment' | 'command';
  readonly address: string | null;
  readonly paused_at: string | null;
  readonly pause_reason: string | null;
  readonly problem: string | null;
  readonly consent_problem: string | null;
  readonly credential_id: string | null;
  readonly added_at: string;
}
