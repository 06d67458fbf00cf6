import { sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';
import { tellConnections } from './notices.js';
import { type TaskTable, tableName } from './table.js';

export interface RemovalOptions {
  /** Takes the mirrored rows and the connection's history along. */
  readonly dropRows: boolean;
  /** Goes on though local edits have not reached the API. */
  readonly abandonEdits: boolean;
}

/** What a connection holds that a removal must not lose unsaid. */
export interface Held {
  readonly rows: number;
  readonly pending: number;
  readonly failed: number;
  /** Calls that were sent, of which nobody knows yet whether they were done. */
  readonly unsettled: number;
}

export type Removal =
  | { readonly state: 'removed'; readonly held: Held; readonly credentialDropped: boolean }
  /** Edits wait, and nothing was changed. */
  | { readonly state: 'refused'; readonly held: Held }
  | { readonly state: 'unknown' };

/**
 * Removes a connection whole or not at all: runs under way lose their lease and can commit nothing more, its cursor and walk go,
 * so that a later one of the name reads everything. Rows stay readable, or go with its history. Waits for a row's editor at most
 * as long as `lock_timeout`, and counts his edit then.
 */
export async function removeConnection(
  db: Database,
  table: TaskTable,
  name: string,
  { dropRows, abandonEdits }: RemovalOptions,
): Promise<Removal> {
  return db
    .transaction(async (tx) => {
      await tx.rows(sql`
        select set_config('taskmirror.origin', 'sync', true), set_config('lock_timeout', '10s', true)`);
      const [connection] = await tx.rows<{
        source: string;
        account: string | null;
        credential_id: string | null;
      }>(sql`
        select source, account, credential_id from sync.connections where name = ${name} for update`);
      if (connection === undefined && !(dropRows && (await isRemoved(tx, name)))) {
        return { state: 'unknown' } as const;
      }
      await stopWork(tx, name);
      const held = await countHeld(tx, table, name);
      if (waits(held) && !abandonEdits) throw new EditsWait(held);
      if (dropRows) await dropAll(tx, table, name, abandonEdits);
      else {
        await tx.rows(sql`
          insert into sync.removed_connections (name, source, account)
          select name, source, account from sync.connections where name = ${name}
          on conflict (name) do update set source = excluded.source, account = excluded.account, removed_at = clock_timestamp()`);
      }
      await tx.rows(sql`delete from sync.connections where name = ${name}`);
      const dropped = await tx.rows(sql`
        delete from sync.credentials k where k.credential_id = ${connection?.credential_id ?? null}
          and not exists (select from sync.connections c where c.credential_id = k.credential_id)
        returning 1`);
      await tellConnections(tx, name);
      return { state: 'removed', held, credentialDropped: dropped.length > 0 } as const;
    })
    .catch((error: unknown) => {
      if (error instanceof EditsWait) return { state: 'refused', held: error.held } as const;
      throw error;
    });
}

/** Thrown, so that what the transaction has done so far is taken back. */
class EditsWait extends Error {
  readonly held: Held;

  constructor(held: Held) {
    super('local edits wait');
    this.held = held;
  }
}

const waits = ({ pending, failed }: Held): boolean => pending + failed > 0;

async function isRemoved(tx: Executor, name: string): Promise<boolean> {
  return (
    (await tx.rows(sql`select from sync.removed_connections where name = ${name} for update`)).length > 0
  );
}

/** What runs have left of a connection of this name. A lease that a commit of a run holds locked is waited for. */
export async function stopWork(tx: Executor, name: string): Promise<void> {
  await tx.rows(sql`delete from sync.leases where connection = ${name}`);
  await tx.rows(sql`
    update sync.runs set outcome = 'interrupted', finished_at = clock_timestamp(), error = 'the connection was removed'
    where connection = ${name} and finished_at is null`);
  await tx.rows(sql`
    delete from sync.held_deletions h using sync.runs r where h.holder = r.run_id and r.connection = ${name}`);
  await tx.rows(sql`
    delete from sync.walk_pages p using sync.walks w where p.walk_id = w.walk_id and w.connection = ${name}`);
  await tx.rows(sql`delete from sync.walks where connection = ${name}`);
  await tx.rows(sql`delete from sync.cursors where connection = ${name}`);
  await tx.rows(sql`delete from sync.unreadable where connection = ${name}`);
}

function countHeld(tx: Executor, table: TaskTable, name: string): Promise<Held> {
  return tx.row<{ rows: number; pending: number; failed: number; unsettled: number }>(sql`
    select count(*)::int as rows, count(*) filter (where sync_state = 'pending')::int as pending,
      count(*) filter (where sync_state = 'failed')::int as failed,
      (select count(*)::int from sync.writes w where w.connection = ${name} and w.settled_at is null) as unsettled
    from ${tableName(table)} where connection = ${name}`);
}

async function dropAll(tx: Executor, table: TaskTable, name: string, abandonEdits: boolean): Promise<void> {
  // An edit that commits meanwhile turns its row into one that is left, which is counted again below.
  await tx.rows(sql`
    delete from ${tableName(table)} where connection = ${name} and (sync_state = 'synced' or ${abandonEdits})`);
  const left = await countHeld(tx, table, name);
  if (left.rows > 0) throw new EditsWait(left);
  for (const history of ['retired_ids', 'conflicts', 'writes', 'runs', 'removed_connections']) {
    const column = sql.identifier(history === 'removed_connections' ? 'name' : 'connection');
    await tx.rows(sql`delete from sync.${sql.identifier(history)} where ${column} = ${name}`);
  }
}
