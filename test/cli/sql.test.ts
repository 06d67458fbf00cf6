import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase, until } from '../servers/index.js';
import { begin, run } from './command.js';

let database: TestDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  env = { DATABASE_URL: database.url };
});
afterAll(() => database.drop());

test('a query gives a table and its count', async () => {
  const { code, output } = await run(
    ['sql', "select 1 as n, 'Call' as what union all select 20, null order by n"],
    { env },
  );
  expect(code).toBe(0);
  expect(output).toBe(' n  what\n--  ----\n 1  Call\n20\n(2 rows)\n');
});

test('--json gives one document, with what JSON can say exactly', async () => {
  const query = `select 1 as small, 9007199254740993 as large, 0.10 as money, true as yes, null as nothing,
    '{"a": [1]}'::jsonb as raw, timestamptz '2026-11-01 01:30-05' as at`;
  const { output } = await run(['sql', '--json', `set timezone = 'UTC'; ${query}`], { env });
  expect(JSON.parse(output)).toEqual([
    {
      small: 1,
      large: '9007199254740993',
      money: '0.10',
      yes: true,
      nothing: null,
      raw: { a: [1] },
      at: '2026-11-01 06:30:00+00',
    },
  ]);
});

test('statements can be piped in', async () => {
  const { code, output } = await run(['sql'], { env, input: 'select 1 as one;\nselect 2 as two;\n' });
  expect({ code, output }).toEqual({ code: 0, output: 'one\n---\n  1\n(1 row)\ntwo\n---\n  2\n(1 row)\n' });
});

test('it acts as the reader, who changes nothing', async () => {
  expect((await run(['sql', 'select current_user as me'], { env })).output).toContain('taskmirror_reader');
  const { code, output, errors } = await run(['sql', "update invoiced.tasks set name = 'x'"], { env });
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toBe('taskmirror: cannot execute UPDATE in a read-only transaction\n');
});

test('a role is taken past a pooler only, since it would be left behind in the pool', async () => {
  const pooled = Object.assign(new URL(database.url), { port: '1' }).href;
  const past = { DATABASE_URL: pooled, DATABASE_DIRECT_URL: database.url };
  expect((await run(['sql', 'select current_user as me'], { env: past })).output).toContain(
    'taskmirror_reader',
  );
});

test('--write acts as a local writer', async () => {
  const { code, output } = await run(['sql', '--write', "update invoiced.tasks set name = 'x' where false"], {
    env,
  });
  expect({ code, output }).toEqual({ code: 0, output: 'UPDATE 0\n' });
  expect((await run(['sql', '--write', 'select current_user as me'], { env })).output).toContain(
    'taskmirror_writer',
  );
});

test('a signal that comes while it loads leaves the statement unsent', async () => {
  const command = begin(['sql', '--write', 'select 1'], { env });
  command.interrupt('SIGTERM');
  expect(await command.code).toBe(143);
  expect(command.output()).toBe('');
});

test("a fault in the query is told in PostgreSQL's words, and ends with 1", async () => {
  const { code, errors } = await run(['sql', 'select nam from invoiced.tasks'], { env });
  expect(code).toBe(1);
  expect(errors).toMatch(/^taskmirror: column "nam" does not exist Hint: .*tasks\.name.*\n$/);
});

test("another's text does not reach the terminal as commands to it", async () => {
  const { output } = await run(['sql', `select E'\\x1b[2Jtwo\\nlines' as name`], { env });
  expect(output).toContain('?[2Jtwo⏎lines');
});

test('Ctrl-C breaks the query off, at the server too', async () => {
  const command = begin(['sql', 'select pg_sleep(60) -- broken off'], { env });
  const sql = postgres(database.adminUrl, { max: 1 });
  const running = () => sql`
    select 1 from pg_stat_activity where query like '%-- broken off' and state = 'active' and datname = current_database()`;
  await until('it runs', async () => (await running()).length === 1);
  command.interrupt('SIGINT');
  expect(await command.code).toBe(130);
  expect(await running()).toEqual([]);
  expect(command.errors()).toBe('');
  await sql.end();
});

describe('a database that is not prepared', () => {
  test('is told from one that is, with the cure', async () => {
    const empty = await createTestDatabase({ empty: true });
    const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
    const user = `stranger_${process.pid}`;
    await admin.unsafe(`create role ${user} login`);
    const url = Object.assign(new URL(empty.url), { username: user }).href;
    const { code, errors } = await run(['sql', 'select 1'], { env: { DATABASE_URL: url } });
    expect(code).toBe(2);
    expect(errors).toMatch(/may not act as taskmirror_reader: .*GRANT taskmirror_reader/);
    await admin.unsafe(`drop role ${user}`);
    await admin.end();
    await empty.drop();
  });
});
