import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

/** Joins two rows, as an INSERT by a person does. Gives the link's id. */
export async function insertLink(
  tx: Executor,
  leftRowId: string,
  rightRowId: string,
  rule: string | null,
): Promise<string> {
  const { link_id } = await tx.row<{ link_id: string }>(sql`
    insert into sync.links (left_row_id, right_row_id, rule) values (${leftRowId}::bigint, ${rightRowId}::bigint, ${rule})
    returning link_id::text`);
  return link_id;
}

/** An ambiguous link, locked until the transaction ends; null where there is none. */
export async function lockAmbiguous(tx: Executor, linkId: string): Promise<AmbiguousLink | null> {
  const [link] = await tx.rows<{
    rule: string | null;
    left_row_id: string | null;
    right_row_id: string | null;
    candidates: readonly string[];
  }>(sql`
    select rule, left_row_id::text, right_row_id::text, candidates::text[] as candidates
    from sync.links where link_id = ${linkId}::bigint and state = 'ambiguous' for update`);
  if (link === undefined) return null;
  const { rule, left_row_id, right_row_id, candidates } = link;
  return { rule, leftRowId: left_row_id, rightRowId: right_row_id, candidates };
}

export interface AmbiguousLink {
  readonly rule: string | null;
  readonly leftRowId: string | null;
  readonly rightRowId: string | null;
  readonly candidates: readonly string[];
}
