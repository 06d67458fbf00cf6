import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from './database.js';

/** Which tasks are kept as one, and how; see the comments of sync.link_rules. */
export interface LinkRule {
  readonly name: string;
  readonly invoicedConnection: string;
  readonly freshbooksConnection: string;
  readonly invoicedWhere: string;
  readonly freshbooksWhere: string;
  readonly match: 'name' | 'none';
  readonly creates: 'none' | 'invoiced' | 'freshbooks' | 'both';
  readonly invoicedAction: string | null;
  readonly invoicedCustomerId: number | null;
  readonly invoicedUserId: number | null;
  readonly invoicedDueDays: number | null;
  readonly freshbooksRateAmount: string | null;
  readonly freshbooksRateCode: string | null;
  readonly freshbooksBillable: boolean;
  readonly shareName: boolean;
  readonly complete: 'archived' | 'deleted' | null;
  readonly onDelete: 'delete' | 'unlink';
  readonly winner: 'invoiced' | 'freshbooks' | 'newest';
}

/** A rule as it stands. */
export interface StoredRule extends LinkRule {
  /** What the worker found of its conditions as they are now; null before it has looked at them. */
  readonly checked: 'fit' | 'unfit' | null;
  readonly problem: string | null;
  /** Another one after each change that people make. */
  readonly version: string;
  /** Whether both its connections are there and were read to the end once: before that, what is there is not known. */
  readonly ready: boolean;
}

const COLUMNS = {
  name: 'name',
  invoicedConnection: 'invoiced_connection',
  freshbooksConnection: 'freshbooks_connection',
  invoicedWhere: 'invoiced_where',
  freshbooksWhere: 'freshbooks_where',
  match: 'match',
  creates: 'creates',
  invoicedAction: 'invoiced_action',
  invoicedCustomerId: 'invoiced_customer_id',
  invoicedUserId: 'invoiced_user_id',
  invoicedDueDays: 'invoiced_due_days',
  freshbooksRateAmount: 'freshbooks_rate_amount',
  freshbooksRateCode: 'freshbooks_rate_code',
  freshbooksBillable: 'freshbooks_billable',
  shareName: 'share_name',
  complete: 'complete',
  onDelete: 'on_delete',
  winner: 'winner',
} as const satisfies Record<keyof LinkRule, string>;

const FIELDS: readonly (keyof LinkRule)[] = [
  'name',
  'invoicedConnection',
  'freshbooksConnection',
  'invoicedWhere',
  'freshbooksWhere',
  'match',
  'creates',
  'invoicedAction',
  'invoicedCustomerId',
  'invoicedUserId',
  'invoicedDueDays',
  'freshbooksRateAmount',
  'freshbooksRateCode',
  'freshbooksBillable',
  'shareName',
  'complete',
  'onDelete',
  'winner',
];

/** Another one after each change of a rule that people make; null without one. */
export const versionOf = (alias: string): SQL =>
  sql.raw(`md5((to_jsonb(${alias}) - 'checked' - 'problem')::text)`);

const digest = sql`md5(jsonb_build_array(r.invoiced_where, r.freshbooks_where)::text)`;
const ready = (side: 'invoiced' | 'freshbooks'): SQL => sql`exists (
  select from sync.connections c join sync.cursors k on k.connection = c.name
  where c.name = r.${sql.raw(side)}_connection and c.source = ${side})`;

export async function listRules(db: Executor, name: string | null = null): Promise<readonly StoredRule[]> {
  const fields = Object.entries(COLUMNS).map(
    ([field, column]) =>
      sql`${field}::text, ${column === 'freshbooks_rate_amount' ? sql.raw(`r.${column}::text`) : sql.raw(`r.${column}`)}`,
  );
  const rows = await db.rows<{ rule: StoredRule }>(sql`
    select jsonb_build_object(${sql.join(fields, sql`, `)}, 'checked', case r.checked when 'fit ' || ${digest} then 'fit' when 'unfit ' || ${digest} then 'unfit' end,
      'problem', r.problem, 'version', ${versionOf('r')}, 'ready', ${ready('invoiced')} and ${ready('freshbooks')}) as rule
    from sync.link_rules r where ${name}::text is null or r.name = ${name} order by r.name`);
  return rows.map(({ rule }) => rule);
}

/** Saves a rule, or changes the one of its name, whose links go on. Its conditions must have been checked. */
export async function saveRule(tx: Executor, rule: LinkRule): Promise<void> {
  const names = FIELDS.map((field) => sql.identifier(COLUMNS[field]));
  const values = FIELDS.map((field) => sql`${rule[field]}`);
  const changes = names.map((name) => sql`${name} = excluded.${name}`);
  await tx.rows(sql`
    insert into sync.link_rules (${sql.join(names, sql`, `)}) values (${sql.join(values, sql`, `)})
    on conflict (name) do update set ${sql.join(changes, sql`, `)}`);
  await markChecked(tx, rule.name, null);
}

/** Remembers that the worker has looked at a rule's conditions as they are, and what is wrong with them, if anything is. */
export async function markChecked(tx: Executor, name: string, problem: string | null): Promise<void> {
  await tx.rows(sql`
    update sync.link_rules r set checked = ${problem === null ? 'fit ' : 'unfit '} || ${digest}, problem = ${problem}
    where r.name = ${name}`);
}

/** Says what stands in a rule's way; null when nothing does any more. Writes nothing where that is known. */
export async function tellProblem(tx: Executor, name: string, problem: string | null): Promise<void> {
  await tx.rows(sql`
    update sync.link_rules set problem = ${problem} where name = ${name} and problem is distinct from ${problem}`);
}

/** Removes a rule and its links; all rows stay as they are. Gives how many pairs were linked; null where there is no such rule. */
export async function removeRule(tx: Executor, name: string): Promise<number | null> {
  const { links } = await tx.row<{ links: number }>(sql`
    select count(*)::int as links from sync.links where rule = ${name} and state in ('linked', 'failed')`);
  const removed = await tx.rows(sql`delete from sync.link_rules where name = ${name} returning 1`);
  return removed.length > 0 ? links : null;
}
