import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { type Keep, trim } from '../../src/mirror/retention.js';
import { sources } from '../../src/sources/index.js';
import { createTestDatabase, type TestDatabase } from '../servers/index.js';

const DAY = 86_400_000;
const keep: Keep = { runs: 90 * DAY, writes: 365 * DAY, conflicts: 365 * DAY, history: 365 * DAY };

let database: TestDatabase;
let db: Database;
let sql: postgres.Sql;

beforeEach(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await sql`insert into sync.connections (name, source, poll_every_ms, sweep_every_ms) values ('invoiced', 'invoiced', 1, 1)`;
});
afterEach(async () => {
  await Promise.all([db.close(), sql.end()]);
  await database.drop();
});

const tidy = (changes: Partial<Keep> = {}) =>
  trim(db, Object.values(sources), { ...keep, ...changes }, new AbortController().signal);

describe('runs', () => {
  const run = async (days: number, { kind = 'poll', outcome = 'ok' as string | null } = {}) => {
    const lease = kind === 'poll' ? 'poll' : 'walk';
    const at = new Date(Date.now() - days * DAY);
    const [row] = await sql`
      insert into sync.runs (connection, kind, lease, started_at, finished_at, outcome)
      values ('invoiced', ${kind}, ${lease}, ${at}, ${outcome === null ? null : at}, ${outcome})
      returning run_id::text`;
    return String(row?.['run_id']);
  };
  const left = async () =>
    (await sql`select run_id::text from sync.runs order by run_id`).map((r) => r['run_id']);

  test('that are old go; the last of a kind and its last good one stay', async () => {
    await run(200);
    const good = await run(150);
    await run(140, { outcome: 'failed' });
    const last = await run(130, { outcome: 'failed' });
    const sweep = await run(120, { kind: 'sweep' });
    expect(await tidy()).toMatchObject({ runs: 2 });
    expect(await left()).toEqual([good, last, sweep]);
    expect(await tidy()).toEqual({});
  });

  test('of a walk that is not over stay, and those that somebody is at', async () => {
    const first = await run(200, { kind: 'sweep', outcome: 'interrupted' });
    const second = await run(190, { kind: 'sweep', outcome: 'interrupted' });
    const leased = await run(180, { outcome: null });
    const abandoned = await run(170, { outcome: null });
    const young = [await run(1), await run(1, { kind: 'sweep' })];
    await sql`
      insert into sync.walks (connection, walk_id, run_id, kind, force, started_at)
      values ('invoiced', ${first}, ${second}, 'sweep', false, now())`;
    await sql`insert into sync.leases values ('invoiced', 'poll', ${leased}, now() + interval '1 minute')`;
    await tidy();
    expect(await left()).toEqual([first, second, leased, ...young]);
    expect(await left()).not.toContain(abandoned);
  });

  test('are kept for ever where that is asked for', async () => {
    await run(2_000);
    await run(1);
    expect(await tidy({ runs: null })).not.toHaveProperty('runs');
    expect(await left()).toHaveLength(2);
  });

  test('go in batches, however many there are', async () => {
    await sql`
      insert into sync.runs (connection, kind, lease, started_at, finished_at, outcome)
      select 'invoiced', 'poll', 'poll', t, t, 'ok' from generate_series(1, 12000) n,
        lateral (select now() - interval '100 days' + n * interval '1 second' as t) each`;
    await run(0);
    expect(await tidy()).toMatchObject({ runs: 12_000 });
    expect(await left()).toHaveLength(1);
  });
});

describe('writes', () => {
  const write = async (
    days: number,
    { rowId = 1, method = 'PATCH', settled = true, connection = 'invoiced' } = {},
  ) => {
    const at = new Date(Date.now() - days * DAY);
    const [row] = await sql`
      insert into sync.writes (connection, row_id, method, path, outcome, sent_at, settled_at)
      values (${connection}, ${rowId}, ${method}, '/', ${settled ? 'ok' : null}, ${at}, ${settled ? at : null})
      returning write_id::text`;
    return String(row?.['write_id']);
  };
  const left = async () =>
    (await sql`select write_id::text from sync.writes order by write_id`).map((r) => r['write_id']);

  test('that are settled and old go, one whose outcome is open never', async () => {
    await write(400, { rowId: 1 });
    const open = await write(500, { rowId: 2, settled: false });
    const before = await write(450, { rowId: 2 });
    const young = await write(300);
    expect(await tidy()).toMatchObject({ writes: 1 });
    expect(await left()).toEqual([open, before, young]);
  });

  test('that made a task stay while it is open what another create of the account has made', async () => {
    const made = await write(400, { rowId: 1, method: 'POST' });
    await write(400, { rowId: 2, method: 'POST', connection: 'other' });
    const open = await write(0, { rowId: 3, method: 'POST', settled: false });
    await tidy();
    expect(await left()).toEqual([made, open]);
    await sql`update sync.writes set settled_at = now() where write_id = ${open}`;
    await tidy();
    expect(await left()).toEqual([open]);
  });
});

