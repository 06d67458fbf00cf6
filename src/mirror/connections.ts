import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { hasLinks } from './linker.js';

/** An account as the mirror knows it. */
export interface Connection {
  readonly name: string;
  readonly source: string;
  /** Whose it was found to be when it was last identified; nulls before that. */
  readonly account: string | null;
  readonly baseUrl: string | null;
  readonly keyFingerprint: string | null;
  readonly pollEvery: number;
  readonly sweepEvery: number;
  readonly paused: boolean;
  readonly problem: string | null;
  /** Whether the database finds itself elsewhere than before: a copy, in which nothing may be read or sent yet. */
  readonly strayed: boolean;
  /** Whether its account is still to be chosen, by a person's consent: there is nothing to read yet. */
  readonly unchosen: boolean;
  /** Where the next poll begins, microseconds since 1970; null before the first read is over. */
  readonly cursor: number | null;
  /** Whether the window before the cursor needs no second reading. */
  readonly walkedAgain: boolean;
  /** Whether a walk was begun and neither finished nor is at work now. */
  readonly walkWaits: boolean;
  /** Whether there are links or rules for them, of any connection. */
  readonly linked: boolean;
}

export interface Declaration {
  readonly name: string;
  readonly source: string;
  /** Milliseconds. */
  readonly pollEvery: number;
  readonly sweepEvery: number;
}

/** Makes the connections that this process was configured with known to all; writes nothing where nothing changed. */
export async function declareConnections(db: Executor, declared: readonly Declaration[]): Promise<void> {
  await db.rows(sql`
    insert into sync.connections as c (name, source, poll_every_ms, sweep_every_ms, origin)
    select name, source, "pollEvery", "sweepEvery", 'environment'
    from jsonb_to_recordset(${JSON.stringify(declared)}::text::jsonb)
      as d (name text, source text, "pollEvery" bigint, "sweepEvery" bigint)
    on conflict (name) do update
    set source = excluded.source, poll_every_ms = excluded.poll_every_ms, sweep_every_ms = excluded.sweep_every_ms,
      origin = excluded.origin
    where (c.source, c.poll_every_ms, c.sweep_every_ms, c.origin)
      is distinct from (excluded.source, excluded.poll_every_ms, excluded.sweep_every_ms, excluded.origin)`);
}

/** The intervals of this process's configuration, for the connections that a command has added. */
export async function setIntervals(
  db: Executor,
  { pollEvery, sweepEvery }: Pick<Declaration, 'pollEvery' | 'sweepEvery'>,
): Promise<void> {
  await db.rows(sql`
    update sync.connections set poll_every_ms = ${pollEvery}, sweep_every_ms = ${sweepEvery}
    where origin = 'command' and (poll_every_ms, sweep_every_ms) is distinct from (${pollEvery}::bigint, ${sweepEvery}::bigint)`);
}

export async function listConnections(db: Executor): Promise<readonly Connection[]> {
  const rows = await db.rows<ConnectionRow>(sql`${selectConnections} order by c.name`);
  return rows.map(toConnection);
}

export async function findConnection(db: Executor, name: string): Promise<Connection | null> {
  const [row] = await db.rows<ConnectionRow>(sql`${selectConnections} where c.name = ${name}`);
  return row === undefined ? null : toConnection(row);
}

export interface Identity {
  readonly account: string;
  readonly baseUrl: string;
  readonly keyFingerprint: string;
}

/** Remembers whose account a connection was found to be. */
export async function rememberIdentity(db: Executor, name: string, identity: Identity): Promise<void> {
  await db.rows(sql`
    update sync.connections set account = ${identity.account}, base_url = ${identity.baseUrl},
      key_fingerprint = ${identity.keyFingerprint}, identified_at = clock_timestamp()
    where name = ${name}`);
}

const selectConnections = sql`
  select c.name, c.source, c.account, c.base_url, c.key_fingerprint, c.poll_every_ms::float8 as poll_every,
    c.sweep_every_ms::float8 as sweep_every, c.paused_at is not null as paused, c.problem,
    (select sync.strayed()) is not null as strayed,
    c.origin = 'command' and c.source = 'freshbooks' and c.account_id is null as unchosen,
    (select ${micros(sql`k.cursor`)} from sync.cursors k where k.connection = c.name) as cursor,
    coalesce((select k.walked_again from sync.cursors k where k.connection = c.name), true) as walked_again,
    exists (select from sync.walks w where w.connection = c.name) and not exists (
      select from sync.leases l where l.connection = c.name and l.kind = 'walk' and l.ends_at > clock_timestamp()
    ) as walk_waits,
    ${hasLinks} as linked
  from sync.connections c`;

interface ConnectionRow {
  readonly name: string;
  readonly source: string;
  readonly account: string | null;
  readonly base_url: string | null;
  readonly key_fingerprint: string | null;
  readonly poll_every: number;
  readonly sweep_every: number;
  readonly paused: boolean;
  readonly problem: string | null;
  readonly strayed: boolean;
  readonly unchosen: boolean;
  readonly cursor: string | null;
  readonly walked_again: boolean;
  readonly walk_waits: boolean;
  readonly linked: boolean;
}

const toConnection = (row: ConnectionRow): Connection => ({
  name: row.name,
  source: row.source,
  account: row.account,
  baseUrl: row.base_url,
  keyFingerprint: row.key_fingerprint,
  pollEvery: row.poll_every,
  sweepEvery: row.sweep_every,
  paused: row.paused,
  problem: row.problem,
  strayed: row.strayed,
  unchosen: row.unchosen,
  cursor: row.cursor === null ? null : Number(row.cursor),
  walkedAgain: row.walked_again,
  walkWaits: row.walk_waits,
  linked: row.linked,
});
