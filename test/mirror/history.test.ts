import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fields as freshbooks } from '../../src/sources/freshbooks/fields.js';
import { fields as invoiced } from '../../src/sources/invoiced/fields.js';
import { type Mirror, openMirror, type Row, type Source, sources } from './mirror.js';

const fields = { invoiced, freshbooks };

let mirror: Mirror;
let user: unknown;
beforeAll(async () => {
  mirror = await openMirror();
  const [session] = await mirror.sql`select session_user as user`;
  user = session?.['user'];
});
afterAll(() => mirror.close());

interface Version {
  readonly changed: readonly string[] | null;
  readonly changed_by: string;
  readonly changed_by_user: string | null;
  readonly valid_from: string | null;
  readonly valid_to: string | null;
  readonly vis_state: number;
  readonly name: string;
}

/** A row's versions, the oldest first. Times are text, microseconds included. */
function historyOf(source: Source, rowId: string): Promise<readonly (Version & Record<string, unknown>)[]> {
  return mirror.sql<(Version & Record<string, unknown>)[]>`
    select h.*, h.valid_from::text, h.valid_to::text from ${mirror.sql(source)}.task_history h
    where row_id = ${rowId} order by h.valid_to nulls last`;
}

const insert = async (name: string): Promise<string> => {
  const [row] = await mirror.sql<
    Row[]
  >`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
  return String(row?.row_id);
};

test('a task that came from the API and never changed has one version, since it was first seen', async () => {
  const { row_id, first_seen_at } = await mirror.synced('invoiced', {
    first_seen_at: '2026-03-01T12:00:00Z',
  });
  const [version, ...more] = await historyOf('invoiced', row_id);
  expect(more).toEqual([]);
  expect(version).toMatchObject({ changed: null, changed_by: 'api', changed_by_user: null, valid_to: null });
  expect(new Date(version?.valid_from ?? '')).toEqual(new Date(String(first_seen_at)));
});

test('each change ends a version and begins another, and says which columns changed and who did it', async () => {
  const { row_id } = await mirror.synced('freshbooks', {
    name: 'Painting',
    first_seen_at: '2026-03-01T12:00:00Z',
  });
  await mirror.sql`update freshbooks.tasks set rate_amount = 60, billable = false where row_id = ${row_id}`;
  await mirror.asWorker(
    (tx) => tx`update freshbooks.tasks set name = 'Wall painting' where row_id = ${row_id}`,
  );
  const versions = await historyOf('freshbooks', row_id);
  expect(
    versions.map(({ changed, changed_by, changed_by_user }) => [changed, changed_by, changed_by_user]),
  ).toEqual([
    [null, 'api', null],
    [['rate_amount', 'billable'], 'local', user],
    [['name'], 'api', null],
  ]);
  expect(versions.map(({ name, rate_amount, billable }) => [name, rate_amount, billable])).toEqual([
    ['Painting', '50.00', true],
    ['Painting', '60', false],
    ['Wall painting', '60', false],
  ]);
  expect(versions.map(({ valid_to }) => valid_to)).toEqual([
    ...versions.slice(1).map(({ valid_from }) => valid_from),
    null,
  ]);
});

test('who edits through SET ROLE is known by the login, and needs no right on the history', async () => {
  const { row_id } = await mirror.synced('freshbooks');
  await mirror.sql.begin(async (tx) => {
    await tx`set local role taskmirror_writer`;
    await tx`update freshbooks.tasks set name = 'By a writer' where row_id = ${row_id}`;
  });
  expect((await historyOf('freshbooks', row_id)).at(-1)).toMatchObject({
    changed: ['name'],
    changed_by_user: user,
  });
});

test('a local writer who takes on the worker’s origin does not pass for the API', async () => {
  const { row_id } = await mirror.synced('freshbooks');
  await mirror.sql.begin(async (tx) => {
    await tx`set local role taskmirror_writer`;
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update freshbooks.tasks set name = 'In disguise' where row_id = ${row_id}`;
  });
  expect((await historyOf('freshbooks', row_id)).at(-1)).toMatchObject({
    changed_by: 'local',
    changed_by_user: user,
  });
});

