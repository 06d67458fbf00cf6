import { appendFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEmbedded } from '../../src/embedded/open.js';
import { openDatabase } from '../../src/mirror/database.js';
import { settleHome } from '../../src/mirror/home.js';
import { migrate } from '../../src/mirror/migrate.js';
import { systemRuntime } from '../../src/runtime.js';
import { makeFolder } from '../cli/command.js';
import { until } from '../servers/index.js';
import { type Mirror, openMirror } from './mirror.js';

// An embedded server is durable: a busy disk makes it slow.
vi.setConfig({ testTimeout: 120_000 });

let mirror: Mirror;
beforeEach(async () => {
  mirror = await openMirror();
});
afterEach(() => mirror.close());

test('a database that stays where it is pauses nothing, however often a worker starts', async () => {
  for (let start = 0; start < 3; start += 1) expect(await settle(mirror.url)).toBeNull();
  expect(await pausedIn(mirror.sql)).toEqual([]);
});

test('a copy in another database of the same server pauses everything, once, and puts the tokens aside', async () => {
  await settle(mirror.url);
  await mirror.sql`
    insert into sync.credentials (credential_id, source, client_id, sealed, consents, rotated_at)
    values ('user', 'freshbooks', 'app', 'sealed', '{}', now())`;
  const { url, drop } = await copyOf(mirror);
  const sql = postgres(url, { max: 1 });

  // Both of two workers that start at once find it paused.
  const both = await Promise.all([settle(url), settle(url)]);
  expect(both.filter((one) => one !== null)).toEqual([
    expect.objectContaining({ paused: ['freshbooks', 'invoiced'] }),
  ]);
  expect(both.find((one) => one !== null)?.changed).toContain('database');
  expect(await pausedIn(sql)).toEqual(['freshbooks', 'invoiced']);
  const [credential] = await sql`select problem from sync.credentials`;
  expect(credential?.['problem']).toMatch(/consent again with taskmirror connect/);

  await sql`update sync.connections set paused_at = null, pause_reason = null`;
  expect(await settle(url)).toBeNull();
  expect(await pausedIn(sql)).toEqual([]);
  await sql.end();
  await drop();
});

test('a dump that is restored over the same database is a copy too', async () => {
  await settle(mirror.url);
  // As pg_restore --clean does it.
  await mirror.sql.begin(async (tx) => {
    const [row] = await tx`select whereabouts, noted_at from sync.home`;
    await tx`alter table sync.home rename to dropped`;
    await tx`create table sync.home (like sync.dropped including all)`;
    await tx`drop table sync.dropped`;
    await tx`insert into sync.home ${tx({ ...row })}`;
  });
  expect((await settle(mirror.url))?.changed).toEqual(['table']);
  expect(await pausedIn(mirror.sql)).toEqual(['freshbooks', 'invoiced']);
});

test('a restart changes nothing; recovery to a point in time pauses, and leaves the tokens', async () => {
  const folder = makeFolder();
  const open = () => openEmbedded(folder, systemRuntime, pino({ level: 'silent' }));
  const first = await open();
  await migrate(first.url);
  await run(first.url, async (sql) => {
    await sql`insert into sync.connections (name, source, poll_every_ms, sweep_every_ms) values ('invoiced', 'invoiced', 1, 1)`;
    await sql`
      insert into sync.credentials (credential_id, source, client_id, sealed, consents, rotated_at)
      values ('user', 'freshbooks', 'app', 'sealed', '{}', now())`;
  });
  expect(await settle(first.url)).toBeNull();
  await first.close();

  const second = await open();
  expect(await settle(second.url)).toBeNull();
  await second.close();

  const data = join(realpathSync(join(folder, 'postgres')), 'data');
  appendFileSync(join(data, 'postgresql.auto.conf'), `\nrestore_command = 'false'\n`);
  writeFileSync(join(data, 'recovery.signal'), '', { mode: 0o666 });
  const third = await open();
  await run(third.url, async (sql) => {
    await until(
      'it takes writes',
      async () => (await sql`select where not pg_is_in_recovery()`).length === 1,
    );
  });
  expect(await settle(third.url)).toMatchObject({ changed: ['timeline'], paused: ['invoiced'] });
  await run(third.url, async (sql) => {
    expect(await sql`select problem from sync.credentials`).toEqual([{ problem: null }]);
  });
  await third.close();
  rmSync(realpathSync(join(folder, 'postgres')), { recursive: true });
});

test('what a server does not tell is not compared', async () => {
  await settle(mirror.url);
  await mirror.sql`update sync.home set whereabouts = whereabouts - 'server' - 'timeline'`;
  expect(await settle(mirror.url)).toBeNull();
});

async function settle(url: string) {
  const db = openDatabase(url, { applicationName: 'taskmirror test', max: 1 });
  try {
    return await settleHome(db);
  } finally {
    await db.close();
  }
}

async function pausedIn(sql: postgres.Sql): Promise<readonly string[]> {
  const rows = await sql`select name from sync.connections where paused_at is not null order by 1`;
  return rows.map((row) => String(row['name']));
}

async function run(url: string, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await work(sql).finally(() => sql.end());
}

/** What restoring a dump into a new database gives. */
async function copyOf({ url, sql }: Mirror): Promise<{ url: string; drop(): Promise<void> }> {
  const name = new URL(url).pathname.slice(1);
  const copy = `${name}_copy`;
  const address = (database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  // A template must have no other connection.
  await sql.end();
  await run(address('postgres'), async (admin) => {
    await admin`create database ${admin(copy)} template ${admin(name)}`;
  });
  return {
    url: address(copy),
    drop: () =>
      run(address('postgres'), async (admin) => {
        await admin`drop database ${admin(copy)}`;
      }),
  };
}