describe('conflicts', () => {
  const conflict = async (
    days: number,
    { rowId = 0, field = 'name', winner = 'remote', restored = false } = {},
  ) => {
    const at = new Date(Date.now() - days * DAY);
    const [row] = await sql`
      insert into sync.conflicts (connection, row_id, field, winner, reason, created_at, restored_at)
      values ('invoiced', ${rowId}, ${field}, ${winner}, '', ${at}, ${restored ? at : null})
      returning conflict_id::text`;
    return String(row?.['conflict_id']);
  };
  const left = async () =>
    (await sql`select conflict_id::text from sync.conflicts order by conflict_id`).map(
      (r) => r['conflict_id'],
    );

  test('that were restored, or outdone by a later one of the field, go; the last value that lost stays', async () => {
    const [row] = await sql`
      insert into invoiced.tasks (name, action, due_date) values ('Call', 'phone', now()) returning row_id::int`;
    const rowId = Number(row?.['row_id']);
    await conflict(900, { rowId });
    await conflict(800, { rowId, restored: true });
    await conflict(750, { rowId, field: 'due_date', restored: true });
    const otherSide = await conflict(700, { rowId, winner: 'local' });
    const last = await conflict(600, { rowId });
    await conflict(500, { rowId: rowId + 1_000 });
    const young = await conflict(10, { rowId, field: 'action', restored: true });
    expect(await tidy()).toMatchObject({ conflicts: 4 });
    expect(await left()).toEqual([otherSide, last, young]);
  });
});

test('versions that ended long ago go, but for the one that tells since when a row is as it is', async () => {
  const insert = (name: string) => sql`
    insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', now()) returning row_id::text`;
  const [[kept], [gone]] = await Promise.all([insert('A'), insert('X')]);
  for (const name of ['B', 'C']) await sql`update invoiced.tasks set name = ${name} where name < 'D'`;
  await sql`delete from invoiced.tasks where name = 'X'`;
  await sql`update invoiced.task_versions set valid_from = valid_from - interval '2 years', valid_to = valid_to - interval '2 years'`;
  const left = () => sql`select row_id::text, name from invoiced.task_versions order by version_id`;
  const before = await left();
  expect(await tidy({ history: null })).toEqual({});
  expect(await left()).toEqual(before);
  expect(await tidy()).toEqual({ history: 4 });
  expect(await left()).toEqual([{ row_id: kept?.['row_id'], name: 'B' }]);
  expect(gone).toBeDefined();
  const [now] =
    await sql`select name, changed, changed_by, valid_from is not null as since from invoiced.task_history where valid_to is null`;
  expect(now).toEqual({ name: 'C', changed: ['name'], changed_by: 'local', since: true });
});

test('what a walk or a poll has left behind goes, but not what one goes on with', async () => {
  await sql`
    insert into sync.walks (connection, walk_id, run_id, kind, force, started_at)
    values ('invoiced', 1, 1, 'sweep', false, now())`;
  await sql`insert into sync.leases values ('invoiced', 'poll', 2, now() + interval '1 minute'), ('x', 'poll', 3, now())`;
  await sql`insert into sync.walk_pages values (1, 1, '{1}'), (2, 1, '{1}'), (3, 1, '{1}')`;
  await sql`
    insert into sync.held_deletions select n, 1, '{}', now(), now(), 0 from generate_series(1, 4) n`;
  expect(await tidy()).toMatchObject({ walkPages: 1, heldDeletions: 2 });
  expect(
    (await sql`select walk_id from sync.walk_pages order by 1`).map((r) => Number(r['walk_id'])),
  ).toEqual([1, 2]);
  expect(
    (await sql`select holder from sync.held_deletions order by 1`).map((r) => Number(r['holder'])),
  ).toEqual([1, 2]);
});

test('one worker does it at a time', async () => {
  await sql`insert into sync.walk_pages values (1, 1, '{1}')`;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('taskmirror:trim', 0))`;
    expect(await tidy()).toEqual({});
  });
  expect(await tidy()).toEqual({ walkPages: 1 });
});
