import { spawn } from 'node:child_process';
import { inspect } from 'node:util';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from '../../src/mirror/migrate.js';
import { createTestDatabase, freePort, type TestDatabase, unique, until } from '../servers/index.js';
import { startOwnPostgres, type TestPostgres } from '../servers/postgres.js';

describe('a database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterAll(() => database.drop());

  test('is brought up to date, and a second time changes nothing', async () => {
    expect(await migrate(database.url)).toEqual({ administratorStatements: [] });
    const before = await snapshot(database.url);
    expect(before.tables).toContain('invoiced.tasks');
    await migrate(database.url);
    expect(await snapshot(database.url)).toEqual(before);
  });

  test('that a newer program has migrated is refused', async () => {
    await query(database.url, "insert into sync.migrations (hash, created_at) values ('x', 9999999999999)");
    await expect(migrate(database.url)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/newer version.*upgrade/),
    });
    await query(database.url, 'delete from sync.migrations where created_at = 9999999999999');
    await migrate(database.url);
  });

  test('of somebody else is refused with the cure', async () => {
    const user = unique('stranger');
    await query(database.adminUrl, `create role ${user} login`);
    const error = await migrate(asUser(database.url, user)).catch((error: unknown) => error);
    await query(database.adminUrl, `drop role ${user}`);
    expect(error).toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/may not migrate.*permission denied.*own the database/),
    });
  });

  test.each([
    ['where no server listens', async (url: URL) => Object.assign(url, { port: String(await freePort()) })],
    ['that is not there', async (url: URL) => Object.assign(url, { pathname: '/nowhere' })],
    ['on a host without a name', async (url: URL) => Object.assign(url, { hostname: 'nowhere.invalid' })],
  ])('%s is said to be unavailable, its password kept', async (_where, change) => {
    const url = await change(new URL(database.url));
    url.password = 'correct-horse';
    const error = await migrate(url.href).catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/can't be reached.*DATABASE_URL/),
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('correct-horse');
  });
});

