import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../src/mirror/migrate.js';
import { startPostgres, type TestPostgres } from '../servers/postgres.js';
import { remote, versions } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

// A server of its own: what others write would count as ours.
let server: TestPostgres;
let world: World;
beforeAll(async () => {
  server = await startPostgres();
  await migrate(server.adminUrl);
  world = await openWorld({
    database: { url: server.adminUrl, adminUrl: server.adminUrl, drop: async () => {} },
    sandbox: { invoiced: { tasks: 250 }, freshbooks: { tasks: 250 } },
  });
});
afterAll(async () => {
  await world?.close();
  await server?.stop();
});

test.each(connections)('at rest %s writes no task row and nearly no WAL', async (connection) => {
  await world.walk(connection);
  // Within the overlap: every poll sees them.
  const { ids, rename } = remote(world, connection);
  for (const id of ids().slice(0, 20)) rename(id, `Renamed ${id}`);
  await world.poll(connection);
  expectOutcome(await world.walk(connection), 'ok');
  const before = await versions(world, connection);
  const written: number[] = [];
  for (let poll = 0; poll < 9; poll++) {
    const start = await position();
    expectOutcome(await world.poll(connection), 'ok');
    written.push(await since(start));
  }
  expect(median(written)).toBeLessThan(4096);
  expect(await versions(world, connection)).toEqual(before);

  expectOutcome(await world.walk(connection), 'ok');
  expect(await versions(world, connection)).toEqual(before);
  expect(await world.lastRun(connection)).toMatchObject({
    kind: 'sweep',
    inserted: 0,
    updated: 0,
    deleted: 0,
  });
});

async function position(): Promise<string> {
  const [found] = await world.sql`select pg_current_wal_insert_lsn()::text as lsn`;
  return found?.['lsn'];
}

async function since(start: string): Promise<number> {
  const [found] = await world.sql`select (pg_current_wal_insert_lsn() - ${start}::pg_lsn)::int as bytes`;
  return found?.['bytes'];
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
