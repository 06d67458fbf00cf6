import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';
import { tellConnections } from './notices.js';

/** Pauses a connection or lets it go on. False when it was so already; writes nothing then. */
export async function setPaused(db: Executor, name: string, paused: boolean): Promise<boolean> {
  const changed = await db.rows(sql`
    update sync.connections set paused_at = case when ${paused} then clock_timestamp() end, pause_reason = null
    where name = ${name} and (paused_at is not null) <> ${paused}
    returning 1`);
  return changed.length > 0;
}

/** Since when a connection has been paused, microseconds since 1970; null while it is not. */
export async function pausedSince(db: Executor, name: string): Promise<number | null> {
  const [row] = await db.rows<{ paused_at: string }>(sql`
    select ${micros(sql`paused_at`)} as paused_at from sync.connections where name = ${name} and paused_at is not null`);
  return row === undefined ? null : Number(row.paused_at);
}

/** The same as `setPaused` for a person: running workers are told. Gives also since when it is paused, null where it is not. */
export async function changePause(
  db: Executor,
  name: string,
  paused: boolean,
): Promise<{ readonly changed: boolean; readonly since: number | null }> {
  const changed = await setPaused(db, name, paused);
  if (changed) await tellConnections(db, name);
  return { changed, since: await pausedSince(db, name) };
}
