import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { type Mirror, openMirror, type Row, refusalOf, type Source, sources } from './mirror.js';

let mirror: Mirror;
beforeAll(async () => {
  mirror = await openMirror();
});
afterAll(() => mirror.close());

const remove = (source: Source, { row_id }: Row) =>
  mirror.sql`delete from ${mirror.sql(source)}.tasks where row_id = ${row_id}`;

async function inserted(source: Source): Promise<Row> {
  const [row] = await mirror.sql<
    Row[]
  >`insert into ${mirror.sql(source)}.tasks (name) values ('New') returning *`;
  if (row === undefined) throw new Error('the INSERT gave no row');
  return row;
}

async function create(row: Row, source: Source, columns: Record<string, unknown>): Promise<void> {
  const write = { connection: source, row_id: row.row_id, method: 'POST', path: '/tasks', ...columns };
  await mirror.sql`insert into sync.writes ${mirror.sql(write)}`;
}

const SETTLED = { settled_at: '2026-11-01T00:00:00Z' };

describe.each(sources)('a DELETE from %s.tasks', (source) => {
  test('keeps the row as deleted and pending, with all else that it held', async () => {
    // Each column holds something, so that one which is not put back shows.
    const columns = await mirror.sql<{ name: string; type: string }[]>`
      select attname as name, format_type(atttypid, null) as type from pg_attribute
      where attrelid = ${`${source}.tasks`}::regclass and attnum > 0 and not attisdropped`;
    const full = Object.fromEntries(
      columns.filter(({ name }) => !SET.has(name)).map(({ name, type }) => [name, SOMETHING[type]]),
    );
    const before = await mirror.synced(source, full);
    for (const { name } of columns) {
      if (
        !['vis_state', 'sync_error', 'edited_at', 'pending_since', 'push_after', 'edited_again'].includes(
          name,
        )
      )
        expect(before[name], name).not.toBeNull();
    }

    await remove(source, before);
    const after = await mirror.find(source, before.row_id);
    expect(after).toEqual({
      ...before,
      vis_state: 1,
      sync_state: 'pending',
      edited_at: expect.any(String),
      pending_since: after?.['edited_at'],
    });
  });

  test('of a row whose earlier edit is waiting is remembered as a second edit', async () => {
    const row = await mirror.synced(source);
    await mirror.sql`update ${mirror.sql(source)}.tasks set name = 'Edited' where row_id = ${row.row_id}`;
    expect(await mirror.find(source, row.row_id)).toMatchObject({ edited_again: null });
    await remove(source, row);
    const after = await mirror.find(source, row.row_id);
    expect(after).toMatchObject({ vis_state: 1, sync_state: 'pending', edited_again: ['vis_state'] });
    await remove(source, row);
    expect(await mirror.find(source, row.row_id)).toEqual(after);
  });

  test('reports its true count, and RETURNING gives what was deleted', async () => {
    const rows = [await mirror.synced(source), await mirror.synced(source), await inserted(source)];
    const result = await mirror.sql<Row[]>`
      delete from ${mirror.sql(source)}.tasks where row_id in ${mirror.sql(rows.map(({ row_id }) => row_id))}
      returning row_id, vis_state`;
    expect(result.count).toBe(3);
    expect(result.map(({ row_id }) => row_id).sort()).toEqual(rows.map(({ row_id }) => row_id).sort());
    expect(result.map(({ vis_state }) => vis_state)).toEqual([0, 0, 0]);
  });

  test('of a row that the API never had deletes it for good', async () => {
    const row = await inserted(source);
    await create(row, source, { outcome: 'refused', ...SETTLED });
    expect((await remove(source, row)).count).toBe(1);
    expect(await mirror.find(source, row.row_id)).toBeNull();
  });

  test.each([
    ['under way', {}],
    ['of unknown outcome', { outcome: 'unknown' }],
    ['done, but not yet in the row', { outcome: 'ok', status: 201 }],
  ])('waits while its create is %s', async (_, columns) => {
    const row = await inserted(source);
    await create(row, source, columns);
    await remove(source, row);
    const after = await mirror.find(source, row.row_id);
    expect(after).toMatchObject({ id: null, raw: null, vis_state: 1, sync_state: 'pending' });
    // It has waited since it was inserted.
    expect(new Date(String(after?.['pending_since']))).toEqual(row['pending_since']);
  });

  test('waits for a create that is being saved, and then for its outcome', async () => {
    const row = await inserted(source);
    const worker = await mirror.sql.reserve();
    let deletion: Promise<unknown> = Promise.resolve();
    try {
      await worker`begin`;
      await worker`select from ${worker(source)}.tasks where row_id = ${row.row_id} for update`;
      deletion = remove(source, row).execute();
      await until('the DELETE waits', async () => {
        const waiting = await mirror.sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        return waiting.length > 0;
      });
      await worker`
        insert into sync.writes (connection, row_id, method, path)
        values (${source}, ${row.row_id}, 'POST', '/tasks')`;
      await worker`commit`;
    } finally {
      worker.release();
    }
    await deletion;
    expect(await mirror.find(source, row.row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
  });

  test('in a snapshot from before the create was saved keeps the row as well', async () => {
    const row = await inserted(source);
    await mirror.sql.begin('isolation level repeatable read', async (tx) => {
      await tx`select from ${tx(source)}.tasks`;
      await create(row, source, {});
      await tx`delete from ${tx(source)}.tasks where row_id = ${row.row_id}`;
    });
    expect(await mirror.find(source, row.row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
  });

  test('of a row that is deleted already leaves it as it was', async () => {
    for (const state of [
      {},
      { sync_state: 'failed', sync_error: 'no', edited_at: '2026-11-01T01:00:00Z', push_attempts: 4 },
    ]) {
      const row = await mirror.synced(source, { vis_state: 1, ...state });
      expect((await remove(source, row)).count).toBe(1);
      expect(await mirror.find(source, row.row_id)).toEqual(row);
    }
  });

  test('of a row whose task is gone for good keeps it, for its history', async () => {
    const row = await mirror.synced(source, { raw: null, vis_state: 1 });
    await remove(source, row);
    expect(await mirror.find(source, row.row_id)).toEqual(row);
  });

  test('of a failed row is sent', async () => {
    const row = await mirror.synced(source, { sync_state: 'failed', sync_error: 'no', push_attempts: 4 });
    await remove(source, row);
    expect(await mirror.find(source, row.row_id)).toMatchObject({
      vis_state: 1,
      sync_state: 'pending',
      sync_error: null,
      push_attempts: 0,
    });
  });

  test('that is rolled back leaves the row as it was, and the transaction local', async () => {
    const row = await mirror.synced(source);
    const other = await mirror.synced(source);
    await mirror.sql.begin(async (tx) => {
      await tx
        .savepoint(async (inner) => {
          await inner`delete from ${inner(source)}.tasks where row_id = ${row.row_id}`;
          throw new Error('back');
        })
        .catch(() => {});
      await tx`update ${tx(source)}.tasks set name = 'Edited' where row_id = ${other.row_id}`;
    });
    expect(await mirror.find(source, row.row_id)).toEqual(row);
    expect(await mirror.find(source, other.row_id)).toMatchObject({ sync_state: 'pending' });
  });

  test('leaves the rest of its transaction local', async () => {
    const row = await mirror.synced(source);
    const other = await mirror.synced(source);
    await mirror.sql.begin(async (tx) => {
      await tx`delete from ${tx(source)}.tasks where row_id = ${row.row_id}`;
      await tx`update ${tx(source)}.tasks set name = 'Edited' where row_id = ${other.row_id}`;
    });
    expect(await mirror.find(source, other.row_id)).toMatchObject({ sync_state: 'pending' });
  });

  test("keeps a user's own columns", async () => {
    const { sql } = mirror;
    await sql.unsafe(`
      alter table ${source}.tasks add "My note" text, add shouted text generated always as (upper(name)) stored`);
    try {
      const row = await mirror.synced(source, { 'My note': 'keep me' });
      await remove(source, row);
      expect(await mirror.find(source, row.row_id)).toMatchObject({ 'My note': 'keep me', vis_state: 1 });
    } finally {
      await sql.unsafe(`alter table ${source}.tasks drop "My note", drop shouted`);
    }
  });

  test("a user's table that refers to the row: NO ACTION refuses, deferred it lets pass", async () => {
    const row = await mirror.synced(source);
    await mirror.sql.unsafe(`
      create table public.notes (task bigint references ${source}.tasks (row_id));
      insert into public.notes values (${row.row_id})`);
    try {
      expect((await refusalOf(remove(source, row))).code).toBe('23503');
      await mirror.sql.unsafe(
        'alter table public.notes alter constraint notes_task_fkey deferrable initially deferred',
      );
      await remove(source, row);
      expect(await mirror.find(source, row.row_id)).toMatchObject({ vis_state: 1 });
      expect(await mirror.sql`select from public.notes`).toHaveLength(1);
    } finally {
      await mirror.sql`drop table public.notes`;
    }
  });

  test('TRUNCATE is refused, with what to do', async () => {
    expect(await refusalOf(mirror.sql`truncate ${mirror.sql(source)}.tasks`)).toMatchObject({
      message: `${source}.tasks: TRUNCATE would empty the mirror and delete nothing at the API`,
      hint: 'DELETE FROM the table deletes its tasks at the API too.',
      code: '42501',
    });
  });
});

/** What `synced` or the deletion itself sets. */
const SET = new Set([
  'row_id',
  'id',
  'connection',
  'raw',
  'vis_state',
  'sync_state',
  'sync_error',
  'edited_at',
  'pending_since',
  'push_attempts',
  'push_after',
  'edited_again',
]);

const SOMETHING: Record<string, unknown> = {
  text: 'USD',
  bigint: 4711,
  boolean: true,
  numeric: '12.34',
  'timestamp with time zone': '2026-11-01T06:30:00.123456Z',
};
