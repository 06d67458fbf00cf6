import { labelOf } from './ledger.js';
import type { Told } from './sides.js';

/** Gives each edit a value of its own, so that it can be told apart wherever it turns up; where there are few values, another than before. */
export interface Values {
  next(field: string, task: Told, id: string): string;
  label(kind: 'L' | 'P' | 'W'): string;
}

export function createValues(): Values {
  let last = 0;
  const another = (all: readonly string[], than: string | undefined) => {
    const others = all.filter((each) => each !== than);
    return others[last % others.length] ?? '';
  };
  return {
    next: (field, task, id) => {
      last += 1;
      const number = String(last).padStart(5, '0');
      switch (field) {
        case 'name':
          return `${labelOf(task['name'] ?? '', id)}.${number}`;
        case 'description':
          return `described ${number}`;
        case 'rate':
          return `${100 + last}.${10 + (last % 89)} ${last % 3 === 0 ? 'EUR' : 'USD'}`;
        case 'due_date':
          return String(1_800_000_000 + last * 7);
        case 'action':
          return another(['phone', 'letter', 'email', 'review'], task[field]);
        case 'complete':
        case 'billable':
          return another(['true', 'false'], task[field]);
        case 'tax1':
        case 'tax2':
          return String(50_000 + last);
        default:
          return last % 7 === 0 && task[field] !== 'null' ? 'null' : String(50_000 + last);
      }
    },
    label: (kind) => {
      last += 1;
      return `${kind}${String(last).padStart(4, '0')}`;
    },
  };
}
