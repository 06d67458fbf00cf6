import { type SQL, sql } from 'drizzle-orm';
import type { Columns } from '../fields.js';
import type { Executor } from './database.js';
import type { DueLink } from './due-links.js';
import { versionOf } from './link-rules.js';
import { shownLeft, shownRight } from './linked-rows.js';

/** What is to be written for a link. */
export interface Carry {
  readonly link: DueLink;
  /** The columns to be changed of each side's row; null for none. */
  readonly left: Columns | null;
  readonly right: Columns | null;
  readonly base: Columns;
  readonly journal: readonly CarriedOver[];
}

/** A value that lost: a row of sync.conflicts. */
export interface CarriedOver {
  readonly connection: string;
  readonly rowId: string;
  readonly field: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
  readonly reason: string;
}

/** Carries over what is to cross, all in one go. Gives the ids of the links that were written: a row that moved or is held is left. */
export async function carryOver(tx: Executor, carries: readonly Carry[]): Promise<ReadonlySet<string>> {
  const free = await lockAll(tx, carries);
  const writes = carries.filter(({ link }) => free.has(link.linkId));
  if (writes.length === 0) return free;
  const incoming = sql`${JSON.stringify(
    writes.map(({ link, left, right, base }) => ({
      link_id: link.linkId,
      left_row: link.left?.rowId,
      right_row: link.right?.rowId,
      set_left: left,
      set_right: right,
      base,
      left_changed: link.left?.changedAt,
      right_changed: link.right?.changedAt,
    })),
  )}::text::jsonb`;
  const records = sql`jsonb_to_recordset(${incoming}) as c
    (link_id bigint, left_row bigint, right_row bigint, set_left jsonb, set_right jsonb, base jsonb,
     left_changed float8, right_changed float8)`;
  if (writes.some(({ left }) => left !== null)) {
    await tx.rows(sql`
      update invoiced.tasks t set
        name = case when c.set_left ? 'name' then c.set_left ->> 'name' else t.name end,
        complete = coalesce((c.set_left ->> 'complete')::boolean, t.complete),
        vis_state = coalesce((c.set_left ->> 'vis_state')::smallint, t.vis_state)
      from ${records} where t.row_id = c.left_row and c.set_left is not null`);
  }
  if (writes.some(({ right }) => right !== null)) {
    await tx.rows(sql`
      update freshbooks.tasks t set
        name = case when c.set_right ? 'name' then c.set_right ->> 'name' else t.name end,
        vis_state = coalesce((c.set_right ->> 'vis_state')::smallint, t.vis_state)
      from ${records} where t.row_id = c.right_row and c.set_right is not null`);
  }
  await tx.rows(sql`
    update sync.links l set base = c.base, left_seen = ${shownLeft('a')}, right_seen = ${shownRight('b')},
      state = 'linked', error = null, tried = null,
      left_carried_at = case when c.set_left is null then l.left_carried_at else clock_timestamp() end,
      right_carried_at = case when c.set_right is null then l.right_carried_at else clock_timestamp() end,
      left_as_of = case when c.set_left is null then l.left_as_of else to_timestamp(c.right_changed) end,
      right_as_of = case when c.set_right is null then l.right_as_of else to_timestamp(c.left_changed) end
    from ${records} join invoiced.tasks a on a.row_id = c.left_row join freshbooks.tasks b on b.row_id = c.right_row
    where l.link_id = c.link_id`);
  const journal = writes.flatMap((write) => write.journal);
  if (journal.length > 0) {
    await tx.rows(sql`
      insert into sync.conflicts (connection, row_id, field, base, local, remote, winner, reason)
      select j.connection, j."rowId", j.field, j.base, j.local, j.remote, 'local', j.reason
      from jsonb_to_recordset(${JSON.stringify(journal)}::text::jsonb) as j
        (connection text, "rowId" bigint, field text, base jsonb, local jsonb, remote jsonb, reason text)`);
  }
  return free;
}

/** Locks links and their rows in the versions that were read, where their rules still are what they were; gives the ids of the links of which all could be locked. */
async function lockAll(tx: Executor, carries: readonly Pick<Carry, 'link'>[]): Promise<ReadonlySet<string>> {
  const keys = sql`jsonb_to_recordset(${JSON.stringify(
    carries.map(({ link: { linkId, left, right, ruleVersion } }) => ({
      link_id: linkId,
      rule_version: ruleVersion,
      left_row: left?.rowId,
      left_version: left?.version,
      right_row: right?.rowId,
      right_version: right?.version,
    })),
  )}::text::jsonb) as k
    (link_id bigint, rule_version text, left_row bigint, left_version text, right_row bigint, right_version text)`;
  const ids = async (query: SQL) =>
    new Set((await tx.rows<{ link_id: string }>(query)).map(({ link_id }) => link_id));
  const links = await ids(sql`
    with rules as (
      select r.name, ${versionOf('r')} as version from sync.link_rules r
      where r.name in (select l.rule from ${keys} join sync.links l on l.link_id = k.link_id)
      order by r.name for share skip locked
    )
    select l.link_id::text from ${keys} join sync.links l on l.link_id = k.link_id
    where (l.rule is null or exists (select from rules r where r.name = l.rule and r.version = k.rule_version))
      and l.state in ('linked', 'failed') and l.left_row_id = k.left_row and l.right_row_id = k.right_row
    order by l.link_id for update of l skip locked`);
  const lefts = await ids(sql`
    select k.link_id::text from ${keys} join invoiced.tasks t on t.row_id = k.left_row and t.xmin::text = k.left_version
    order by t.row_id for update of t skip locked`);
  const rights = await ids(sql`
    select k.link_id::text from ${keys} join freshbooks.tasks t on t.row_id = k.right_row and t.xmin::text = k.right_version
    order by t.row_id for update of t skip locked`);
  return new Set([...links].filter((id) => lefts.has(id) && rights.has(id)));
}

const NONE: ReadonlySet<string> = new Set();

/** Says why a link can't be brought up to date; it is tried again when one of its rows changes. */
export async function failLink(tx: Executor, linkId: string, error: string): Promise<void> {
  await tx.rows(sql`
    update sync.links l set state = 'failed', error = ${error}, tried = jsonb_build_array(${shownLeft('a')}, ${shownRight('b')})
    from invoiced.tasks a, freshbooks.tasks b
    where l.link_id = ${linkId}::bigint and a.row_id = l.left_row_id and b.row_id = l.right_row_id
      and l.state in ('linked', 'failed')`);
}

/** A link that is over, and why. */
export interface Ending {
  readonly linkId: string;
  readonly why: string;
  /** The link as it was looked at, where it ends by what its rows held: a deletion may have given way since. */
  readonly link?: DueLink;
}

/** Ends links and leaves all rows as they are; not one that was looked at, where a row has moved since or is held. No rule links them again. Gives how many were not over already. */
export async function endLinks(tx: Executor, endings: readonly Ending[]): Promise<number> {
  const looked = endings.flatMap(({ link }) => (link === undefined ? [] : [{ link }]));
  const free = looked.length > 0 ? await lockAll(tx, looked) : NONE;
  const over = endings.filter(({ link, linkId }) => link === undefined || free.has(linkId));
  if (over.length === 0) return 0;
  const incoming = JSON.stringify(over.map(({ linkId, why }) => ({ link_id: linkId, why })));
  const ended = await tx.rows(sql`
    update sync.links l set state = 'unlinked', error = e.why, candidates = null
    from jsonb_to_recordset(${incoming}::text::jsonb) as e (link_id bigint, why text)
    where l.link_id = e.link_id and l.state <> 'unlinked' returning 1`);
  return ended.length;
}
