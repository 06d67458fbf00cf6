import { sql } from 'drizzle-orm';
import { type Database, databaseNow } from '../../src/mirror/database.js';
import { writeMerged } from '../../src/mirror/tasks.js';
import { fields } from '../../src/sources/invoiced/fields.js';

const PAGES = 1_000;
const PAGE = 100;
const table = { name: 'invoiced', fields };

/** The worker's own statement writes 100,000 tasks that are new to the mirror, page by page. */
export async function readFirst(db: Database): Promise<void> {
  const answeredAt = await databaseNow(db);
  for (let page = 0; page < PAGES; page++) {
    const changes = Array.from({ length: PAGE }, (_, i) => {
      const task = taskOf(page * PAGE + i + 1);
      const state = { syncState: 'synced', syncError: null, answeredAt, overruled: [] } as const;
      return { id: task.id, row: null, columns: task, raw: task, ...state };
    });
    const { size } = await db.transaction(async (tx) => {
      await tx.rows(sql`select set_config('taskmirror.origin', 'sync', true)`);
      return writeMerged(tx, table, 'invoiced', '0', changes);
    });
    if (size !== PAGE) throw new Error(`${size} of ${PAGE} rows were written`);
  }
}

const taskOf = (id: number) => ({
  id,
  name: `Call customer ${id}`,
  action: 'phone',
  customer_id: id % 5_000,
  user_id: id % 50,
  due_date: 1_767_225_600 + id * 60,
  complete: false,
  vis_state: 0,
});
