import { sql } from 'drizzle-orm';
import type { JsonObject } from '../fields.js';
import { type Executor, fromMicros, micros } from './database.js';

/** A deletion that the API told of, held back until it is known how many there are. */
export interface HeldDeletion {
  readonly id: number;
  readonly raw: JsonObject;
  readonly requestedAt: number;
  readonly answeredAt: number;
  /** Seconds that the API's clock was ahead of the database's. */
  readonly skew: number;
}

export async function holdDeletions(
  db: Executor,
  holder: string,
  held: readonly HeldDeletion[],
): Promise<void> {
  const incoming = JSON.stringify(held);
  await db.rows(sql`
    insert into sync.held_deletions (holder, id, raw, requested_at, answered_at, skew)
    select ${holder}::bigint, h.id, h.raw, ${fromMicros(sql`h."requestedAt"`)}, ${fromMicros(sql`h."answeredAt"`)}, h.skew
    from jsonb_to_recordset(${incoming}::text::jsonb) as h 
      (id bigint, raw jsonb, "requestedAt" bigint, "answeredAt" bigint, skew float8)
    on conflict (holder, id) do update
    set raw = excluded.raw, requested_at = excluded.requested_at, answered_at = excluded.answered_at,
      skew = excluded.skew`);
}

export async function countHeld(db: Executor, holder: string): Promise<number> {
  const { count } = await db.row<{ count: number }>(sql`
    select count(*)::int as count from sync.held_deletions where holder = ${holder}::bigint`);
  return count;
}

/** Held deletions above `after`, in order of id, at most `limit`. */
export async function findHeld(
  db: Executor,
  holder: string,
  after: number,
  limit: number,
): Promise<readonly HeldDeletion[]> {
  const rows = await db.rows<{
    id: string;
    raw: JsonObject;
    requested_at: string;
    answered_at: string;
    skew: number;
  }>(sql`
    select id::text, raw, ${micros(sql`requested_at`)} as requested_at, ${micros(sql`answered_at`)} as answered_at, skew
    from sync.held_deletions where holder = ${holder}::bigint and id > ${after} order by id limit ${limit}`);
  return rows.map(({ id, raw, requested_at, answered_at, skew }) => ({
    id: Number(id),
    raw,
    requestedAt: Number(requested_at),
    answeredAt: Number(answered_at),
    skew,
  }));
}

export async function forgetHeld(db: Executor, holder: string): Promise<void> {
  await db.rows(sql`delete from sync.held_deletions where holder = ${holder}::bigint`);
}
