import { TaskmirrorError } from '../errors.js';
import type { Columns, Field } from '../fields.js';
import { type FieldValue, fieldValue, pick, same } from '../merge/values.js';
import { type Conflict, findConflict, putBack } from '../mirror/conflicts.js';
import type { Executor } from '../mirror/database.js';
import type { Source } from '../sources/source.js';
import { localColumns } from './reconcile.js';

/** An overruled value that has become a new local edit. */
export interface Restored {
  readonly conflict: Conflict;
  readonly field: Field;
  /** What the row held until now. */
  readonly before: FieldValue;
  readonly after: FieldValue;
  /** Whether somebody had changed the field after the conflict was decided. */
  readonly changedSince: boolean;
  /** Whether the task was deleted, and comes back with its value. `anew`: under a new id. */
  readonly revived: false | 'restored' | 'anew';
}

/**
 * Makes the loser of a conflict a new local edit, in a transaction of a local writer. What was written since is overwritten: a
 * person asked for it. A value that belongs to a deleted task brings that back too, since it would go nowhere otherwise.
 * Throws TaskmirrorError where there is nothing to restore.
 */
export async function restoreConflict(
  tx: Executor,
  sources: readonly Source[],
  conflictId: string,
): Promise<Restored> {
  const conflict = await findConflict(tx, sources, conflictId, { lock: true });
  if (conflict === null) throw unknownConflict(conflictId);
  if (conflict.restoredAt !== null) {
    const at = new Date(conflict.restoredAt / 1000).toISOString();
    throw new TaskmirrorError(
      'refused',
      `Conflict ${conflictId} was restored already, at ${at}. To set the value once more, change it with SQL.`,
    );
  }
  const source = sources.find(({ name }) => name === conflict.source);
  const field = source?.fields.find(({ name }) => name === conflict.field);
  if (source === undefined || field === undefined || conflict.row === null) throw noRow(conflict);

  const row = localColumns(source, conflict.row);
  const [loser, winner] =
    conflict.winner === 'remote' ? [conflict.local, conflict.remote] : [conflict.remote, conflict.local];
  const values = columnsOfValue(field, loser);
  const deleted = field.name !== 'vis_state' && row['vis_state'] === DELETED;
  const visibility = source.fields.filter(({ name }) => deleted && name === 'vis_state');
  const columns = [field, ...visibility].flatMap((each) => each.columns);
  await putBack(tx, source, conflict, columns, { ...values, ...(deleted && { vis_state: 0 }) });
  return {
    conflict,
    field,
    before: fieldValue(field, row),
    after: fieldValue(field, values),
    // An edit that a delete overruled stands in the deleted row already: nobody wrote it since.
    changedSince:
      !same(field, row, values) &&
      !same(field, row, columnsOfValue(field, conflict.remote === null && deleted ? conflict.base : winner)),
    revived: deleted && (source.deletesForGood ? 'anew' : 'restored'),
  };
}

export function unknownConflict(conflictId: string): TaskmirrorError {
  return new TaskmirrorError(
    'usage',
    `There is no conflict ${conflictId}: \`npx taskmirror conflicts\` lists them.`,
  );
}

const DELETED = 1;

/** The field's columns from its value in the journal: see `fieldValue`. */
function columnsOfValue(field: Field, value: unknown): Columns {
  const [only, ...more] = field.columns;
  if (only !== undefined && more.length === 0) return { [only.name]: value as Columns[string] };
  return pick(field, (value ?? {}) as Columns);
}

function noRow({ conflictId, rowId, connection }: Conflict): TaskmirrorError {
  return new TaskmirrorError(
    'refused',
    `Conflict ${conflictId} can't be restored: the mirror no longer holds row ${rowId} of ${connection}. ` +
      `\`npx taskmirror conflicts show ${conflictId}\` shows both values.`,
  );
}
