import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { type LinkRule, type StoredRule, versionOf } from './link-rules.js';
import type { Found, FreeRow } from './rule-query.js';

/** Links rows that have found each other, unless one of them has changed or been linked since. What differs between them is told by the link's first look. */
export async function linkPairs(tx: Executor, rule: StoredRule, pairs: Found['pairs']): Promise<number> {
  const incoming = JSON.stringify(
    pairs.map(({ left, right }) => ({ l: left.rowId, lv: left.version, r: right.rowId, rv: right.version })),
  );
  const freed = sql`
    delete from sync.links k using jsonb_to_recordset(${incoming}::text::jsonb) as p (l bigint, r bigint)
    where k.state = 'ambiguous' and (k.left_row_id = p.l or k.right_row_id = p.r)`;
  await tx.rows(freed);
  const made = await tx.rows(sql`
    with rule as (${stillSo(rule)})
    insert into sync.links (rule, left_row_id, right_row_id)
    select rule.name, a.row_id, b.row_id
    from jsonb_to_recordset(${incoming}::text::jsonb) as p (l bigint, lv text, r bigint, rv text)
    cross join rule
    join invoiced.tasks a on a.row_id = p.l and a.xmin::text = p.lv
    join freshbooks.tasks b on b.row_id = p.r and b.xmin::text = p.rv
    where not exists (select from sync.links k where k.left_row_id = p.l or k.right_row_id = p.r)
    returning 1`);
  return made.length;
}

/** What is told of a rule's ambiguous rows now, in the order of `Found`. */
export async function toldAmbiguous(
  db: Executor,
  rule: string,
): Promise<readonly { readonly rowId: string; readonly candidates: readonly string[] }[]> {
  const rows = await db.rows<{ row_id: string; candidates: readonly string[] }>(sql`
    select coalesce(left_row_id, right_row_id)::text as row_id, candidates::text[] as candidates
    from sync.links where rule = ${rule} and state = 'ambiguous' order by coalesce(left_row_id, right_row_id)`);
  return rows.map(({ row_id, candidates }) => ({ rowId: row_id, candidates }));
}

/** Says of which rows it can't be told which is their other half, and of which that can be told by now. Writes nothing where nothing has changed. */
export async function tellAmbiguous(
  tx: Executor,
  rule: string,
  ambiguous: Found['ambiguous'],
): Promise<void> {
  const incoming = JSON.stringify(
    ambiguous.map(({ side, row, candidates }) => ({
      l: side === 'left' ? row.rowId : null,
      r: side === 'right' ? row.rowId : null,
      candidates: `{${candidates.join(',')}}`,
    })),
  );
  const told = sql`jsonb_to_recordset(${incoming}::text::jsonb) as p (l bigint, r bigint, candidates text)`;
  await tx.rows(sql`
    delete from sync.links k where k.rule = ${rule} and k.state = 'ambiguous' and not exists (
      select from ${told} where p.l is not distinct from k.left_row_id and p.r is not distinct from k.right_row_id)`);
  await tx.rows(sql`
    update sync.links k set candidates = p.candidates::bigint[] from ${told}
    where k.rule = ${rule} and k.state = 'ambiguous' and p.l is not distinct from k.left_row_id
      and p.r is not distinct from k.right_row_id and k.candidates <> p.candidates::bigint[]`);
  await tx.rows(sql`
    insert into sync.links (rule, left_row_id, right_row_id, candidates, state)
    select r.name, p.l, p.r, p.candidates::bigint[], 'ambiguous' from ${told} join sync.link_rules r on r.name = ${rule}
    where not exists (select from sync.links k where k.left_row_id = p.l or k.right_row_id = p.r)`);
}

/**
 * Makes the missing half of a row, as a local insert that goes out by the ordinary push, and the link between both, in one transaction:
 * there is never one without the other. False where the row has changed or been linked since, or somebody holds it.
 */
export async function makeInFreshbooks(tx: Executor, rule: StoredRule, row: FreeRow): Promise<boolean> {
  const made = await tx.rows(sql`
    with rule as (${stillSo(rule)}), known as (
      select t.* from invoiced.tasks t where t.row_id = ${row.rowId}::bigint and t.xmin::text = ${row.version}
        and not exists (select from sync.links k where k.left_row_id = t.row_id)
        and exists (select from rule)
      for update skip locked
    ), made as (
      insert into freshbooks.tasks (connection, name, rate_amount, rate_code, billable)
      select ${rule.freshbooksConnection}, name, ${rule.freshbooksRateAmount}::numeric, ${rule.freshbooksRateCode}::text, ${rule.freshbooksBillable}::boolean
      from known returning row_id, name
    )
    insert into sync.links (rule, left_row_id, right_row_id, base, left_seen, right_seen, right_carried_at)
    select ${rule.name}, known.row_id, made.row_id, ${baseOf(rule)} || jsonb_build_object('name', known.name),
      jsonb_build_object('name', known.name, 'complete', known.complete, 'vis_state', known.vis_state),
      jsonb_build_object('name', made.name, 'vis_state', 0), clock_timestamp()
    from known, made returning 1`);
  return made.length > 0;
}

/** The other way round. */
export async function makeInInvoiced(tx: Executor, rule: StoredRule, row: FreeRow): Promise<boolean> {
  const made = await tx.rows(sql`
    with rule as (${stillSo(rule)}), known as (
      select t.* from freshbooks.tasks t where t.row_id = ${row.rowId}::bigint and t.xmin::text = ${row.version}
        and not exists (select from sync.links k where k.right_row_id = t.row_id)
        and exists (select from rule)
      for update skip locked
    ), made as (
      insert into invoiced.tasks (connection, name, action, customer_id, user_id, due_date)
      select ${rule.invoicedConnection}, name, ${rule.invoicedAction}::text, ${rule.invoicedCustomerId}::bigint, ${rule.invoicedUserId}::bigint,
        (date_trunc('day', now() at time zone 'UTC') + ${rule.invoicedDueDays}::int * interval '1 day') at time zone 'UTC'
      from known returning row_id, name
    )
    insert into sync.links (rule, left_row_id, right_row_id, base, left_seen, right_seen, left_carried_at)
    select ${rule.name}, made.row_id, known.row_id, ${baseOf(rule)} || jsonb_build_object('name', known.name),
      jsonb_build_object('name', made.name, 'complete', false, 'vis_state', 0),
      jsonb_build_object('name', known.name, 'vis_state', known.vis_state), clock_timestamp()
    from known, made returning 1`);
  return made.length > 0;
}

/** The rule, held as it is until the transaction ends; nothing where it has changed since it was read. */
const stillSo = ({ name, version }: StoredRule) => sql`
  select r.name from sync.link_rules r where r.name = ${name} and ${versionOf('r')} = ${version} for share skip locked`;

const baseOf = ({ complete }: LinkRule) =>
  sql`${JSON.stringify({ vis_state: 0, ...(complete !== null && { done: false, complete }) })}::text::jsonb`;
