import { asWorker } from '../../mirror/leases.js';
import { type PendingRow, putOff } from '../../mirror/pending.js';
import type { Sender } from './sender.js';

/** Puts a row off for so many milliseconds. One that somebody holds locked, or has edited meanwhile, stays due: the run comes back for it. */
export async function putRowOff(
  { context, source, lease, left }: Sender,
  row: PendingRow,
  delay: Parameters<typeof putOff>[3],
): Promise<void> {
  if (!(await asWorker(context.db, lease, (tx) => putOff(tx, source, row, delay)))) left();
}
