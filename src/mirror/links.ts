import { type SQL, sql } from 'drizzle-orm';
import type { Columns } from '../fields.js';
import { type Executor, micros } from './database.js';
import type { TaskTable } from './table.js';

/** One side of a link as its row stands now. */
export interface LinkedRow {
  readonly rowId: string;
  readonly connection: string;
  readonly version: string;
  /** `name`, `complete` (Invoiced only) and `vis_state`. */
  readonly columns: Columns;
  /** Whether its task is gone from the API for good. */
  readonly gone: boolean;
  /** When it was last changed as far as is known, in seconds since 1970. */
  readonly changedAt: number | null;
}

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
}

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

const shownLeft = (alias: string) =>
  sql.raw(
    `jsonb_build_object('name', ${alias}.name, 'complete', ${alias}.complete, 'vis_state', ${alias}.vis_state)`,
  );
const shownRight = (alias: string) =>
  sql.raw(`jsonb_build_object('name', ${alias}.name, 'vis_state', ${alias}.vis_state)`);

/** Links that are to be brought up to date, in order of their ids, above `after`. */
export async function findDueLinks(db: Executor, after: string, limit: number): Promise<readonly DueLink[]> {
  const rows = await db.rows<DueStored>(sql`
    select l.link_id::text, l.base, l.left_seen, l.right_seen,
      coalesce(r.share_name, true) as share_name, r.complete as shares_complete, coalesce(r.on_delete, 'delete') as on_delete,
      coalesce(r.winner, 'newest') as winner,
      ${sideOf('a', shownLeft('a'))} as left_row, ${sideOf('b', shownRight('b'))} as right_row
    from sync.links l
    left join sync.link_rules r on r.name = l.rule
    left join invoiced.tasks a on a.row_id = l.left_row_id
    left join freshbooks.tasks b on b.row_id = l.right_row_id
    where l.link_id > ${after}::bigint and l.state in ('linked', 'failed')
      and (l.left_seen is distinct from ${shownLeft('a')} or l.right_seen is distinct from ${shownRight('b')}
        or r.complete is not null and not l.base ? 'done' and l.base -> 'vis_state' = '0')
      and l.tried is distinct from jsonb_build_array(${shownLeft('a')}, ${shownRight('b')})
      and (a.row_id is null or exists (select from sync.connections c where c.name = a.connection))
      and (b.row_id is null or exists (select from sync.connections c where c.name = b.connection))
    order by l.link_id limit ${limit}`);
  return rows.map(toDue);
}

