import { type SQL, sql } from 'drizzle-orm';
import type { Columns, Field } from '../fields.js';
import { type Executor, micros } from './database.js';
import { goneForGood } from './linked-rows.js';
import type { TaskTable } from './table.js';

/** The fields that links can share, on whichever side. */
export const SHARED: ReadonlySet<string> = new Set(['name', 'complete', 'vis_state']);

/**
 * What the API made of values that it was sent is what a linked row showed from then on: no change, and nothing to carry over.
 * Values that were not agreed on yet are left for the link's next look.
 */
export async function takeAsAgreed(
  tx: Executor,
  table: TaskTable,
  rowId: string,
  remade: readonly RemadeField[],
): Promise<void> {
  const [row, seen] = table.name === 'invoiced' ? LEFT : RIGHT;
  for (const { sent, shown } of remade.filter(({ field }) => SHARED.has(field.name))) {
    await tx.rows(sql`
      update sync.links set ${seen} = ${seen} || ${JSON.stringify(shown)}::text::jsonb
      where ${row} = ${rowId}::bigint and state in ('linked', 'failed') and ${seen} @> ${JSON.stringify(sent)}::text::jsonb`);
  }
}

/** A field of which an API has made something else than it was sent. */
export interface RemadeField {
  readonly field: Field;
  readonly sent: Columns;
  readonly shown: Columns;
}

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
 * newest, and when it had been changed at the other end; null for people's own changes. What can't be had back wins under every rule: the
 * deletion of a task that is gone from Invoiced for good. Costs nothing for rows that are synced.
 */
export const comeOver = (alias: string): SQL => {
  const row = sql.identifier(alias);
  const side = (name: 'left' | 'right') => {
    const column = (end: string) => sql.raw(`l.${name}_${end}`);
    const final =
      name === 'left'
        ? sql`false`
        : sql`${row}.vis_state = 1 and exists (
            select from invoiced.tasks a where a.row_id = l.left_row_id and ${goneForGood('a')})`;
    return sql`select l.rule, ${name === 'left' ? 'freshbooks' : 'invoiced'}::text as came_from, ${final} as final,
        ${column('carried_at')} as carried_at, ${column('as_of')} as as_of
      from sync.links l where ${column('row_id')} = ${row}.row_id and l.state <> 'unlinked' and ${column('carried_at')} >= ${row}.pending_since`;
  };
  return sql`case when ${row}.sync_state <> 'synced' then (
    select jsonb_build_object(
      'policy', case when c.final then 'local' else
        case coalesce(r.winner, 'newest') when 'newest' then 'newest' when c.came_from then 'local' else 'remote' end end,
      'changedAt', case when ${row}.edited_at <= c.carried_at then ${micros(sql`c.as_of`)} end)
    from (${side('left')} union all ${side('right')}) c left join sync.link_rules r on r.name = c.rule limit 1) end`;
};

/** Whether a task may be the work of a create whose outcome isn't known: then its row may yet turn out to be another one. */
export const mayBeTwin = (alias: string): SQL => sql`exists (
  select from sync.writes w join ${sql.raw(`(
    select row_id, sync_state from invoiced.tasks union all select row_id, sync_state from freshbooks.tasks)`)} made on made.row_id = w.row_id
  where w.connection = ${sql.identifier(alias)}.connection and w.method = 'POST' and w.settled_at is null
    and w.sent_at < ${sql.identifier(alias)}.first_seen_at
    and (made.sync_state <> 'failed' or sync.folded(w.sent ->> 'name') = sync.folded(${sql.identifier(alias)}.name)
      or length(${sql.identifier(alias)}.name) >= ${SHORTEST_CUT} and starts_with(w.sent ->> 'name', ${sql.identifier(alias)}.name)))`;

/** No API is known to cut names to fewer letters, and people's names for tasks often begin alike. */
export const SHORTEST_CUT = 32;
