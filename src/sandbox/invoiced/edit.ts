import type { InvoicedOptions } from './options.js';
import type { InvoicedEdit, InvoicedTask } from './task.js';

/** A new task. `edit` holds what a create needs. */
export function createdTask(edit: InvoicedEdit, id: number, now: number): InvoicedTask {
  const complete = edit.complete ?? false;
  return {
    action: edit.action ?? 'phone',
    chase_step_id: null,
    complete,
    completed_by_user_id: edit.completed_by_user_id ?? null,
    completed_date: complete ? now : null,
    created_at: now,
    customer_id: edit.customer_id ?? null,
    due_date: edit.due_date ?? now,
    id,
    name: edit.name ?? '',
    updated_at: now,
    user_id: edit.user_id ?? null,
  };
}

/** The task after an edit. Completing sets `completed_date`; reopening clears nothing, unless a switch says so. */
export function editedTask(
  task: InvoicedTask,
  edit: InvoicedEdit,
  now: number,
  options: Pick<InvoicedOptions, 'reopenClears' | 'unchangedPatchTouches'>,
): InvoicedTask {
  const edited = { ...task, ...edit };
  const done =
    !task.complete && edited.complete
      ? { completed_date: now }
      : task.complete && !edited.complete && options.reopenClears
        ? { completed_date: null, completed_by_user_id: null }
        : {};
  const named = Object.keys(edit).length > 0;
  const touched = options.unchangedPatchTouches ? named : changedKeys(task, edited).length > 0;
  return { ...edited, ...done, updated_at: touched ? now : task.updated_at };
}

/** The keys whose values differ, `updated_at` aside. */
export function changedKeys(before: InvoicedTask, after: InvoicedTask): readonly (keyof InvoicedTask)[] {
  const keys = Object.keys(before) as (keyof InvoicedTask)[];
  return keys.filter((key) => key !== 'updated_at' && before[key] !== after[key]);
}
