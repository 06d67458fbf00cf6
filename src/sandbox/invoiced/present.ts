import type { Row } from '../envelope.js';
import type { InvoicedOptions } from './options.js';
import type { InvoicedTask } from './task.js';

/** A task as an answer shows it: with the undocumented keys, and with whatever was laid over it. */
export function present(
  task: InvoicedTask,
  options: Pick<InvoicedOptions, 'extraKeys'>,
  overlay: Row | undefined,
): Row {
  const row: Row = options.extraKeys ? withExtras(task) : { ...task };
  return overlay === undefined ? row : { ...row, ...overlay };
}

/** Key by key: a spread costs ten times as much, and a page has a hundred rows. */
function withExtras(task: InvoicedTask): Row {
  return {
    action: task.action,
    bill: null,
    bill_id: null,
    chase_step_id: task.chase_step_id,
    complete: task.complete,
    completed_by_user_id: task.completed_by_user_id,
    completed_date: task.completed_date,
    created_at: task.created_at,
    customer: task.customer_id,
    customer_id: task.customer_id,
    due_date: task.due_date,
    id: task.id,
    name: task.name,
    updated_at: task.updated_at,
    user_id: task.user_id,
    vendor_credit: null,
    vendor_credit_id: null,
  };
}