test('an insert here begins the history with whoever made it, and stays so when the API has made the task', async () => {
  const rowId = await insert('Made here');
  await mirror.asWorker(
    (tx) => tx`
      update freshbooks.tasks set id = 9001, raw = '{}', sync_state = 'synced', edited_at = null, first_seen_at = now(), updated_at = now()
      where row_id = ${rowId}`,
  );
  const versions = await historyOf('freshbooks', rowId);
  expect(versions).toMatchObject([
    {
      changed: null,
      changed_by: 'local',
      changed_by_user: user,
      valid_to: null,
      name: 'Made here',
      id: '9001',
    },
  ]);
});

test('a delete here is a version with vis_state 1, and so is its restore', async () => {
  const { row_id } = await mirror.synced('freshbooks');
  await mirror.sql`delete from freshbooks.tasks where row_id = ${row_id}`;
  await mirror.sql`update freshbooks.tasks set vis_state = 0 where row_id = ${row_id}`;
  const versions = await historyOf('freshbooks', row_id);
  expect(versions.map(({ vis_state, changed, changed_by }) => [vis_state, changed, changed_by])).toEqual([
    [0, null, 'api'],
    [1, ['vis_state'], 'local'],
    [0, ['vis_state'], 'local'],
  ]);
});

test('a row that goes for good leaves what it was behind', async () => {
  const rowId = await insert('Never made');
  await mirror.sql`delete from freshbooks.tasks where row_id = ${rowId}`;
  const [version, ...more] = await historyOf('freshbooks', rowId);
  expect(more).toEqual([]);
  expect(version).toMatchObject({ name: 'Never made', changed_by: 'local' });
  expect(version?.valid_to).not.toBeNull();
});

test('what changes only how far the worker is, or only the API’s times, makes no version', async () => {
  const { row_id } = await mirror.synced('invoiced');
  await mirror.asWorker(
    (tx) => tx`
      update invoiced.tasks set raw = '{"id": 1}', synced_at = now(), sync_state = 'failed', sync_error = 'no', updated_at = now(), created_at = now()
      where row_id = ${row_id}`,
  );
  await mirror.sql`update invoiced.tasks set name = name where row_id = ${row_id}`;
  expect(await historyOf('invoiced', row_id)).toHaveLength(1);
});

test('a change that was rolled back leaves nothing', async () => {
  const { row_id } = await mirror.synced('invoiced');
  await mirror.sql
    .begin(async (tx) => {
      await tx`update invoiced.tasks set name = 'Never' where row_id = ${row_id}`;
      throw new Error('rolled back');
    })
    .catch(() => {});
  expect(await historyOf('invoiced', row_id)).toHaveLength(1);
});

test('many rows in one statement, an upsert and a page of the worker are told apart row by row', async () => {
  const rows = await Promise.all(
    ['One', 'Two', 'Three'].map((name) => mirror.synced('freshbooks', { name })),
  );
  const ids = rows.map(({ row_id }) => row_id);
  await mirror.sql`update freshbooks.tasks set rate_amount = case name when 'Two' then rate_amount else 70 end where row_id = any(${ids}::bigint[])`;
  await mirror.sql`
    insert into freshbooks.tasks (row_id, connection, id, name)
    select row_id, connection, id, 'Upserted' from freshbooks.tasks where row_id = ${ids[2] ?? ''}
    on conflict (connection, id) do update set name = excluded.name`;
  const changes = await Promise.all(ids.map((id) => historyOf('freshbooks', id)));
  expect(changes.map((versions) => versions.map(({ changed }) => changed))).toEqual([
    [null, ['rate_amount']],
    [null],
    [null, ['rate_amount'], ['name']],
  ]);
});

