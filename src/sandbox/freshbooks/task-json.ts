import type { FreshBooksOptions } from './options.js';
import type { TaskRow } from './task-table.js';
import { formatWall } from './wall-time.js';

/** A task as the API prints it. `updated` is Eastern wall time without an offset, in whole seconds. */
export interface FreshBooksTask {
  readonly id: number;
  readonly taskid: number;
  readonly name: string;
  readonly tname: string;
  readonly description: string;
  readonly tdesc: string;
  readonly rate: { readonly amount: string; readonly code: string };
  readonly billable: boolean;
  readonly tax1?: number;
  readonly tax2?: number;
  readonly updated: string;
  readonly vis_state: 0 | 1 | 2;
  readonly project_default?: boolean;
}

export function taskJson(
  row: TaskRow,
  options: Pick<FreshBooksOptions, 'taxes' | 'projectDefault'>,
): FreshBooksTask {
  return {
    billable: row.billable,
    description: row.description,
    id: row.id,
    name: row.name,
    ...(options.projectDefault === 'present' ? { project_default: false } : {}),
    rate: { amount: formatAmount(row.cents), code: row.code },
    taskid: row.id,
    ...(options.taxes === 'present' ? { tax1: row.tax1, tax2: row.tax2 } : {}),
    tdesc: row.description,
    tname: row.name,
    updated: formatWall(row.updated),
    vis_state: row.visState,
  };
}

/** `"50"` → 5000, rounded to hundredths away from zero; null when it is no amount. */
export function parseAmount(amount: unknown): number | null {
  if (typeof amount !== 'string' && typeof amount !== 'number') return null;
  const text = String(amount).trim();
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(text)) return null;
  // Moving the point in the text rather than multiplying: 1.005 × 100 is 100.49999999999999.
  const cents = Math.round(Number(`${text.replace('-', '')}e2`));
  if (!Number.isSafeInteger(cents)) return null;
  return text.startsWith('-') && cents !== 0 ? -cents : cents;
}

function formatAmount(cents: number): string {
  return (cents / 100).toFixed(2);
}
