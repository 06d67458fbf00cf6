import type { ListOrder } from './options.js';
import type { TaskTable } from './task-table.js';

/** Compares slots, for a list in that order. */
export function comparison(table: TaskTable, order: ListOrder): (a: number, b: number) => number {
  switch (order) {
    case 'id':
      return (a, b) => a - b;
    case '-id':
      return (a, b) => b - a;
    case 'updated':
      return (a, b) => table.updated(a) - table.updated(b) || a - b;
    case '-updated':
      return (a, b) => table.updated(b) - table.updated(a) || a - b;
    case 'name':
      return (a, b) => compareText(table.name(a), table.name(b)) || a - b;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
