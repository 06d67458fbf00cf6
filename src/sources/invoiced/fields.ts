import { field } from '../field.js';
import type { Field } from '../source.js';

/** A listed task is there: Invoiced has no other state, since what is deleted is gone. */
const visState: Field = {
  name: 'vis_state',
  columns: [{ name: 'vis_state', type: 'integer', absent: 0 }],
  writable: true,
  keys: [],
  decode: () => ({ vis_state: 0 }),
  encode: () => ({}),
};

/** A task's fields at Invoiced; times are seconds since 1970. https://developer.invoiced.com/api/tasks */
export const fields: readonly Field[] = [
  field({ name: 'name', type: 'text', writable: true }),
  field({ name: 'action', type: 'text', writable: true }),
  field({ name: 'customer_id', type: 'integer', writable: true }),
  field({ name: 'user_id', type: 'integer', writable: true }),
  field({ name: 'due_date', type: 'instant', writable: true }),
  field({ name: 'complete', type: 'boolean', writable: true }),
  field({ name: 'completed_by_user_id', type: 'integer', writable: true }),
  field({ name: 'completed_date', type: 'instant' }),
  field({ name: 'chase_step_id', type: 'integer' }),
  field({ name: 'created_at', type: 'instant' }),
  field({ name: 'updated_at', type: 'instant' }),
  visState,
];
