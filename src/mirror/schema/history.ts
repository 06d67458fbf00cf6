import { bigint, boolean, index, numeric, smallint, text, timestamp } from 'drizzle-orm/pg-core';
import { freshbooks, invoiced } from './tasks.js';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const integer = (name: string) => bigint(name, { mode: 'number' });

/**
 * How a version began and how it ended. A row that was inserted here begins with an empty one (`vis_state` null, no `valid_from`),
 * which says who inserted it. The version that holds now is not here: it is the row in `tasks`.
 */
const version = {
  versionId: integer('version_id').primaryKey().generatedAlwaysAsIdentity(),
  rowId: integer('row_id').notNull(),
  connection: text('connection').notNull(),
  id: integer('id'),
  validFrom: instant('valid_from'),
  validTo: instant('valid_to').notNull(),
  changed: text('changed').array(),
  changedBy: text('changed_by'),
  changedByUser: text('changed_by_user'),
  endedChanged: text('ended_changed').array(),
  endedBy: text('ended_by').notNull(),
  endedByUser: text('ended_by_user'),
  visState: smallint('vis_state'),
};

export const invoicedTaskVersions = invoiced.table(
  'task_versions',
  {
    ...version,
    name: text('name'),
    action: text('action'),
    customerId: integer('customer_id'),
    userId: integer('user_id'),
    dueDate: instant('due_date'),
    complete: boolean('complete'),
    completedByUserId: integer('completed_by_user_id'),
    completedDate: instant('completed_date'),
    chaseStepId: integer('chase_step_id'),
    createdAt: instant('created_at'),
    updatedAt: instant('updated_at'),
  },
  (t) => [
    index('task_versions_by_row').on(t.rowId, t.versionId),
    index('task_versions_by_end').on(t.validTo),
  ],
);

export const freshbooksTaskVersions = freshbooks.table(
  'task_versions',
  {
    ...version,
    name: text('name'),
    description: text('description'),
    rateAmount: numeric('rate_amount'),
    rateCode: text('rate_code'),
    billable: boolean('billable'),
    tax1: integer('tax1'),
    tax2: integer('tax2'),
    updatedAt: instant('updated_at'),
  },
  (t) => [
    index('task_versions_by_row').on(t.rowId, t.versionId),
    index('task_versions_by_end').on(t.validTo),
  ],
);
