import type { Row } from '../envelope.js';
import type { InvoicedOptions } from './options.js';
import type { InvoicedTask } from './task.js';

/** A task as an answer shows it: with the undocumented keys, and with whatever was laid over it. */
export function present(
  task: InvoicedTask,
  options: Pick<InvoicedOptions, 'extraKeys'>,
  overlay: Row | undefined,
): Row {
  return { ...task, ...(options.extraKeys ? extras(task) : {}), ...overlay };
}

function extras(task: InvoicedTask): Row {
  return {
    bill: null,
    bill_id: null,
    customer: task.customer_id,
    vendor_credit: null,
    vendor_credit_id: null,
  };
}
