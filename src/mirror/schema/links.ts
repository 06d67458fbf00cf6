import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  numeric,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { sync } from './sync.js';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const identifier = (name: string) => bigint(name, { mode: 'number' });
const identifiers = customType<{ data: string }>({ dataType: () => 'bigint[]' });

/** Which tasks of two connections are kept as one, and how. */
export const linkRules = sync.table(
  'link_rules',
  {
    name: text('name').primaryKey(),
    invoicedConnection: text('invoiced_connection').notNull().default('invoiced'),
    freshbooksConnection: text('freshbooks_connection').notNull().default('freshbooks'),
    invoicedWhere: text('invoiced_where').notNull().default('true'),
    freshbooksWhere: text('freshbooks_where').notNull().default('true'),
    match: text('match').notNull().default('name'),
    creates: text('creates').notNull().default('none'),
    invoicedAction: text('invoiced_action'),
    invoicedCustomerId: identifier('invoiced_customer_id'),
    invoicedUserId: identifier('invoiced_user_id'),
    invoicedDueDays: integer('invoiced_due_days'),
    freshbooksRateAmount: numeric('freshbooks_rate_amount'),
    freshbooksRateCode: text('freshbooks_rate_code'),
    freshbooksBillable: boolean('freshbooks_billable').notNull().default(true),
    shareName: boolean('share_name').notNull().default(true),
    complete: text('complete'),
    onDelete: text('on_delete').notNull().default('delete'),
    winner: text('winner').notNull().default('newest'),
    checked: text('checked'),
    problem: text('problem'),
    addedAt: instant('added_at').notNull().default(sql`clock_timestamp()`),
  },
  (t) => [
    check('link_rules_match', sql`${t.match} in ('name', 'none')`),
    check('link_rules_creates', sql`${t.creates} in ('none', 'invoiced', 'freshbooks', 'both')`),
    check('link_rules_action', sql`${t.invoicedAction} in ('phone', 'letter', 'email', 'review')`),
    // What Invoiced asks for of every task.
    check(
      'link_rules_invoiced_defaults',
      sql`${t.creates} in ('none', 'freshbooks') or ${t.invoicedAction} is not null and ${t.invoicedDueDays} is not null`,
    ),
    check('link_rules_due_days', sql`${t.invoicedDueDays} between 0 and 3660`),
    check(
      'link_rules_rate',
      sql`(${t.freshbooksRateAmount} is null) = (${t.freshbooksRateCode} is null) and ${t.freshbooksRateCode} ~ '^[A-Z]{3}$'`,
    ),
    check('link_rules_complete', sql`${t.complete} in ('archived', 'deleted')`),
    check('link_rules_on_delete', sql`${t.onDelete} in ('delete', 'unlink')`),
    check('link_rules_winner', sql`${t.winner} in ('invoiced', 'freshbooks', 'newest')`),
  ],
);

/** A task in Invoiced (left) and one in FreshBooks (right) that are kept as one. */
export const links = sync.table(
  'links',
  {
    linkId: identifier('link_id').primaryKey().generatedAlwaysAsIdentity(),
    rule: text('rule').references(() => linkRules.name, { onDelete: 'cascade', onUpdate: 'cascade' }),
    leftRowId: identifier('left_row_id'),
    rightRowId: identifier('right_row_id'),
    base: jsonb('base'),
    state: text('state').notNull().default('linked'),
    error: text('error'),
    linkedAt: instant('linked_at').notNull().default(sql`clock_timestamp()`),
    candidates: identifiers('candidates'),
    leftSeen: jsonb('left_seen'),
    rightSeen: jsonb('right_seen'),
    leftCarriedAt: instant('left_carried_at'),
    rightCarriedAt: instant('right_carried_at'),
    leftAsOf: instant('left_as_of'),
    rightAsOf: instant('right_as_of'),
    tried: jsonb('tried'),
  },
  (t) => [
    check('links_state', sql`${t.state} in ('linked', 'ambiguous', 'failed', 'unlinked')`),
    check(
      'links_sides',
      sql`case when ${t.state} = 'ambiguous' then num_nonnulls(${t.leftRowId}, ${t.rightRowId}) = 1 and ${t.candidates} is not null
        else num_nonnulls(${t.leftRowId}, ${t.rightRowId}) = 2 or ${t.state} = 'unlinked' end`,
    ),
    // A row is in one link at most.
    uniqueIndex('links_left').on(t.leftRowId).where(sql`${t.state} <> 'unlinked'`),
    uniqueIndex('links_right').on(t.rightRowId).where(sql`${t.state} <> 'unlinked'`),
    index('links_by_left').on(t.leftRowId),
    index('links_by_right').on(t.rightRowId),
    index('links_by_rule').on(t.rule),
  ],
);
