import { listConnections } from '../mirror/connections.js';
import type { Executor } from '../mirror/database.js';
import { findUnsynced } from '../mirror/plan.js';
import { saveDoubt } from '../mirror/writes.js';
import { dryWriter } from '../sources/dry-writer.js';
import type { Source } from '../sources/source.js';
import { localColumns } from './reconcile.js';

/**
 * For a database that is a copy: what had still to be made at the API when the copy was taken may have been made since, of which the copy
 * knows nothing. Each such row gets a create of unknown outcome, so that the API is looked at before anything is made. Gives how many.
 */
export async function doubtCreates(tx: Executor, sources: Readonly<Record<string, Source>>): Promise<number> {
  let doubted = 0;
  for (const { name, source: sourceName } of await listConnections(tx)) {
    const source = sources[sourceName];
    if (source === undefined) continue;
    for (const state of ['pending', 'failed'] as const) {
      const rows = await findUnsynced(tx, source, name, state, { after: null, limit: MOST });
      for (const row of rows) {
        // One that is open already is looked up anyhow; one that was deleted before it was made is not made.
        if (row.raw !== null || row.open !== null || row.columns['vis_state'] === 1) continue;
        const call = dryWriter(source.name).create(localColumns(source, row), '');
        const since = row.pendingSince ?? row.editedAt;
        await saveDoubt(tx, { connection: name, rowId: row.rowId, path: call.path, sent: call.sent }, since);
        doubted += 1;
      }
    }
  }
  return doubted;
}

const MOST = 1_000_000;
