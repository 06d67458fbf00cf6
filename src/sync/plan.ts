import type { Field } from '../fields.js';
import { differing } from '../merge/merge.js';
import { type FieldValue, fieldValue } from '../merge/values.js';
import type { Connection } from '../mirror/connections.js';
import type { Executor } from '../mirror/database.js';
import { countDeletes } from '../mirror/pending.js';
import { findUnsynced, type OpenWrite, type PlaceInLine, type UnsyncedRow } from '../mirror/plan.js';
import { type DryWriter, dryWriter } from '../sources/dry-writer.js';
import { columnsOf } from '../sources/raw.js';
import type { Columns, Source } from '../sources/source.js';
import type { WriteCall } from '../sources/writer.js';
import { ALWAYS_ALLOWED, deletesHeldUp, isHeldUp } from './deletions.js';
import { columnsIn, localColumns } from './reconcile.js';

/** What the next push of a connection would send, as far as the mirror alone can tell. */
export interface Plan {
  readonly connection: Connection;
  /** In the order in which they would go. */
  readonly rows: readonly PlannedRow[];
  /** What waits for a person: sent once the row is edited or retried. */
  readonly failed: readonly PlannedRow[];
  /** Why deletes wait for a person; null when they may go out. */
  readonly brake: string | null;
}

export type Action = 'create' | 'update' | 'delete' | 'restore' | 'archive' | 'nothing';

export interface PlannedRow {
  readonly rowId: string;
  readonly id: number | null;
  readonly name: string | null;
  readonly action: Action;
  /** What the calls change: from the API's last to the row's own. */
  readonly fields: readonly PlannedField[];
  readonly calls: readonly Pick<WriteCall, 'method' | 'sent'>[];
  /** Whether it waits, with all other deletes, for a person. */
  readonly held: boolean;
  /** An earlier call whose outcome is not known: the API is looked at before anything is sent. */
  readonly open: OpenWrite | null;
  /** Not before this, microseconds since 1970; null for at once. */
  readonly notBefore: number | null;
  /** The API's words, or why the row was put off. */
  readonly error: string | null;
}

export interface PlannedField {
  readonly field: Field;
  /** Null for a task that the API does not have. */
  readonly old: FieldValue;
  readonly new: FieldValue;
}

/**
 * Sends nothing and opens no way to an API: the calls are made by the source's own writer. Give it a snapshot. With `most` it plans no
 * more than so many pending and so many failed rows, the first.
 */
export async function planPush(
  tx: Executor,
  connection: Connection,
  source: Source,
  deleteLimit: number,
  most = Number.POSITIVE_INFINITY,
): Promise<Plan> {
  const { deletes, active } = await countDeletes(tx, source, connection.name, ALWAYS_ALLOWED);
  const stops = isHeldUp(deletes, active, deleteLimit);
  const of = (state: 'pending' | 'failed') => planRows(tx, connection.name, source, state, stops, most);
  return {
    connection,
    rows: await of('pending'),
    failed: await of('failed'),
    brake: stops ? deletesHeldUp(connection.name, deletes, active, deleteLimit) : null,
  };
}

/** The rows' JSON can be large; what is planned is not. */
const BATCH = 500;

async function planRows(
  tx: Executor,
  connection: string,
  source: Source,
  state: 'pending' | 'failed',
  stops: boolean,
  most: number,
): Promise<readonly PlannedRow[]> {
  const writer = dryWriter(source.name);
  const planned: PlannedRow[] = [];
  for (let after: PlaceInLine | null = null; ; ) {
    const rows: readonly UnsyncedRow[] = await findUnsynced(tx, source, connection, state, {
      after,
      limit: Math.min(BATCH, most - planned.length),
    });
    const last = rows.at(-1);
    if (last === undefined) return planned;
    planned.push(...rows.map((row) => planRow(source, writer, row, stops)));
    after = last;
  }
}

/** What sending a row would change. */
export function planRow(source: Source, writer: DryWriter, row: UnsyncedRow, stops: boolean): PlannedRow {
  const local = localColumns(source, row);
  const api = row.raw === null ? null : columnsOf(source.fields, row.raw);
  const calls = callsFor(source, writer, row.id, local, api);
  const fields = source.fields.filter((field) => calls.some((call) => changes(field, call)));
  const action = actionOf(row, fields, local);
  return {
    rowId: row.rowId,
    id: row.id,
    name: typeof local['name'] === 'string' ? local['name'] : null,
    action,
    fields: fields.map((field) => ({
      field,
      old: fieldValue(field, api),
      new: fieldValue(field, local),
    })),
    calls: calls.map(({ method, sent }) => ({ method, sent })),
    held: stops && action === 'delete' && row.raw !== null,
    open: row.open,
    notBefore: row.pushAfter,
    error: row.syncError,
  };
}

/** Data and visibility, each at most twice, is all that a writer can ask for. */
const MOST_CALLS = 4;

/** The calls that bring the API from what it last gave to what the row holds, if each is answered as it was sent. */
function callsFor(
  source: Source,
  writer: DryWriter,
  id: number | null,
  local: Columns,
  last: Columns | null,
): readonly WriteCall[] {
  if (last === null && local['vis_state'] === 1) return [];
  const calls: WriteCall[] = [];
  let api = last;
  if (api === null) {
    const call = writer.create(local, '');
    calls.push(call);
    api = after(source, columnsOf(source.fields, {}), call);
  }
  while (calls.length < MOST_CALLS) {
    const pending = differing(source.fields, local, api);
    const call = pending.length === 0 ? null : writer.next(id ?? 0, local, pending);
    if (call === null) break;
    calls.push(call);
    api = after(source, api, call);
  }
  return calls;
}

function after(source: Source, api: Columns, { sent }: WriteCall): Columns {
  return { ...api, ...(sent === null ? { vis_state: 1 } : columnsIn(source, sent)) };
}

function changes({ name, keys, writable }: Field, { sent }: WriteCall): boolean {
  if (sent === null) return name === 'vis_state';
  return writable && keys.some((key) => Object.hasOwn(sent, key));
}

function actionOf(row: UnsyncedRow, fields: readonly Field[], local: Columns): Action {
  if (fields.length === 0) return row.open?.method === 'POST' ? 'delete' : 'nothing';
  if (row.raw === null) return row.id === null ? 'create' : 'restore';
  if (!fields.some(({ name }) => name === 'vis_state')) return 'update';
  return local['vis_state'] === 1 ? 'delete' : local['vis_state'] === 2 ? 'archive' : 'restore';
}
