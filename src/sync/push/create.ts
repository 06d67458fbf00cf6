import { randomUUID } from 'node:crypto';
import { asWorker } from '../../mirror/leases.js';
import { forgetEditedAgain, type PendingRow } from '../../mirror/pending.js';
import { endWrite, type SavedWrite, saveWrite } from '../../mirror/writes.js';
import { localColumns } from '../reconcile.js';
import { sendSaved } from './send.js';
import type { Sender } from './sender.js';

/**
 * Makes a row's task at the API. The intent is saved first, with the row locked against deletion: from then on a crash leaves a write of
 * unknown outcome, never a second create. `former` are writes of which nothing can arrive any more, an attempt among them of which no
 * trace was found; they are settled in the same transaction, and an attempt's key may serve once more.
 */
export async function create(
  sender: Sender,
  row: PendingRow,
  former: readonly SavedWrite[] = [],
  reuseKey: string | null = null,
): Promise<void> {
  const { context, source, client, connection, lease } = sender;
  const call = client.writer.create(localColumns(source, row), reuseKey ?? randomUUID());
  const since = context.runtime.now();
  const writeId = await asWorker(context.db, lease, async (tx) => {
    const { rowId } = row;
    const saved = await saveWrite(
      tx,
      source,
      { ...call, connection, rowId, runId: lease.runId, taskUpdatedAt: null },
      row.version,
    );
    // What was edited until now is in it, or left out of it on purpose.
    if (saved !== null && row.editedAgain.length > 0) await forgetEditedAgain(tx, source, rowId);
    for (const { writeId, outcome } of saved === null ? [] : former)
      await endWrite(tx, writeId, { outcome: outcome ?? 'unknown', status: null, settled: true });
    return saved;
  });
  // A row that was edited or deleted since it was read, or that somebody holds locked, is looked at by the next run.
  if (writeId === null) sender.left();
  else await sendSaved(sender, row, { writeId, call, since });
}
