import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unique } from '../servers/index.js';
import { type Mirror, openMirror, type Row, sources } from './mirror.js';

/** People with a login of their own, who were granted a role as the documentation says. */
let mirror: Mirror;
let admin: postgres.Sql;
let reader: postgres.Sql;
let writer: postgres.Sql;
const [readerName, writerName] = [unique('reporting'), unique('editing')];

beforeAll(async () => {
  mirror = await openMirror();
  admin = postgres(mirror.adminUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create role ${readerName} login; grant taskmirror_reader to ${readerName}`);
  await admin.unsafe(`create role ${writerName} login; grant taskmirror_writer to ${writerName}`);
  const as = (username: string) =>
    postgres(Object.assign(new URL(mirror.url), { username }).href, { max: 1, onnotice: () => {} });
  [reader, writer] = [as(readerName), as(writerName)];
});
afterAll(async () => {
  await Promise.all([reader.end(), writer.end()]);
  await admin.unsafe(`drop role ${readerName}, ${writerName}`);
  await admin.end();
  await mirror.close();
});

const saysOf = (statement: Promise<unknown>): Promise<string> =>
  statement.then(
    () => 'done',
    (error: Error) => error.message,
  );

test.each(sources)('a writer does to %s.tasks what a local writer may', async (source) => {
  const { row_id } = await mirror.synced(source);
  await writer`update ${writer(source)}.tasks set name = 'By a writer' where row_id = ${row_id}`;
  expect(await mirror.find(source, row_id)).toMatchObject({ name: 'By a writer', sync_state: 'pending' });
  const [made] = await (source === 'invoiced'
    ? writer`insert into invoiced.tasks (name, action, due_date) values ('New', 'phone', now()) returning row_id`
    : writer`insert into freshbooks.tasks (name) values ('New') returning row_id`);
  expect(await mirror.find(source, String(made?.['row_id']))).toMatchObject({
    sync_state: 'pending',
    id: null,
  });
  await writer`delete from ${writer(source)}.tasks where row_id = ${row_id}`;
  expect(await mirror.find(source, row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
});

test.each(sources)(
  'a writer of %s who takes on the origin of the worker stays a local one',
  async (source) => {
    const row = await mirror.synced(source);
    const disguised = (statement: (tx: postgres.TransactionSql, row: Row) => Promise<unknown>) =>
      saysOf(
        writer.begin(async (tx) => {
          await tx`select set_config('taskmirror.origin', 'sync', true)`;
          await statement(tx, row);
        }),
      );
    const { row_id } = row;
    const table = (tx: postgres.TransactionSql) => tx`${tx(source)}.tasks`;
    expect(await disguised((tx) => tx`update ${table(tx)} set id = 5 where row_id = ${row_id}`)).toMatch(
      /API's id/,
    );
    expect(
      await disguised(
        (tx) => tx`update ${table(tx)} set sync_state = 'pending', raw = '{}' where row_id = ${row_id}`,
      ),
    ).toMatch(/only the worker writes it|says how far the worker is/);
    expect(
      await disguised((tx) => tx`insert into ${table(tx)} (row_id, id, name) values (999999, 2, 'x')`),
    ).toMatch(/never chosen/);
    expect(await mirror.find(source, row_id)).toEqual(row);

    expect(await disguised((tx) => tx`update ${table(tx)} set name = 'seen' where row_id = ${row_id}`)).toBe(
      'done',
    );
    expect(await mirror.find(source, row_id)).toMatchObject({ name: 'seen', sync_state: 'pending' });
    expect(await disguised((tx) => tx`delete from ${table(tx)} where row_id = ${row_id}`)).toBe('done');
    expect(await mirror.find(source, row_id)).toMatchObject({ vis_state: 1, sync_state: 'pending' });
  },
);

test.each<[string, string, RegExp]>([
  ['select sealed from sync.credentials', 'permission denied for table credentials', /same/],
  [
    'insert into sync.writes (connection, row_id, method, path) values (1, 1, 1, 1)',
    'permission denied for table writes',
    /same/,
  ],
  [
    "update sync.connections set base_url = 'https://evil.example'",
    'permission denied for table connections',
    /same/,
  ],
  ['delete from sync.conflicts', 'permission denied for table conflicts', /same/],
  ["select setval('sync.row_ids', 1)", 'permission denied for sequence row_ids', /same/],
  ['alter table invoiced.tasks disable trigger all', 'must be owner of table tasks', /same/],
  [
    "set session_replication_role = 'replica'",
    'permission denied to set parameter "session_replication_role"',
    /same/,
  ],
  [
    'create function sync.mine() returns int language sql as $$select 1$$',
    'permission denied for schema sync',
    /same/,
  ],
  ["select sync.refuse('a', 'b', null, 'c', 'd', 'e')", 'permission denied for function refuse', /same/],
  ['truncate invoiced.tasks', 'permission denied for table tasks', /TRUNCATE would empty the mirror/],
  ["update invoiced.tasks set name = 'x'", 'permission denied for table tasks', /done/],
])('beyond that neither reader nor writer can: %s', async (statement, refusal, forWriter) => {
  expect(await saysOf(reader.unsafe(statement))).toBe(refusal);
  const said = await saysOf(
    writer.unsafe(`begin; ${statement}; rollback`).catch(async (error) => {
      await writer.unsafe('rollback');
      throw error;
    }),
  );
  expect(said === refusal ? 'same' : said).toMatch(forWriter);
});
