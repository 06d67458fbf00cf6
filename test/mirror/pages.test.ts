import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { zipped } from '../../src/mirror/table.js';
import { findDifferent } from '../../src/mirror/tasks.js';
import { sources } from '../../src/sources/index.js';
import { type Mirror, openMirror } from './mirror.js';

let mirror: Mirror;
let db: Database;
beforeAll(async () => {
  mirror = await openMirror();
  db = openDatabase(mirror.url, { applicationName: 'taskmirror test', max: 1 });
});
afterAll(async () => {
  await db.close();
  await mirror.close();
});

test('a page is looked up by its ids, in a table that grew since it was last analysed too', async () => {
  await mirror.asWorker(
    (tx) => tx`
      insert into invoiced.tasks (row_id, id, raw, name)
      select nextval('sync.row_ids'), i, jsonb_build_object('id', i), 'Call ' || i from generate_series(1, 20000) i`,
  );
  const before = await rowsRead();
  const page = Array.from({ length: 500 }, (_, i) => ({
    id: 30_000 + i,
    columns: {},
    raw: { id: 30_000 + i },
  }));
  expect((await findDifferent(db, sources.invoiced, 'invoiced', page)).size).toBe(500);
  expect((await rowsRead()) - before).toBeLessThan(1_000);
});

/** How many rows of the table this connection has read so far, by index or not. */
async function rowsRead(): Promise<number> {
  await db.rows(sql`select pg_stat_force_next_flush()`);
  const { rows } = await db.row<{ rows: string }>(sql`
    select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::text as rows
    from pg_stat_user_tables where relid = 'invoiced.tasks'::regclass`);
  return Number(rows);
}

test('what a page holds travels exactly', async () => {
  const texts = [
    'plain',
    '',
    null,
    '"quoted", {braced}',
    'back\\slash \\n \\"',
    'line\nbreak\ttab',
    'NULL',
    'ü😀\u2028\u0001',
  ];
  const numbers = [0, -1, null, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1, 2, 3];
  const amounts = [
    '0.00',
    '-12.50',
    null,
    '12345678901234567890123456789012345678.99',
    '1.00',
    '2.00',
    '3.00',
    '4.00',
  ];
  const flags = [true, false, null, true, true, true, true, true];
  const columns = [
    { name: 'name', type: 'text', values: texts },
    { name: 'number', type: 'bigint', values: numbers },
    { name: 'amount', type: 'numeric', values: amounts },
    { name: 'flag', type: 'boolean', values: flags },
    { name: 'raw', type: 'jsonb', values: texts.map((text) => ({ [text ?? '__proto__']: [text, null] })) },
  ];
  const rows = await db.rows(
    sql`select i.name, i.number::text, i.amount::text, i.flag, i.raw from ${zipped('i', columns)}`,
  );
  expect(rows).toEqual(
    texts.map((name, i) => ({
      name,
      number: numbers[i] === null ? null : String(numbers[i]),
      amount: amounts[i],
      flag: flags[i],
      raw: columns[4]?.values[i],
    })),
  );
});

test('the planner parses nothing of a page', async () => {
  const broken = [{ name: 'id', type: 'bigint', values: ['no number'] }];
  const query = sql`select from ${zipped('i', broken)}`;
  await expect(db.rows(sql`explain ${query}`)).resolves.not.toHaveLength(0);
  await expect(db.rows(query)).rejects.toThrow('no number');
});
