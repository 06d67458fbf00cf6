import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { eq, sql as raw } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshbooksTasks, invoicedTasks } from '../../src/mirror/schema/index.js';
import { unique, until } from '../servers/index.js';
import { type Mirror, openMirror, type Row, refusalOf, type Source, sources } from './mirror.js';

let mirror: Mirror;
let sql: postgres.Sql;
const heard: string[] = [];

beforeAll(async () => {
  mirror = await openMirror();
  sql = mirror.sql;
  await sql.listen('taskmirror_edits', (payload) => heard.push(payload));
});
afterAll(() => mirror.close());

/** What was told since the last call. A marker of our own shows that all has arrived. */
async function told(): Promise<readonly string[]> {
  const marker = unique('marker');
  await sql.notify('taskmirror_edits', marker);
  await until('the marker arrives', () => heard.includes(marker));
  return heard.splice(0).filter((payload) => payload !== marker);
}

beforeEach(async () => {
  await told();
});

const states = async (source: Source, where: string) =>
  (await sql.unsafe<{ sync_state: string }[]>(`select sync_state from ${source}.tasks where ${where}`)).map(
    ({ sync_state }) => sync_state,
  );

describe.each(sources)('%s.tasks', (source) => {
  test('COPY', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `Copied ${i}\n`);
    await pipeline(Readable.from(lines), await sql`copy ${sql(source)}.tasks (name) from stdin`.writable());
    const rows = await sql<Row[]>`select * from ${sql(source)}.tasks where name like 'Copied %'`;
    expect(rows).toHaveLength(2000);
    expect(new Set(rows.map(({ row_id }) => row_id)).size).toBe(2000);
    expect(new Set(rows.map(({ sync_state }) => sync_state))).toEqual(new Set(['pending']));
    expect(await told()).toEqual([source]);
  });

  test.each([
    ['row_id', 'row_id'],
    ['id', 'connection, id'],
  ])('INSERT … ON CONFLICT by %s DO UPDATE', async (given, key) => {
    const before = await mirror.synced(source);
    const upsert = (name: unknown) =>
      sql.unsafe(`
        insert into ${source}.tasks (${given}, name) values (${before[given]}, '${name}')
        on conflict (${key}) do update set name = excluded.name`);
    expect((await upsert(before['name'])).count).toBe(1);
    expect(await mirror.find(source, before.row_id)).toEqual(before);
    await upsert('Saved');
    expect(await mirror.find(source, before.row_id)).toMatchObject({ name: 'Saved', sync_state: 'pending' });
    expect(await told()).toEqual([source]);
  });

  test('INSERT … ON CONFLICT DO UPDATE of every column, as an ORM saves what it has read', async () => {
    const before = await mirror.synced(source, { sync_state: 'failed', sync_error: 'no' });
    await sql.unsafe(`
      insert into ${source}.tasks select * from ${source}.tasks where row_id = ${before.row_id}
      on conflict (row_id) do update set ${Object.keys(before).map((name) => `${name} = excluded.${name}`)}`);
    expect(await mirror.find(source, before.row_id)).toEqual(before);
  });

  test('INSERT … ON CONFLICT DO NOTHING of a row that is there', async () => {
    const before = await mirror.synced(source);
    const { count } = await sql`
      insert into ${sql(source)}.tasks (id, name) values (${Number(before['id'])}, 'Mine') on conflict do nothing`;
    expect(count).toBe(0);
    expect(await mirror.find(source, before.row_id)).toEqual(before);
  });

  test('MERGE', async () => {
    const [edited, removed] = [await mirror.synced(source), await mirror.synced(source)];
    await sql.unsafe(`
      merge into ${source}.tasks t
      using (values (${edited.row_id}, 'Edited'), (${removed.row_id}, null), (null, 'Merged')) as v (row_id, name)
      on t.row_id = v.row_id
      when matched and v.name is null then delete
      when matched then update set name = v.name
      when not matched then insert (name) values (v.name)`);
    expect(await mirror.find(source, edited.row_id)).toMatchObject({ name: 'Edited', sync_state: 'pending' });
    expect(await mirror.find(source, removed.row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
    expect(await states(source, "name = 'Merged'")).toEqual(['pending']);
    expect(await told()).toEqual([source]);
  });

  test('prepared statements, whose plans outlive the worker on a pooled connection', async () => {
    const connection = await sql.reserve();
    try {
      for (let i = 0; i < 8; i++) {
        const { row_id } = await mirror.synced(source);
        if (i % 2 === 1) {
          await connection`begin`;
          await connection`select set_config('taskmirror.origin', 'sync', true)`;
        }
        await connection`update ${connection(source)}.tasks set name = ${`Prepared ${i}`} where row_id = ${row_id}`;
        if (i % 2 === 1) await connection`commit`;
        expect(await mirror.find(source, row_id)).toMatchObject({
          sync_state: i % 2 === 1 ? 'synced' : 'pending',
        });
      }
    } finally {
      connection.release();
    }
  });

  test('a savepoint that is rolled back takes its edits along, and what is left is told once', async () => {
    const [kept, undone] = [await mirror.synced(source), await mirror.synced(source)];
    await sql.begin(async (tx) => {
      await tx`update ${tx(source)}.tasks set name = 'Kept' where row_id = ${kept.row_id}`;
      await tx
        .savepoint(async (inner) => {
          await inner`update ${inner(source)}.tasks set name = 'Undone' where row_id = ${undone.row_id}`;
          await inner`insert into ${inner(source)}.tasks (name) values ('Undone')`;
          throw new Error('back');
        })
        .catch(() => {});
      await tx`insert into ${tx(source)}.tasks (name) values ('Kept too')`;
      await tx`delete from ${tx(source)}.tasks where row_id = ${kept.row_id}`;
    });
    expect(await mirror.find(source, undone.row_id)).toEqual(undone);
    expect(await states(source, "name = 'Undone'")).toEqual([]);
    expect(await mirror.find(source, kept.row_id)).toMatchObject({ name: 'Kept', vis_state: 1 });
    expect(await told()).toEqual([source]);
  });

  test('a transaction that is rolled back leaves nothing', async () => {
    const before = await mirror.synced(source);
    await sql
      .begin(async (tx) => {
        await tx`update ${tx(source)}.tasks set name = 'Undone' where row_id = ${before.row_id}`;
        await tx`delete from ${tx(source)}.tasks where row_id = ${before.row_id}`;
        throw new Error('back');
      })
      .catch(() => {});
    expect(await mirror.find(source, before.row_id)).toEqual(before);
    expect(await told()).toEqual([]);
  });

  test('a refused row in a statement of many leaves none of them changed', async () => {
    const rows = [await mirror.synced(source), await mirror.synced(source)];
    await refusalOf(
      sql`update ${sql(source)}.tasks set name = case when row_id = ${rows[1]?.row_id ?? ''} then '' else 'x' end
          where row_id in ${sql(rows.map(({ row_id }) => row_id))}`,
    );
    for (const row of rows) expect(await mirror.find(source, row.row_id)).toEqual(row);
  });

  test('neither the worker nor an UPDATE that changes nothing wakes anybody', async () => {
    const { row_id } = await mirror.synced(source);
    await mirror.asWorker((tx) => tx`update ${tx(source)}.tasks set name = 'x' where row_id = ${row_id}`);
    await sql`update ${sql(source)}.tasks set name = name where row_id = ${row_id}`;
    await sql`update ${sql(source)}.tasks set name = 'y' where false`;
    expect(await told()).toEqual([]);
    await mirror.asWorker(
      (tx) => tx`update ${tx(source)}.tasks set sync_state = 'failed' where row_id = ${row_id}`,
    );
    await sql`update ${sql(source)}.tasks set sync_state = 'pending' where row_id = ${row_id}`;
    expect(await told()).toEqual([source]);
  });

  test('a role that may do no more than change the table', async () => {
    const role = unique('clerk');
    const { row_id } = await mirror.synced(source);
    await sql.unsafe(`
      create role ${role} nologin;
      grant ${role} to current_user;
      grant usage on schema ${source} to ${role};
      grant select, insert, update, delete on ${source}.tasks to ${role}`);
    const clerk = await sql.reserve();
    try {
      await clerk.unsafe(`set role ${role}`);
      await clerk`update ${clerk(source)}.tasks set name = 'Clerk' where row_id = ${row_id}`;
      const [made] = await clerk<Row[]>`
        insert into ${clerk(source)}.tasks (name) values ('Clerk') returning row_id, sync_state`;
      expect(made).toEqual({ row_id: expect.any(String), sync_state: 'pending' });
      await clerk`delete from ${clerk(source)}.tasks where row_id = ${row_id}`;
      expect(await mirror.find(source, row_id)).toMatchObject({
        name: 'Clerk',
        vis_state: 1,
        sync_state: 'pending',
      });
      await mirror.asWorker(
        (tx) => tx`update ${tx(source)}.tasks set sync_state = 'failed' where row_id = ${row_id}`,
      );
      await clerk`update ${clerk(source)}.tasks set sync_state = 'pending' where row_id = ${row_id}`;
      expect(
        (await refusalOf(clerk`update ${clerk(source)}.tasks set raw = null where row_id = ${row_id}`)).hint,
      ).toMatch(/own columns/);
      expect(
        (await refusalOf(clerk`insert into ${clerk(source)}.tasks (name, connection) values ('x', 'y')`))
          .hint,
      ).toMatch(/Use one of/);
      expect((await refusalOf(clerk`select nextval('sync.row_ids')`)).message).toMatch(/permission denied/);
    } finally {
      await clerk`reset role`;
      clerk.release();
      await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('a search path that hides the built-in functions', async () => {
    const { row_id } = await mirror.synced(source);
    await sql.begin(async (tx) => {
      await tx`create function public.clock_timestamp() returns timestamptz language sql as $$ select timestamptz 'epoch' $$`;
      await tx`set local search_path = public, pg_catalog`;
      await tx`update ${tx(source)}.tasks set name = 'Hidden' where row_id = ${row_id}`;
      await tx`drop function public.clock_timestamp()`;
    });
    expect(String((await mirror.find(source, row_id))?.['edited_at'])).not.toMatch(/^1970/);
  });
});

test('both tables and another one in one transaction are told once each', async () => {
  const [invoiced, freshbooks] = [await mirror.synced('invoiced'), await mirror.synced('freshbooks')];
  await sql.begin(async (tx) => {
    await tx`create temporary table done (row_id bigint)`;
    for (let i = 0; i < 3; i++) {
      await tx`update invoiced.tasks set name = ${`Edit ${i}`} where row_id = ${invoiced.row_id}`;
      await tx`update freshbooks.tasks set name = ${`Edit ${i}`} where row_id = ${freshbooks.row_id}`;
    }
    await tx`insert into done select row_id from invoiced.tasks where sync_state = 'pending'`;
  });
  expect([...(await told())].sort()).toEqual(['freshbooks', 'invoiced']);
});

test("drizzle's insert, update, upsert and delete", async () => {
  const client = postgres(mirror.url, { max: 1 });
  const db = drizzle(client);
  try {
    const [made] = await db
      .insert(freshbooksTasks)
      .values({ rowId: raw`default`, name: 'By ORM', rateAmount: '10.00', rateCode: 'USD' })
      .returning();
    expect(made).toMatchObject({ rowId: expect.any(Number), syncState: 'pending', description: '' });

    const { row_id } = await mirror.synced('invoiced');
    const rowId = Number(row_id);
    const [edited] = await db
      .update(invoicedTasks)
      .set({ complete: true })
      .where(eq(invoicedTasks.rowId, rowId))
      .returning();
    expect(edited).toMatchObject({ complete: true, syncState: 'pending' });
    if (edited === undefined) throw new Error('nothing was returned');
    const [saved] = await db
      .insert(invoicedTasks)
      .values(edited)
      .onConflictDoUpdate({ target: invoicedTasks.rowId, set: { ...edited, name: 'Saved' } })
      .returning();
    expect(saved).toMatchObject({ rowId, name: 'Saved', syncState: 'pending' });
    expect(await db.delete(invoicedTasks).where(eq(invoicedTasks.rowId, rowId)).returning()).toHaveLength(1);
    expect(await mirror.find('invoiced', row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
  } finally {
    await client.end();
  }
});