/** Roles belong to the server, so what becomes of them is seen on one where they never were. */
describe('on a server that never heard of taskmirror', () => {
  const names = ['one', 'two'];
  let server: TestPostgres;

  beforeAll(async () => {
    server = await startOwnPostgres();
    await query(server.adminUrl, 'create role humble login');
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    for (const name of names) await query(server.adminUrl, `drop database if exists ${name} with (force)`);
    await query(server.adminUrl, 'drop role if exists taskmirror_reader, taskmirror_writer');
  });

  async function createDatabase(name: string, owner: string): Promise<string> {
    await query(server.adminUrl, `create database ${name} owner ${owner}`);
    return asUser(withDatabase(server.url, name), owner);
  }

  test('six processes at once bring a database up to date, while two migrate another one', async () => {
    const urls = await Promise.all(names.map((name) => createDatabase(name, 'taskmirror')));
    const [one = '', two = ''] = urls;
    // Held back until all of them stand at the lock, so that they all go at once.
    const gates = urls.map((url) => postgres(url, { max: 1 }));
    for (const gate of gates) await gate`select pg_advisory_lock(hashtextextended('taskmirror:migrate', 0))`;
    const processes = [one, one, one, one, one, one, two, two].map(migrateElsewhere);
    try {
      const admin = postgres(server.adminUrl, { max: 1 });
      await until(
        'eight processes wait for the lock',
        async () => {
          const [row] =
            await admin`select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted`;
          return row?.['n'] === 8;
        },
        60_000,
      ).finally(() => admin.end());
    } finally {
      await Promise.all(gates.map((gate) => gate.end()));
    }
    expect(await Promise.all(processes)).toEqual(Array(8).fill({ exit: 0, errors: '' }));
    for (const url of urls) {
      expect(await rolesWork(url)).toBe(true);
      expect(await migrate(url)).toEqual({ administratorStatements: [] });
    }
  }, 90_000);

  test('a user who may create roles makes them, and may take them on', async () => {
    const url = await createDatabase('one', 'taskmirror');
    expect(await migrate(url)).toEqual({ administratorStatements: [] });
    expect(await rolesWork(url)).toBe(true);
  });

  test('so does a superuser', async () => {
    const url = await createDatabase('one', 'postgres');
    expect(await migrate(url)).toEqual({ administratorStatements: [] });
    expect(await rolesWork(url)).toBe(true);
  });

  test('a user who may not goes on, and is given what an administrator is to run', async () => {
    const url = await createDatabase('one', 'humble');
    const { administratorStatements } = await migrate(url);
    expect((await snapshot(url)).tables).toContain('invoiced.tasks');
    expect(administratorStatements).toContain('CREATE ROLE taskmirror_reader NOLOGIN');
    expect(administratorStatements).toContain('GRANT taskmirror_writer TO humble');
    expect((await migrate(url)).administratorStatements).toEqual(administratorStatements);

    const adminUrl = withDatabase(server.adminUrl, 'one');
    for (const statement of administratorStatements) await query(adminUrl, statement);
    expect(await migrate(url)).toEqual({ administratorStatements: [] });
    expect(await rolesWork(url)).toBe(true);
  });

  test('roles that somebody else made are granted what they lack', async () => {
    await query(server.adminUrl, 'create role taskmirror_reader; create role taskmirror_writer');
    const url = await createDatabase('one', 'humble');
    expect(await migrate(url)).toEqual({
      administratorStatements: ['GRANT taskmirror_reader TO humble', 'GRANT taskmirror_writer TO humble'],
    });
    const adminUrl = withDatabase(server.adminUrl, 'one');
    await query(adminUrl, 'grant taskmirror_reader, taskmirror_writer to humble');
    expect(await rolesWork(url)).toBe(true);
  });

  test('roles that a restored dump lacks are made again', async () => {
    const url = await createDatabase('one', 'taskmirror');
    await migrate(url);
    const adminUrl = withDatabase(server.adminUrl, 'one');
    for (const role of ['taskmirror_reader', 'taskmirror_writer']) {
      await query(adminUrl, `drop owned by ${role}`);
      await query(adminUrl, `drop role ${role}`);
    }
    expect(await migrate(url)).toEqual({ administratorStatements: [] });
    expect(await rolesWork(url)).toBe(true);
  });

  test('tables and views of later migrations are readable too', async () => {
    const url = await createDatabase('one', 'taskmirror');
    await migrate(url);
    await query(url, 'create view reporting.open as select name from invoiced.tasks');
    await migrate(url);
    await query(url, 'begin; set local role taskmirror_reader; select * from reporting.open; rollback');
  });
});

/** Both roles can be taken on, the reader can read and the writer write. */
async function rolesWork(url: string): Promise<boolean> {
  await query(
    url,
    'begin; set local role taskmirror_reader; select * from invoiced.tasks, sync.runs; rollback',
  );
  await query(
    url,
    "begin; set local role taskmirror_writer; update freshbooks.tasks set name = 'x'; rollback",
  );
  return true;
}

/** Runs `migrate` in a process of its own. */
function migrateElsewhere(url: string): Promise<{ exit: number | null; errors: string }> {
  const module = new URL('../../src/mirror/migrate.ts', import.meta.url).href;
  const script = `
    import { migrate } from ${JSON.stringify(module)};
    await migrate(${JSON.stringify(url)});
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (exit) => resolve({ exit, errors })));
}

/** What migrating could change: tables with their grants, and how often anything was migrated. */
async function snapshot(url: string): Promise<{ tables: readonly string[]; versions: readonly unknown[] }> {
  const sql = postgres(url, { max: 1 });
  const rows = await sql`
    select format('%s.%s', relnamespace::regnamespace, relname) as name, c.xmin::text as version
    from pg_class c where relnamespace::regnamespace::text in ('sync', 'invoiced', 'freshbooks') order by 1`;
  const applied = await sql`select * from sync.migrations`;
  await sql.end();
  return { tables: rows.map(({ name }) => name), versions: [...rows, ...applied] };
}

async function query(url: string, statements: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statements);
  } finally {
    await sql.end();
  }
}

const asUser = (url: string, username: string): string => Object.assign(new URL(url), { username }).href;

const withDatabase = (url: string, name: string): string =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;
