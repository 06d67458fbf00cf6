import { sql } from 'drizzle-orm';
import { type Database, databaseNow } from '../../src/mirror/database.js';
import { findById, writeMerged } from '../../src/mirror/tasks.js';
import { fields } from '../../src/sources/invoiced/fields.js';

const PAGES = 100;
const PAGE = 100;
const table = { name: 'invoiced', fields };

/** Milliseconds that the worker's own statement takes to write changed rows, of so many that there are, in up to 100 pages of 100; their reading is left out. */
export async function writePages(db: Database, available: number): Promise<number> {
  const answeredAt = await databaseNow(db);
  const last = Math.min(available, PAGES * PAGE);
  let ms = 0;
  for (let first = 1; first <= last; first += PAGE) {
    const ids = Array.from({ length: Math.min(PAGE, last - first + 1) }, (_, i) => first + i);
    const rows = await findById(db, table, 'invoiced', ids);
    const changes = ids.flatMap((id) => {
      const row = rows.get(id);
      if (row === undefined) return [];
      const columns = { ...row.columns, user_id: (Number(row.columns['user_id']) + 1) % 50 };
      const state = { syncState: 'synced', syncError: null, answeredAt, overruled: [] } as const;
      return [{ id, row, columns, raw: row.raw, ...state }];
    });
    const start = performance.now();
    const { size } = await db.transaction(async (tx) => {
      await tx.rows(sql`select set_config('taskmirror.origin', 'sync', true)`);
      return writeMerged(tx, table, 'invoiced', '0', changes);
    });
    ms += performance.now() - start;
    if (size !== ids.length) throw new Error(`${size} of ${ids.length} rows were written`);
  }
  return ms;
}