/** Both rows of each pair as they stand now, in the order of the pairs. */
export async function readSides(
  db: Executor,
  pairs: readonly (readonly [left: string, right: string])[],
): Promise<readonly { readonly left: LinkedRow | null; readonly right: LinkedRow | null }[]> {
  const rows = await db.rows<Pick<DueStored, 'left_row' | 'right_row'>>(sql`
    select ${sideOf('a', shownLeft('a'))} as left_row, ${sideOf('b', shownRight('b'))} as right_row
    from jsonb_to_recordset(${JSON.stringify(pairs.map(([l, r], n) => ({ n, l, r })))}::text::jsonb) as p (n int, l bigint, r bigint)
    left join invoiced.tasks a on a.row_id = p.l left join freshbooks.tasks b on b.row_id = p.r order by p.n`);
  return rows.map(({ left_row, right_row }) => ({ left: left_row, right: right_row }));
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

/** Locks links and their rows in the versions that were read; gives the ids of the links of which all could be locked. */
async function lockAll(tx: Executor, carries: readonly Carry[]): Promise<ReadonlySet<string>> {
  const keys = sql`jsonb_to_recordset(${JSON.stringify(
    carries.map(({ link: { linkId, left, right } }) => ({
      link_id: linkId,
      left_row: left?.rowId,
      left_version: left?.version,
      right_row: right?.rowId,
      right_version: right?.version,
    })),
  )}::text::jsonb) as k (link_id bigint, left_row bigint, left_version text, right_row bigint, right_version text)`;
  const ids = async (query: SQL) =>
    new Set((await tx.rows<{ link_id: string }>(query)).map(({ link_id }) => link_id));
  const links = await ids(sql`
    select l.link_id::text from ${keys} join sync.links l on l.link_id = k.link_id
    where l.state in ('linked', 'failed') and l.left_row_id = k.left_row and l.right_row_id = k.right_row
    order by l.link_id for update of l skip locked`);
  const lefts = await ids(sql`
    select k.link_id::text from ${keys} join invoiced.tasks t on t.row_id = k.left_row and t.xmin::text = k.left_version
    order by t.row_id for update of t skip locked`);
  const rights = await ids(sql`
    select k.link_id::text from ${keys} join freshbooks.tasks t on t.row_id = k.right_row and t.xmin::text = k.right_version
    order by t.row_id for update of t skip locked`);
  return new Set([...links].filter((id) => lefts.has(id) && rights.has(id)));
}

/** Says why a link can't be brought up to date; it is tried again when one of its rows changes. */
export async function failLink(tx: Executor, linkId: string, error: string): Promise<void> {
  await tx.rows(sql`
    update sync.links l set state = 'failed', error = ${error}, tried = jsonb_build_array(${shownLeft('a')}, ${shownRight('b')})
    from invoiced.tasks a, freshbooks.tasks b
    where l.link_id = ${linkId}::bigint and a.row_id = l.left_row_id and b.row_id = l.right_row_id
      and l.state in ('linked', 'failed')`);
}

/** Ends a link and leaves both rows as they are. No rule links them again. False where it was over already. */
export async function endLink(tx: Executor, linkId: string, why: string): Promise<boolean> {
  const ended = await tx.rows(sql`
    update sync.links set state = 'unlinked', error = ${why}, candidates = null
    where link_id = ${linkId}::bigint and state <> 'unlinked' returning 1`);
  return ended.length > 0;
}

/**
 * What the API made of values that it was sent is what a linked row showed from then on: no change, and nothing to carry over.
 * Values that were not agreed on yet are left for the link's next look.
 */
export async function takeAsAgreed(
  tx: Executor,
  table: TaskTable,
  rowId: string,
  sent: Columns,
  answered: Columns,
): Promise<void> {
  const only = (columns: Columns) =>
    JSON.stringify(Object.fromEntries(Object.entries(columns).filter(([name]) => SHOWN.has(name))));
  if (only(sent) === '{}') return;
  const [row, seen] = table.name === 'invoiced' ? LEFT : RIGHT;
  await tx.rows(sql`
    update sync.links set ${seen} = ${seen} || ${only(answered)}::text::jsonb
    where ${row} = ${rowId}::bigint and state in ('linked', 'failed') and ${seen} @> ${only(sent)}::text::jsonb`);
}

const SHOWN = new Set(['name', 'complete', 'vis_state']);
const LEFT = [sql`left_row_id`, sql`left_seen`] as const;
const RIGHT = [sql`right_row_id`, sql`right_seen`] as const;

/** A row takes another's place, which a pull had made for the same task; so it does in a link, unless it is in one already. */
export async function moveLink(tx: Executor, table: TaskTable, from: string, to: string): Promise<void> {
  const [row] = table.name === 'invoiced' ? LEFT : RIGHT;
  await tx.rows(sql`
    with own as (select link_id from sync.links where ${row} = ${to}::bigint and state in ('linked', 'failed'))
    update sync.links set
      ${row} = case when exists (select from own) then ${row} else ${to}::bigint end,
      state = case when exists (select from own) then 'unlinked' else state end,
      candidates = case when exists (select from own) then null else candidates end,
      error = case when exists (select from own) then ${`row ${from} was found to be row ${to}, which is linked already`} else error end
    where ${row} = ${from}::bigint and state <> 'unlinked'`);
}

/** The link over which a pending row's change came, or part of it; for `sync.writes`. */
export function linkOf(table: TaskTable, alias: string): SQL {
  const side = sql.raw(table.name === 'invoiced' ? 'left' : 'right');
  const row = sql.identifier(alias);
  return sql`(select l.link_id from sync.links l
    where l.${side}_row_id = ${row}.row_id and l.state <> 'unlinked' and l.${side}_carried_at >= ${row}.pending_since limit 1)`;
}

/**
 * Who wins, by the link's rule, where a pending row's change came over a link and meets another at its API: the row (`local`), the API, or the
 * newest, and when it had been changed at the other end; null for people's own changes. Costs nothing for rows that are synced.
 */
export const comeOver = (alias: string): SQL => {
  const row = sql.identifier(alias);
  const side = (name: 'left' | 'right') => {
    const column = (end: string) => sql.raw(`l.${name}_${end}`);
    return sql`select l.rule, ${name === 'left' ? 'freshbooks' : 'invoiced'}::text as came_from, ${column('carried_at')} as carried_at, ${column('as_of')} as as_of
      from sync.links l where ${column('row_id')} = ${row}.row_id and l.state <> 'unlinked' and ${column('carried_at')} >= ${row}.pending_since`;
  };
  return sql`case when ${row}.sync_state <> 'synced' then (
    select jsonb_build_object(
      'policy', case coalesce(r.winner, 'newest') when 'newest' then 'newest' when c.came_from then 'local' else 'remote' end,
      'changedAt', case when ${row}.edited_at <= c.carried_at then ${micros(sql`c.as_of`)} end)
    from (${side('left')} union all ${side('right')}) c left join sync.link_rules r on r.name = c.rule limit 1) end`;
};

/** Whether a task may be the work of a create whose outcome isn't known: then its row may yet turn out to be another one. */
export const mayBeTwin = (alias: string): SQL => sql`exists (
  select from sync.writes w join ${sql.raw(`(
    select row_id, sync_state from invoiced.tasks union all select row_id, sync_state from freshbooks.tasks)`)} made on made.row_id = w.row_id
  where w.connection = ${sql.identifier(alias)}.connection and w.method = 'POST' and w.settled_at is null
    and w.sent_at < ${sql.identifier(alias)}.first_seen_at
    and (made.sync_state <> 'failed' or sync.folded(w.sent ->> 'name') = sync.folded(${sql.identifier(alias)}.name)))`;

function sideOf(alias: 'a' | 'b', shown: SQL): SQL {
  const row = sql.identifier(alias);
  const gone = sql`${row}.id is not null and ${row}.raw is null and ${row}.vis_state = 1`;
  return sql`case when ${row}.row_id is not null then jsonb_build_object('rowId', ${row}.row_id::text,
    'connection', ${row}.connection, 'version', ${row}.xmin::text, 'columns', ${shown}, 'gone', ${gone},
    'changedAt', extract(epoch from case when ${gone} then ${row}.synced_at else greatest(${row}.edited_at, ${row}.updated_at) end)) end`;
}

interface DueStored {
  readonly link_id: string;
  readonly base: Columns | null;
  readonly left_seen: Columns | null;
  readonly right_seen: Columns | null;
  readonly share_name: boolean;
  readonly shares_complete: Sharing['complete'];
  readonly on_delete: Sharing['onDelete'];
  readonly winner: Sharing['winner'];
  readonly left_row: LinkedRow | null;
  readonly right_row: LinkedRow | null;
}

const toDue = (row: DueStored): DueLink => ({
  linkId: row.link_id,
  left: row.left_row,
  right: row.right_row,
  base: row.base,
  leftSeen: row.left_seen,
  rightSeen: row.right_seen,
  sharing: {
    name: row.share_name,
    complete: row.shares_complete,
    onDelete: row.on_delete,
    winner: row.winner,
  },
});
