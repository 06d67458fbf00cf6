import { TaskmirrorError } from '../errors.js';
import type { Executor } from '../mirror/database.js';
import {
  decide,
  holdersOf,
  type IdHolder,
  lockRows,
  lockUnknownCreate,
  type RetriedRow,
  retryFailed,
  type UnknownCreate,
} from '../mirror/retry.js';
import type { Source } from '../sources/source.js';

/** What a person says of a create whose outcome could not be found out. */
export type Decision = { readonly adopt: number } | 'create';

/**
 * Settles a create of unknown outcome by hand: the next push adopts the task with this id, or makes the task again. In a
 * transaction of a local writer. Throws TaskmirrorError, with the cure, where that could only be a mistake.
 */
export async function decideCreate(
  tx: Executor,
  sources: readonly Source[],
  rowId: string,
  decision: Decision,
): Promise<RetriedRow> {
  const [row] = await lockRows(tx, sources, [rowId]);
  const source = sources.find(({ name }) => name === row?.source);
  if (row === undefined || source === undefined) throw unknownRows([rowId]);
  const create = await lockUnknownCreate(tx, rowId);
  if (create === null) throw notUnknown(row);
  if (row.syncState === 'pending' && !create.decided) {
    throw new TaskmirrorError(
      'refused',
      `Whether row ${rowId} was made is still being looked up: wait until it has failed, with the candidates in sync_error.`,
    );
  }
  if (decision !== 'create') {
    const holders = await holdersOf(tx, source, row.connection, decision.adopt);
    for (const holder of holders) throwIfTaken(row, create, decision.adopt, holder);
  }
  await decide(tx, create.writeId, decision);
  await retryFailed(tx, source, { connection: null, rowIds: [rowId] });
  return row;
}

export function unknownRows(rowIds: readonly string[]): TaskmirrorError {
  const which = rowIds.length === 1 ? 'row' : 'rows';
  return new TaskmirrorError(
    'usage',
    `The mirror has no ${which} ${rowIds.join(', ')}: \`npx taskmirror plan\` shows the row_id of each failed row.`,
  );
}

function notUnknown({ rowId, syncState }: RetriedRow): TaskmirrorError {
  const cure =
    syncState === 'failed'
      ? `send it again with \`npx taskmirror retry ${rowId}\``
      : 'so there is nothing to decide';
  return new TaskmirrorError('refused', `Row ${rowId} has no create of unknown outcome: ${cure}.`);
}

/** Only a task that came up after the create was sent, and that is nobody else's, can be its work. */
function throwIfTaken({ rowId }: RetriedRow, create: UnknownCreate, id: number, holder: IdHolder): void {
  const cure = `give another id, or \`npx taskmirror retry ${rowId} --create\` if none is it`;
  const refuse = (why: string) =>
    new TaskmirrorError('refused', `Row ${rowId} can't adopt task ${id}: ${why}; ${cure}.`);
  if (holder.as === 'former id' || (holder.rowId === rowId && holder.as !== 'to adopt')) {
    throw refuse(`that was row ${holder.rowId}'s task before it was deleted for good`);
  }
  if (holder.rowId === rowId) return;
  if (holder.as === 'to adopt') throw refuse(`row ${holder.rowId} is to adopt it`);
  if (holder.as === 'own insert') throw refuse(`row ${holder.rowId} made it`);
  if (holder.firstSeenAt !== null && holder.firstSeenAt <= create.sentAt) {
    throw refuse(`it was in the mirror, as row ${holder.rowId}, before the create was sent`);
  }
}
