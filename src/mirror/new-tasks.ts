import { type SQL, sql } from 'drizzle-orm';
import type { Database } from './database.js';
import { type Lease, rowAsWorker } from './leases.js';
import { incomingColumns, type TaskTable, zipped } from './table.js';
import { insertion, type RowChange } from './tasks.js';

/** New tasks as they are sent. */
export interface Packed {
  readonly changes: readonly RowChange[];
  readonly incoming: SQL;
}

/** Takes a tenth of the time of a first read (`npm run bench -- apply`), and can be done while tasks before are written. */
export function packNew(table: TaskTable, changes: readonly RowChange[]): Packed {
  const incoming = zipped('i', [
    { name: 'id', type: 'bigint', values: changes.map(({ id }) => id) },
    { name: 'raw', type: 'jsonb', values: changes.map(({ raw }) => raw) },
    { name: 'answered_at', type: 'bigint', values: changes.map(({ answeredAt }) => answeredAt) },
    ...incomingColumns(
      table,
      changes.map(({ columns }) => columns),
    ),
  ]);
  return { changes, incoming };
}

/**
 * Inserts tasks of which none has a row yet, and gives those that were inserted: not one whose id has a row by now or is retired. All in one
 * statement and one trip; as `writeMerged` does it in `asWorker`, a first read takes a tenth longer (`npm run bench -- apply`). Throws LeaseLostError.
 */
export async function writeNew(
  db: Database,
  table: TaskTable,
  lease: Lease,
  { changes, incoming }: Packed,
): Promise<ReadonlySet<RowChange>> {
  const { inserted } = await rowAsWorker<{ inserted: readonly string[] }>(db, lease, {
    ctes: sql`inserted as (${insertion(table, lease.connection, sql`worker cross join ${incoming} where true`)})`,
    gives: sql`(select coalesce(jsonb_agg(id::text), '[]') from inserted) as inserted`,
  });
  const tasks = new Set(inserted.map(Number));
  return new Set(changes.filter(({ id }) => id !== null && tasks.has(id)));
}
