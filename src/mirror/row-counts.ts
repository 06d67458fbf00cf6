import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { type TaskTable, tableName } from './table.js';

/** How many rows a connection has, by visibility. */
export interface RowCounts {
  readonly active: number;
  readonly archived: number;
  readonly deleted: number;
}

export const NO_ROWS: RowCounts = { active: 0, archived: 0, deleted: 0 };

/** By connection; those without a row are left out. Scans the task tables. */
export async function countRows(
  db: Executor,
  tables: readonly TaskTable[],
): Promise<ReadonlyMap<string, RowCounts>> {
  const rows = await db.rows<RowCounts & { readonly connection: string }>(
    sql.join(tables.map(countsOf), sql` union all `),
  );
  return new Map(rows.map(({ connection, ...counts }) => [connection, counts]));
}

const countsOf = (table: TaskTable) => sql`
  select connection, count(*) filter (where vis_state = 0)::int as active,
    count(*) filter (where vis_state = 2)::int as archived, count(*) filter (where vis_state = 1)::int as deleted
  from ${tableName(table)} group by connection`;
