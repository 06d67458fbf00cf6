import type { TaskTable, VisState } from './task-table.js';

/** What a list is asked for. Null is no condition. */
export interface TaskSearch {
  readonly ids: readonly number[] | null;
  readonly billable: boolean | null;
  readonly centsMin: number | null;
  readonly centsMax: number | null;
  /** Eastern wall time in seconds: the first second that belongs to it, and the first that does not any more. */
  readonly updatedFrom: number | null;
  readonly updatedBefore: number | null;
  /** Null shows active and archived tasks. */
  readonly visState: VisState | null;
}

/** Whether a row fulfils all conditions but that on ids. */
export function matcher(table: TaskTable, search: TaskSearch): (slot: number) => boolean {
  const { billable, centsMin, centsMax, updatedFrom, updatedBefore, visState } = search;
  return (slot) =>
    (billable === null || table.billable(slot) === billable) &&
    (centsMin === null || table.cents(slot) >= centsMin) &&
    (centsMax === null || table.cents(slot) <= centsMax) &&
    (updatedFrom === null || table.updated(slot) >= updatedFrom) &&
    (updatedBefore === null || table.updated(slot) < updatedBefore) &&
    (visState === null || table.visState(slot) === visState);
}

/** Nothing is asked for but, perhaps, deleted tasks. */
export function hasNoCondition(search: TaskSearch): boolean {
  const { visState, ...conditions } = search;
  return (visState === null || visState === 1) && Object.values(conditions).every((value) => value === null);
}
