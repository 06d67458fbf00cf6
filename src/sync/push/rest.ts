import { asWorker } from '../../mirror/leases.js';
import type { PendingRow } from '../../mirror/pending.js';
import { type RowChange, writeMerged } from '../../mirror/tasks.js';
import { endWrite, type SavedWrite } from '../../mirror/writes.js';
import { localColumns } from '../reconcile.js';
import type { Sender } from './sender.js';

/** Marks a row as synced of which nothing is to be sent, and nothing can arrive any more of what was. */
export async function rest(
  { context, source, connection, lease, left }: Sender,
  row: PendingRow,
  open: readonly SavedWrite[] = [],
): Promise<void> {
  const change: RowChange = {
    id: row.id,
    row,
    columns: localColumns(source, row),
    raw: row.raw,
    syncState: 'synced',
    syncError: null,
    answeredAt: null,
    overruled: [],
  };
  const written = await asWorker(context.db, lease, async (tx) => {
    const { size } = await writeMerged(tx, source, connection, lease.runId, [change]);
    for (const { writeId, outcome } of size === 0 ? [] : open)
      await endWrite(tx, writeId, { outcome: outcome ?? 'unknown', status: null, settled: true });
    return size > 0;
  });
  if (!written) left();
}