test('how the price list stood at a time is one question', async () => {
  const row = await mirror.synced('freshbooks', {
    name: 'Price of March',
    first_seen_at: '2026-02-01T00:00:00Z',
  });
  await mirror.sql`update freshbooks.tasks set rate_amount = 99 where row_id = ${row.row_id}`;
  const at = (time: string) => mirror.sql`
    select rate_amount from freshbooks.task_history
    where name = 'Price of March' and vis_state = 0 and valid_from <= ${time} and (valid_to > ${time} or valid_to is null)`;
  expect(await at('2026-01-01Z')).toEqual([]);
  expect(await at('2026-03-01Z')).toEqual([{ rate_amount: '50.00' }]);
  expect(await at('2126-03-01Z')).toEqual([{ rate_amount: '99' }]);
});

/** Another value than any row has, by type. */
const OTHER: Readonly<Record<string, string>> = {
  text: `'other'`,
  integer: '4711',
  boolean: 'false',
  instant: `timestamptz '2027-01-02 03:04:05Z'`,
  money: '12.34',
};

describe.each(sources)('the history of %s keeps to the field table', (source) => {
  const columns = fields[source].flatMap((field) => field.columns);

  test('it holds every column of the fields', async () => {
    const held = await mirror.sql<{ name: string }[]>`
      select attname as name from pg_attribute where attrelid = ${`${source}.task_history`}::regclass and attnum > 0`;
    expect(held.map(({ name }) => name)).toEqual(expect.arrayContaining(columns.map(({ name }) => name)));
  });

  test.each(columns.filter(({ name }) => name !== 'created_at' && name !== 'updated_at'))(
    'a change of $name makes a version',
    async ({ name, type }) => {
      const { row_id } = await mirror.synced(source, { ...(name === 'complete' && { complete: true }) });
      const value = name === 'vis_state' ? '1' : (OTHER[type] ?? 'null');
      await mirror.asWorker((tx) =>
        tx.unsafe(`update ${source}.tasks set ${name} = ${value} where row_id = ${row_id}`),
      );
      expect((await historyOf(source, row_id)).map(({ changed }) => changed)).toEqual([null, [name]]);
    },
  );
});

test.each(
  sources.flatMap((source) => [
    { source, held: 'holds nothing yet' },
    { source, held: 'holds nothing any more' },
  ]),
)(
  'a row’s last version is looked up by the index on rows: $source, whose history $held',
  async ({ source, held }) => {
    const { sql, synced, close } = await openMirror();
    const update = `update ${source}.tasks set name = name || '!'`;
    try {
      for (let n = 0; n < 3; n++) await synced(source, {});
      if (held === 'holds nothing any more') {
        for (let n = 0; n < 50; n++) await sql.unsafe(update);
        await sql.unsafe(`analyze ${source}.task_versions`);
        await sql.unsafe(`delete from ${source}.task_versions`);
      }
      await sql.unsafe(`vacuum analyze ${source}.task_versions`);
      const scanned = (tx: postgres.TransactionSql) => tx<{ relname: string; scans: number }[]>`
      select relname, pg_stat_get_xact_numscans(oid)::int as scans from pg_class
      where oid = ${`${source}.task_versions`}::regclass
        or oid in (select indexrelid from pg_index where indrelid = ${`${source}.task_versions`}::regclass) order by 1`;
      const [before, after] = await sql.begin(async (tx) => {
        const before = await scanned(tx);
        await tx.unsafe(update);
        return [before, await scanned(tx)];
      });
      const more = after.map(({ relname, scans }, n) => [relname, scans - (before[n]?.scans ?? 0)]);
      expect(Object.fromEntries(more)).toMatchObject({
        task_versions_by_row: 3,
        task_versions: 0,
        task_versions_pkey: 0,
      });
    } finally {
      await close();
    }
  },
);
