import type { Connection } from '../../sync/world.js';
import { labelOf } from './history.js';

/** Fields whose values can be told apart, and those that only must be equal in the end. */
export const TOLD: Readonly<Record<Connection, readonly string[]>> = {
  invoiced: ['name', 'due_date', 'customer_id', 'user_id'],
  freshbooks: ['name', 'description', 'rate', 'tax1', 'tax2'],
};
export const UNTOLD: Readonly<Record<Connection, readonly string[]>> = {
  invoiced: ['action', 'complete'],
  freshbooks: ['billable'],
};

/** Gives every edit a value of its own. */
export function createValues(random: () => number) {
  let last = 0;
  return {
    /** A value as the journal, the mirror and the API would show it: one text for all. */
    next(field: string, name: string, id: string): string {
      last += 1;
      const number = String(last).padStart(5, '0');
      if (field === 'name') return `${labelOf(name, id)}.${number}`;
      if (field === 'description') return `described ${number}`;
      if (field === 'rate') return `${100 + last}.${String(10 + (last % 89))}`;
      if (field === 'due_date') return String(1_800_000_000 + last * 7);
      if (field === 'action') return ['phone', 'letter', 'email', 'review'][Math.floor(random() * 4)] ?? '';
      if (field === 'complete' || field === 'billable') return String(random() < 0.5);
      return String(50_000 + last);
    },
    label(prefix: 'L' | 'P' | 'W'): string {
      last += 1;
      return `${prefix}${String(last).padStart(4, '0')}`;
    },
  };
}

export type Values = ReturnType<typeof createValues>;
