import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  index,
  jsonb,
  numeric,
  pgSchema,
  smallint,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';
import { sync } from './sync.js';

export const invoiced = pgSchema('invoiced');
export const freshbooks = pgSchema('freshbooks');

/**
 * One sequence for all sources, so that a row_id names one row of the whole mirror, and is never used again. No default draws
 * from it: for local writers the capture triggers do, so that a row can't get in without them.
 */
export const rowIds = sync.sequence('row_ids');

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const integer = (name: string) => bigint(name, { mode: 'number' });

/** JSON's numbers, and so both APIs', are exact up to 2^53 only. */
const exact = (...columns: readonly AnyPgColumn[]) =>
  sql.join(
    columns.map((column) => sql`${column} between -9007199254740991 and 9007199254740991`),
    sql` and `,
  );

/** The columns that every mirrored task has; worker-owned but for `connection` (set on INSERT) and `vis_state`. */
const bookkeeping = (source: string) => ({
  rowId: integer('row_id').primaryKey(),
  connection: text('connection').notNull().default(source),
  id: integer('id'),
  visState: smallint('vis_state').notNull().default(0),
  raw: jsonb('raw'),
  syncState: text('sync_state').notNull().default('synced'),
  syncError: text('sync_error'),
  syncedAt: instant('synced_at'),
  firstSeenAt: instant('first_seen_at'),
  editedAt: instant('edited_at'),
  pendingSince: instant('pending_since'),
  pushAttempts: smallint('push_attempts').notNull().default(0),
  pushAfter: instant('push_after'),
  editedAgain: text('edited_again').array(),
});

export const invoicedTasks = invoiced.table(
  'tasks',
  {
    ...bookkeeping('invoiced'),
    name: text('name'),
    action: text('action'),
    customerId: integer('customer_id'),
    userId: integer('user_id'),
    dueDate: instant('due_date'),
    complete: boolean('complete').default(false),
    completedByUserId: integer('completed_by_user_id'),
    completedDate: instant('completed_date'),
    chaseStepId: integer('chase_step_id'),
    createdAt: instant('created_at'),
    updatedAt: instant('updated_at'),
  },
  (t) => [
    unique('tasks_connection_id').on(t.connection, t.id),
    check('tasks_vis_state', sql`${t.visState} in (0, 1)`),
    check('tasks_sync_state', sql`${t.syncState} in ('synced', 'pending', 'failed')`),
    check('tasks_due_date_range', sql`${t.dueDate} between '0001-01-01Z' and '9999-12-31 23:59:59Z'`),
    check('tasks_ids_exact', exact(t.id, t.customerId, t.userId, t.completedByUserId, t.chaseStepId)),
    // Wide enough to answer what is open without a look at the rows.
    index('tasks_open')
      .on(t.userId, t.dueDate, t.action, t.customerId, t.connection)
      .where(sql`${t.visState} = 0 and not ${t.complete}`),
    index('tasks_done').on(t.completedDate).where(sql`${t.visState} = 0 and ${t.complete}`),
    index('tasks_by_customer').on(t.customerId),
    index('tasks_by_update').on(t.updatedAt),
    index('tasks_pending').on(t.connection, t.pendingSince, t.rowId).where(sql`${t.syncState} = 'pending'`),
    index('tasks_failed').on(t.connection, t.rowId).where(sql`${t.syncState} = 'failed'`),
  ],
);

export const freshbooksTasks = freshbooks.table(
  'tasks',
  {
    ...bookkeeping('freshbooks'),
    name: text('name'),
    description: text('description').default(''),
    rateAmount: numeric('rate_amount'),
    rateCode: text('rate_code'),
    billable: boolean('billable').default(true),
    tax1: integer('tax1').default(0),
    tax2: integer('tax2').default(0),
    updatedAt: instant('updated_at'),
  },
  (t) => [
    unique('tasks_connection_id').on(t.connection, t.id),
    check('tasks_vis_state', sql`${t.visState} in (0, 1, 2)`),
    check('tasks_sync_state', sql`${t.syncState} in ('synced', 'pending', 'failed')`),
    check('tasks_rate_amount_range', sql`abs(${t.rateAmount}) < 1e40`),
    check('tasks_ids_exact', exact(t.id, t.tax1, t.tax2)),
    // Wide enough to find services that share a name without a look at the rows.
    index('tasks_active').on(t.name, t.connection, t.rowId, t.id).where(sql`${t.visState} = 0`),
    index('tasks_by_update').on(t.updatedAt),
    index('tasks_pending').on(t.connection, t.pendingSince, t.rowId).where(sql`${t.syncState} = 'pending'`),
    index('tasks_failed').on(t.connection, t.rowId).where(sql`${t.syncState} = 'failed'`),
  ],
);
