import type postgres from 'postgres';
import type { SourceName } from './sandbox.js';

/** Remembers a moment, and gives what throws where a row of the source's table was written since. */
export async function expectUntouched(sql: postgres.Sql, source: SourceName): Promise<() => Promise<void>> {
  const [found] = await sql<{ xid: string }[]>`select pg_snapshot_xmax(pg_current_snapshot())::text as xid`;
  return async () => {
    const [written] = await sql.unsafe<{ count: number }[]>(
      `select count(*)::int as count from ${source}.tasks where xmin::text::bigint >= ${found?.xid ?? ''}`,
    );
    if (written?.count !== 0)
      throw new Error(`${written?.count} rows of ${source} were written that had not changed`);
  };
}
