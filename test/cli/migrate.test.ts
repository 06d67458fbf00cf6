import { existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { createTestDatabase, unique } from '../servers/index.js';
import { makeFolder, run } from './command.js';

// An embedded server is durable: a busy disk makes it slow.
vi.setConfig({ testTimeout: 120_000 });

test('migrate brings an empty database up to date, and does so again without harm', async () => {
  const database = await createTestDatabase({ empty: true });
  const env = { DATABASE_URL: database.url };
  for (let time = 0; time < 2; time += 1) {
    expect(await run(['migrate'], { env })).toEqual({
      code: 0,
      output: 'The database is up to date.\n',
      errors: '',
    });
  }
  const sql = postgres(database.url, { max: 1 });
  expect(await sql`select row_id from freshbooks.tasks`).toEqual([]);
  await sql.end();
  await database.drop();
});

test('what an administrator must run is printed, ready to be pasted, until it has been run', async () => {
  const database = await createTestDatabase({ empty: true });
  const user = unique('humble');
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
  await admin`create role ${admin(user)} login`;
  await admin`grant create on database ${admin(new URL(database.url).pathname.slice(1))} to ${admin(user)}`;
  const env = { DATABASE_URL: Object.assign(new URL(database.url), { username: user }).href };

  const { code, output } = await run(['migrate'], { env });
  expect(code).toBe(0);
  const [done, why, ...statements] = output.trimEnd().split('\n');
  expect(done).toBe('The database is up to date.');
  expect(why).toContain('As an administrator, run:');
  expect(statements).toContain(`GRANT taskmirror_reader TO ${user};`);
  await admin.unsafe(statements.join('\n'));
  expect((await run(['migrate'], { env })).output).toBe('The database is up to date.\n');

  await admin`drop owned by ${admin(user)}`;
  await admin`drop role ${admin(user)}`;
  await admin.end();
  await database.drop();
});

test('migrations go past the pooler', async () => {
  const database = await createTestDatabase({ empty: true });
  const pooled = 'postgres://pooler@127.0.0.1:1/mirror';
  const env = { DATABASE_URL: pooled, DATABASE_DIRECT_URL: database.url };
  expect(await run(['migrate'], { env })).toMatchObject({ code: 0 });
  await database.drop();
});

test('without DATABASE_URL the embedded server is made, used and stopped, and sql finds its data', async () => {
  const folder = makeFolder();
  expect(await run(['migrate'], { folder })).toMatchObject({ code: 0 });
  const home = realpathSync(join(folder, '.taskmirror/postgres'));
  expect(existsSync(join(home, 'data/postmaster.pid'))).toBe(false);
  const { code, output } = await run(['sql', 'select count(*) as tasks from invoiced.tasks'], { folder });
  expect({ code, output }).toEqual({ code: 0, output: 'tasks\n-----\n    0\n(1 row)\n' });
  expect(existsSync(join(home, 'data/postmaster.pid'))).toBe(false);
  rmSync(home, { recursive: true });
});

test("where nothing is configured and only the demo has data, sql means the demo's", async () => {
  const folder = makeFolder();
  expect(await run(['migrate', '--demo'], { folder })).toMatchObject({ code: 0 });
  for (const args of [
    ['sql', 'select 1 as one'],
    ['sql', '--demo', 'select 1 as one'],
  ]) {
    expect(await run(args, { folder })).toMatchObject({
      code: 0,
      output: expect.stringContaining('(1 row)'),
    });
  }
  rmSync(realpathSync(join(folder, '.taskmirror/demo/postgres')), { recursive: true });
});
