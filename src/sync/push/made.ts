import { isEditedAgain, type Overruled } from '../../merge/merge.js';
import { fieldValue, holds, pick, same } from '../../merge/values.js';
import type { Executor } from '../../mirror/database.js';
import { foldTwin, retireId } from '../../mirror/made.js';
import type { PendingRow } from '../../mirror/pending.js';
import { findById } from '../../mirror/tasks.js';
import { columnsOf, keepMissing } from '../../sources/raw.js';
import type { Columns, Field, JsonObject, Scalar, SingleAnswer } from '../../sources/source.js';
import type { WriteCall } from '../../sources/writer.js';
import { columnsIn, localColumns } from '../reconcile.js';
import type { Sender } from './sender.js';

/** A row that takes the place of its task's. */
export interface Made {
  readonly row: PendingRow;
  /** The task in a later look than the answer, where a pull had one; else the answer's, with what the folded row knows and no answer shows. */
  readonly raw: JsonObject | null;
  readonly answeredAt: number | null;
  /** Whether a write of the folded row is still open. */
  readonly open: boolean;
  /** Edits of the folded row that gave way to edits of the row itself. */
  readonly overruled: readonly Overruled[];
}

/** The row, or the one to be folded into it, was changed since it was read, or somebody holds it locked. */
export class MovedError extends Error {}

/** The task is another row's own insert, and can't be this row's too. */
export class OwnedError extends Error {}

const alone = { raw: null, answeredAt: null, open: false, overruled: [] };

/**
 * Readies the mirror for a row that becomes a task's: a row that a pull made for the same task meanwhile is folded into it, its edits kept,
 * and an id that the row had before is retired.
 */
export async function makeRoom(
  tx: Executor,
  { source, connection }: Sender,
  row: PendingRow,
  call: WriteCall,
  { answer, requestedAt }: SingleAnswer,
): Promise<Made> {
  if (answer === 'gone' || !answer.ok) return { row, ...alone };
  const { id } = answer.task;
  if (row.id !== null && row.id !== id) await retireId(tx, connection, row.id, row.rowId);
  const twin = (await findById(tx, source, connection, [id])).get(id);
  if (twin === undefined || twin.rowId === row.rowId) return { row, ...alone };

  const folded = await foldTwin(tx, source, twin, row.rowId);
  if (folded === 'moved') throw new MovedError();
  if (folded === 'own insert') {
    throw new OwnedError(
      `task ${id} of ${connection} is row ${twin.rowId}'s already, and can't be row ${row.rowId}'s too`,
    );
  }
  const later = twin.syncedAt !== null && twin.syncedAt > requestedAt ? twin : null;
  const { columns, overruled } = withEditsOf(twin);
  return {
    row: {
      ...row,
      columns,
      editedAgain: [...row.editedAgain, ...twin.editedAgain],
      editedAt: Math.max(row.editedAt ?? 0, twin.editedAt ?? 0),
    },
    overruled,
    raw: later ? later.raw : keepMissing(source.fields, twin.raw, answer.task.raw),
    answeredAt: later?.syncedAt ?? null,
    open: twin.sent.length > 0,
  };

  /** Whoever edited the pulled row meant this task; an edit of the row itself is by whoever made it, and goes first. */
  function withEditsOf(pulled: Pick<PendingRow, 'columns' | 'raw' | 'editedAgain'>): Pick<
    Made,
    'overruled'
  > & {
    readonly columns: Columns;
  } {
    const own = localColumns(source, row);
    const theirs = localColumns(source, pulled);
    const sent = call.sent === null ? {} : columnsIn(source, call.sent);
    const base = pulled.raw === null ? theirs : columnsOf(source.fields, pulled.raw);
    const edited = source.fields.filter(
      (field) => field.writable && (!same(field, theirs, base) || isEditedAgain(field, pulled)),
    );
    const columns: Record<string, Scalar> = { ...own };
    const overruled: Overruled[] = [];
    for (const field of edited) {
      // A create leaves out what holds nothing.
      const untouched = same(field, own, holds(field, sent) ? sent : {}) && !isEditedAgain(field, row);
      if (untouched) Object.assign(columns, pick(field, theirs));
      else if (!same(field, own, theirs)) overruled.push(givenWay(field, base, theirs, own));
    }
    return { columns, overruled };
  }
}

/** As a conflict's loser, so that it can be put back. */
function givenWay(field: Field, base: Columns, theirs: Columns, own: Columns): Overruled {
  return {
    field: field.name,
    base: fieldValue(field, base),
    local: fieldValue(field, theirs),
    remote: fieldValue(field, own),
    winner: 'remote',
    reason: 'the same task was edited in the row that it was inserted as too',
  };
}
