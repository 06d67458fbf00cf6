import { randomUUID } from 'node:crypto';
import type { PendingRow } from '../../mirror/pending.js';
import { asWorker } from '../../mirror/runs.js';
import { endWrite, type SavedWrite, saveWrite } from '../../mirror/writes.js';
import { localColumns } from '../reconcile.js';
import { sendSaved } from './send.js';
import type { Sender } from './sender.js';

/**
 * Makes a row's task at the API. The intent is saved first, with the row locked against deletion: from then on a crash leaves a write of
 * unknown outcome, never a second create. `former` is an attempt of which no trace was found; it is settled in the same
 * transaction, and its key may serve once more.
 */
export async function create(
  sender: Sender,
  row: PendingRow,
  former: { readonly write: SavedWrite; readonly reuseKey: boolean } | null = null,
): Promise<void> {
  const { context, source, client, connection, lease } = sender;
  const key = (former?.reuseKey && former.write.idempotencyKey) || randomUUID();
  const call = client.writer.create(localColumns(source, row), key);
  const writeId = await asWorker(context.db, lease, async (tx) => {
    if (former) await endWrite(tx, former.write.writeId, { outcome: 'unknown', status: null, settled: true });
    const { rowId } = row;
    return saveWrite(tx, source, { ...call, connection, rowId, runId: lease.runId }, row.version);
  });
  // A row that was edited or deleted since it was read is looked at by the next run.
  if (writeId !== null) await sendSaved(sender, row, { writeId, call });
}
