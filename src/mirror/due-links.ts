import { sql } from 'drizzle-orm';
import type { Columns } from '../fields.js';
import type { Executor } from './database.js';
import { versionOf } from './link-rules.js';
import { type LinkedRow, leftRow, rightRow, shownLeft, shownRight } from './linked-rows.js';

/** How a rule keeps its links. */
export interface Sharing {
  readonly name: boolean;
  readonly complete: 'archived' | 'deleted' | null;
  readonly onDelete: 'delete' | 'unlink';
  readonly winner: 'invoiced' | 'freshbooks' | 'newest';
}

/** A link of which a row shows something else than when both last agreed. A side is null where its row is gone. */
export interface DueLink {
  readonly linkId: string;
  readonly left: LinkedRow | null;
  readonly right: LinkedRow | null;
  readonly base: Columns | null;
  readonly leftSeen: Columns | null;
  readonly rightSeen: Columns | null;
  readonly sharing: Sharing;
  /** The rule as it was read; null where there is none. */
  readonly ruleVersion: string | null;
}

/**
 * The ids of all links that are to be brought up to date, in their order. One pass over links and rows: at rest that gives none, and is all
 * that a look costs.
 */
export async function findDue(db: Executor): Promise<readonly string[]> {
  const rows = await db.rows<{ link_id: string }>(sql`
    select l.link_id::text ${links} where ${due} order by l.link_id`);
  return rows.map(({ link_id }) => link_id);
}

/** Those of these links that still are, with both rows as they stand now. */
export async function readDue(db: Executor, linkIds: readonly string[]): Promise<readonly DueLink[]> {
  const rows = await db.rows<DueStored>(sql`
    select l.link_id::text, l.base, l.left_seen, l.right_seen,
      coalesce(r.share_name, true) as share_name, r.complete as shares_complete, coalesce(r.on_delete, 'delete') as on_delete,
      coalesce(r.winner, 'newest') as winner, ${versionOf('r')} as rule_version,
      ${leftRow} as left_row, ${rightRow} as right_row
    ${links} where l.link_id = any (${`{${linkIds.join(',')}}`}::bigint[]) and ${due} order by l.link_id`);
  return rows.map(toDue);
}

/** At most `limit` of a rule's links whose rows a sharing brings together as the rule did not yet. */
export async function readNewlyShared(
  db: Executor,
  rule: string,
  { name, complete }: Pick<Sharing, 'name' | 'complete'>,
  limit: number,
): Promise<readonly Joined[]> {
  const rows = await db.rows<JoinedStored>(sql`
    select l.link_id::text, l.base, l.left_seen, l.right_seen, ${leftRow} as left_row, ${rightRow} as right_row
    ${links} where l.rule = ${rule} and l.state in ('linked', 'failed') and l.base -> 'vis_state' = '0'
      and (${complete !== null} and l.base ->> 'complete' is distinct from ${complete}::text or ${name} and not l.base ? 'name')
    order by l.link_id limit ${limit}`);
  return rows.map(toJoined);
}

const links = sql`
  from sync.links l
  left join sync.link_rules r on r.name = l.rule
  left join invoiced.tasks a on a.row_id = l.left_row_id
  left join freshbooks.tasks b on b.row_id = l.right_row_id`;

/** A row shows something new, or the rule shares what it did not. Not what has failed just so; nor rows whose connection is being removed. */
const due = sql`l.state in ('linked', 'failed')
  and (l.left_seen is distinct from ${shownLeft('a')} or l.right_seen is distinct from ${shownRight('b')}
    or l.base -> 'vis_state' = '0' and (
      r.complete is not null and r.complete is distinct from l.base ->> 'complete' or coalesce(r.share_name, true) and not l.base ? 'name'))
  and (l.tried is null or l.tried <> jsonb_build_array(${shownLeft('a')}, ${shownRight('b')}))
  and (a.row_id is null or exists (select from sync.connections c where c.name = a.connection))
  and (b.row_id is null or exists (select from sync.connections c where c.name = b.connection))`;

/** A link's rows and what they agreed on, whatever its rule says of them. */
type Joined = Omit<DueLink, 'sharing' | 'ruleVersion'>;

interface JoinedStored {
  readonly link_id: string;
  readonly base: Columns | null;
  readonly left_seen: Columns | null;
  readonly right_seen: Columns | null;
  readonly left_row: LinkedRow | null;
  readonly right_row: LinkedRow | null;
}

interface DueStored extends JoinedStored {
  readonly share_name: boolean;
  readonly shares_complete: Sharing['complete'];
  readonly on_delete: Sharing['onDelete'];
  readonly winner: Sharing['winner'];
  readonly rule_version: string | null;
}

const toJoined = (row: JoinedStored): Joined => ({
  linkId: row.link_id,
  left: row.left_row,
  right: row.right_row,
  base: row.base,
  leftSeen: row.left_seen,
  rightSeen: row.right_seen,
});

const toDue = (row: DueStored): DueLink => ({
  ...toJoined(row),
  sharing: {
    name: row.share_name,
    complete: row.shares_complete,
    onDelete: row.on_delete,
    winner: row.winner,
  },
  ruleVersion: row.rule_version,
});
