import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/mirror/database.js';
import { readStatus } from '../../src/mirror/status.js';
import { sources } from '../../src/sources/index.js';
import { openMirror } from './mirror.js';

test('the status of connections whose kinds never ran costs no look at all runs', async () => {
  const mirror = await openMirror();
  const db = openDatabase(mirror.url, { applicationName: 'taskmirror test', max: 1 });
  /** How many entries of the primary key this connection has read so far. */
  const read = async () => {
    await db.rows(sql`select pg_stat_force_next_flush()`);
    const { entries } = await db.row<{ entries: string }>(
      sql`select idx_tup_read::text as entries from pg_stat_user_indexes where indexrelname = 'runs_pkey'`,
    );
    return Number(entries);
  };
  try {
    await mirror.sql`
      insert into sync.runs (connection, kind, lease, finished_at, outcome)
      select c, 'poll', 'poll', now(), 'ok' from generate_series(1, 10000), unnest(array['invoiced', 'freshbooks']) c`;
    await mirror.sql`analyze sync.runs`;
    const before = await read();
    const connections = await readStatus(db, Object.values(sources));
    expect(connections.map(({ runs }) => runs.map(({ kind }) => kind))).toEqual([['poll'], ['poll']]);
    expect((await read()) - before).toBeLessThan(1_000);
  } finally {
    await db.close();
    await mirror.close();
  }
});
