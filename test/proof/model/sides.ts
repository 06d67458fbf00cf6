import { type SQL, sql } from 'drizzle-orm';
import type { Executor } from '../../../src/mirror/database.js';
import type { Sandbox } from '../../../src/sandbox/index.js';
import type { SourceName } from '../../../src/sources/source.js';
import type { Setting } from './history.js';

/** A task in words that both sides share: every writable field a text, by name. */
export type Told = Readonly<Record<string, string>>;

/** A row of the mirror as a person reads it with SQL. */
export type Row = Readonly<Record<string, unknown>>;

/** The fields that people write. Written anew: the worker's own declaration of them may be wrong. */
export const FIELDS: Readonly<Record<SourceName, readonly string[]>> = {
  invoiced: ['name', 'action', 'customer_id', 'user_id', 'due_date', 'complete', 'completed_by_user_id'],
  freshbooks: ['name', 'description', 'rate', 'billable', 'tax1', 'tax2'],
};

export const otherThan = (source: SourceName): SourceName =>
  source === 'invoiced' ? 'freshbooks' : 'invoiced';

/** One of the fields that people write in a history. */
export function fieldOf({ source, fields }: Pick<Setting, 'source' | 'fields'>, index: number): string {
  const all = FIELDS[source];
  return all[(fields.from + (index % fields.count)) % all.length] ?? 'name';
}

export function toldByRow(source: SourceName, row: Row): Told {
  const told: Record<string, string> = { vis_state: String(row['vis_state']) };
  for (const field of FIELDS[source]) {
    if (field === 'rate') told[field] = rateOf(row['rate_amount'], row['rate_code']);
    else if (field === 'due_date') told[field] = secondsOf(row['due_date']);
    else told[field] = String(row[field]);
  }
  return told;
}

/** A field as the API last gave it to the mirror. */
export function toldByRaw(source: SourceName, { raw }: Row, field: string): string | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const { [field]: value, rate } = raw as Readonly<Record<string, unknown>>;
  if (source === 'invoiced' || field !== 'rate') return String(value);
  const { amount, code } = (rate ?? {}) as Readonly<Record<string, unknown>>;
  return rateOf(amount, code);
}

/** A value as `sync.conflicts` holds it. */
export function toldByJournal(field: string, value: unknown): string {
  if (field !== 'rate' || typeof value !== 'object' || value === null) return String(value);
  return rateOf(
    'rate_amount' in value ? value.rate_amount : null,
    'rate_code' in value ? value.rate_code : null,
  );
}

/** A value that this API shows to nobody. */
export const HIDDEN = 'hidden';

/** All tasks as people see them at the API, by id; at FreshBooks the deleted ones too. */
export function toldByApi({ invoiced, freshbooks }: Sandbox, source: SourceName): Map<string, Told> {
  const tasks = new Map<string, Told>();
  if (source === 'freshbooks') {
    for (const task of freshbooks.people.tasks()) {
      tasks.set(String(task.id), {
        vis_state: String(task.vis_state),
        name: task.name,
        description: task.description,
        rate: rateOf(task.rate.amount, task.rate.code),
        billable: String(task.billable),
        tax1: String(task.tax1 ?? HIDDEN),
        tax2: String(task.tax2 ?? HIDDEN),
      });
    }
    return tasks;
  }
  for (const task of invoiced.people.tasks()) {
    const told: Record<string, string> = { vis_state: '0' };
    for (const field of FIELDS.invoiced) told[field] = String(task[field as keyof typeof task]);
    tasks.set(String(task.id), told);
  }
  return tasks;
}

export async function rowsOf(db: Executor, source: SourceName): Promise<readonly Row[]> {
  const rows = await db.rows<{ row: Row }>(rowsIn(source));
  return rows.map(({ row }) => row);
}

export const rowsIn = (source: SourceName): SQL => sql`
    select to_jsonb(t) || jsonb_build_object('version', t.xmin::text, 'due_date', ${
      source === 'invoiced' ? sql`extract(epoch from t.due_date)::bigint` : sql`null`
    }) as row
    from ${sql.identifier(source)}.tasks t order by row_id`;

const rateOf = (amount: unknown, code: unknown): string =>
  amount === null || amount === undefined ? 'null' : `${Number(amount).toFixed(2)} ${code}`;

const secondsOf = (value: unknown): string =>
  value instanceof Date ? String(value.getTime() / 1000) : String(value);
