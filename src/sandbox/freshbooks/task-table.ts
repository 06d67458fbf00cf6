export type VisState = 0 | 1 | 2;

/** A task as it is stored. Every change makes a new one. */
export interface TaskRow {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  /** The rate in hundredths. */
  readonly cents: number;
  readonly code: string;
  readonly billable: boolean;
  readonly tax1: number;
  readonly tax2: number;
  /** Eastern wall time, in seconds (see wall-time.ts). */
  readonly updated: number;
  readonly visState: VisState;
}

/** All tasks by slot (0, 1, 2, …), in ascending order of id; no slot is ever removed. */
export interface TaskTable {
  readonly length: number;
  append(row: TaskRow): number;
  read(slot: number): TaskRow;
  write(slot: number, row: TaskRow): void;
  slotOf(id: number): number | null;
  clear(): void;
  /** Single values, for comparing and filtering many rows without making an object of each. */
  name(slot: number): string;
  cents(slot: number): number;
  billable(slot: number): boolean;
  updated(slot: number): number;
  visState(slot: number): VisState;
}

const ID = 0;
const CENTS = 1;
const UPDATED = 2;
const TAX1 = 3;
const TAX2 = 4;
const FLAGS = 5; // 1: billable; 2 and 4: vis_state
const WIDTH = 6;

/** Numbers lie side by side in one array: a million tasks take some 100 MB, less than half of what objects would. */
export function createTaskTable(): TaskTable {
  const names: string[] = [];
  const descriptions: string[] = [];
  const codes: string[] = [];
  let numbers = new Float64Array(1024 * WIDTH);

  const number = (slot: number, column: number) => numbers[slot * WIDTH + column] ?? 0;
  const billable = (slot: number) => (number(slot, FLAGS) & 1) === 1;
  const visState = (slot: number): VisState => {
    const bits = number(slot, FLAGS) >> 1;
    return bits === 1 || bits === 2 ? bits : 0;
  };
  const write = (slot: number, row: TaskRow) => {
    names[slot] = row.name;
    descriptions[slot] = row.description;
    codes[slot] = row.code;
    const flags = (row.billable ? 1 : 0) | (row.visState << 1);
    numbers.set([row.id, row.cents, row.updated, row.tax1, row.tax2, flags], slot * WIDTH);
  };

  return {
    get length() {
      return names.length;
    },
    append(row) {
      const slot = names.length;
      const last = slot === 0 ? 0 : number(slot - 1, ID);
      if (row.id <= last) throw new Error(`Task ids only grow: ${row.id} can't follow ${last}`);
      if (slot * WIDTH === numbers.length) {
        const larger = new Float64Array(numbers.length * 2);
        larger.set(numbers);
        numbers = larger;
      }
      write(slot, row);
      return slot;
    },
    read: (slot) => ({
      id: number(slot, ID),
      name: names[slot] ?? '',
      description: descriptions[slot] ?? '',
      cents: number(slot, CENTS),
      code: codes[slot] ?? '',
      billable: billable(slot),
      tax1: number(slot, TAX1),
      tax2: number(slot, TAX2),
      updated: number(slot, UPDATED),
      visState: visState(slot),
    }),
    write,
    slotOf(id) {
      let from = 0;
      let to = names.length;
      while (from < to) {
        const middle = (from + to) >>> 1;
        if (number(middle, ID) < id) from = middle + 1;
        else to = middle;
      }
      return from < names.length && number(from, ID) === id ? from : null;
    },
    clear() {
      for (const texts of [names, descriptions, codes]) texts.length = 0;
    },
    name: (slot) => names[slot] ?? '',
    cents: (slot) => number(slot, CENTS),
    billable,
    updated: (slot) => number(slot, UPDATED),
    visState,
  };
}
