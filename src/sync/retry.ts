import type { Executor } from '../mirror/database.js';
import { lockRows, type RetriedRow, retryFailed } from '../mirror/retry.js';
import type { Source } from '../sources/source.js';
import { unknownRows } from './decide.js';

/**
 * Makes failed rows pending again, in a transaction of a local writer. Gives all of the rows as they stood before, since those that had not
 * failed are left as they are. Throws TaskmirrorError, and changes nothing, where the mirror lacks one of them.
 */
export async function retryRows(
  tx: Executor,
  sources: readonly Source[],
  rowIds: readonly string[],
): Promise<readonly RetriedRow[]> {
  const rows = await lockRows(tx, sources, rowIds);
  const missing = rowIds.filter((rowId) => !rows.some((row) => row.rowId === rowId));
  if (missing.length > 0) throw unknownRows(missing);
  for (const source of sources) await retryFailed(tx, source, { connection: null, rowIds });
  return rows;
}

/** The same with every failed row, of one connection or of all (null); gives their number. */
export async function retryAllRows(
  tx: Executor,
  sources: readonly Source[],
  connection: string | null,
): Promise<number> {
  let total = 0;
  for (const source of sources) total += await retryFailed(tx, source, { connection, rowIds: null });
  return total;
}
