import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { cursor, remote, row, someId } from './remote.js';
import { stalling } from './stalling.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 320 }, freshbooks: { tasks: 320 } } });
});
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('a change that becomes visible long after its time stamp is brought', async () => {
    await world.walk(connection);
    const { clock } = world.sandbox;
    // More than a page of newer ones stands before it, none as new as the cursor.
    clock.advance(-MINUTE);
    rename(connection, 150);
    clock.advance(MINUTE);
    await world.poll(connection);
    const late = connection === 'invoiced' ? 74 * MINUTE : DAY;
    clock.advance(-late);
    remote(world, connection).rename(someId(world, connection, 200), 'Renamed long ago');
    clock.advance(late);
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('150 changes in the very second from which a poll reads are all brought', async () => {
    await world.walk(connection);
    const { clock } = world.sandbox;
    clock.freeze();
    // Midnight in New York.
    const first = Date.UTC(2026, 5, 10, 4);
    clock.set(first);
    rename(connection, 150);
    const overlap = connection === 'invoiced' ? 75 * MINUTE : 5 * MINUTE + DAY;
    await setCursor(connection, first + overlap);
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('when a page fails the cursor stays, what came before is kept, and the next poll brings the rest', async () => {
    await world.walk(connection);
    const before = await windBack(connection);
    rename(connection, 250);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'status', status: 500 },
      skip: 2,
    });
    expectOutcome(await world.poll(connection), 'failed');
    expect(await cursor(world, connection)).toBe(before);
    // FreshBooks is asked for two pages at a time, and the second may come later than the third.
    expect([100, 200]).toContain((await world.lastRun(connection))['updated']);
    world.sandbox.faults.clear();
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
    expectOutcome(await world.poll(connection), 'ok');
    expect(await cursor(world, connection)).toBeGreaterThan(before);
  });

  test('what a page lost while several were read is brought by the next poll, and the cursor waits for that', async () => {
    await world.walk(connection);
    const before = await windBack(connection);
    rename(connection, 250);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows', count: 3 },
      skip: 1,
      times: 1,
    });
    expectOutcome(await world.poll(connection), 'ok');
    expect(await cursor(world, connection)).toBe(before);
    await expect(expectEqual(world, connection)).rejects.toThrow();
    expectOutcome(await world.poll(connection), 'ok');
    expect(await cursor(world, connection)).toBeGreaterThan(before);
    await expectEqual(world, connection);
  });

  test('when the run is stopped between pages the cursor stays', async () => {
    await world.walk(connection);
    const before = await cursor(world, connection);
    rename(connection, 250);
    const stop = new AbortController();
    const work = { kind: 'poll', connection } as const;
    const result = await stalling(world, 1).perform(work, stop.signal, () => stop.abort());
    expect(result).toMatchObject({ outcome: 'interrupted' });
    expect(await cursor(world, connection)).toBe(before);
    expect(await world.lastRun(connection)).toMatchObject({ outcome: 'interrupted', updated: 100 });
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test("a row in somebody's open transaction is left, and the cursor waits for it", async () => {
    await world.walk(connection);
    const before = await windBack(connection);
    const [held, free] = [someId(world, connection, 5), someId(world, connection, 6)];
    remote(world, connection).rename(held, 'changed under a lock');
    remote(world, connection).rename(free, 'changed beside it');

    const release = await hold(connection, held);
    const result = await world.poll(connection);
    expect(result).toMatchObject({
      outcome: 'ok',
      error: expect.stringContaining('held by another transaction'),
    });
    expect(await row(world, connection, free)).toMatchObject({ name: 'changed beside it' });
    expect(await row(world, connection, held)).not.toMatchObject({ name: 'changed under a lock' });
    expect(await cursor(world, connection)).toBe(before);

    await release();
    expectOutcome(await world.poll(connection), 'ok');
    expect(await cursor(world, connection)).toBeGreaterThan(before);
    await expectEqual(world, connection);
  });

  test('a sweep leaves a held row too, and does not wait for it', async () => {
    await world.walk(connection);
    const held = someId(world, connection, 5);
    remote(world, connection).rename(held, 'changed under a lock');
    const release = await hold(connection, held);
    expect(await world.walk(connection)).toMatchObject({
      outcome: 'ok',
      error: expect.stringContaining('held by another transaction'),
    });
    await release();
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
  });

  test.each([
    ['behind', -3 * DAY],
    ['ahead', 3 * DAY],
  ])('an API whose clock is days %s loses no change, from the first read on', async (_, ahead) => {
    world.sandbox.clock.advance(ahead);
    await world.walk(connection);
    for (let round = 0; round < 3; round++) {
      rename(connection, 3);
      remote(world, connection).create(`new in round ${round}`);
      expectOutcome(await world.poll(connection), 'ok');
      await expectEqual(world, connection);
      world.sandbox.clock.advance(MINUTE);
    }
    const ours = Date.now() * 1000;
    expect(
      Math.abs(((await cursor(world, connection)) ?? 0) - (ours + Math.min(0, ahead) * 1000)),
    ).toBeLessThan(4 * MINUTE * 1000);
  });

  test('a resync from later than the cursor leaves it, one from earlier moves it', async () => {
    await world.walk(connection);
    const before = await windBack(connection);
    expectOutcome(await world.poll(connection, { since: before / 1e6 + 60 }), 'ok');
    expect(await cursor(world, connection)).toBe(before);
    expectOutcome(await world.poll(connection, { since: before / 1e6 - 90 * 86_400 }), 'ok');
    expect(await cursor(world, connection)).toBeGreaterThan(before);
    expect(await world.lastRun(connection)).toMatchObject({ kind: 'resync', updated: 0 });
  });
});

/** The first so many tasks, at the API's present time. */
function rename(connection: Connection, count: number): void {
  const { ids, rename } = remote(world, connection);
  for (const id of ids().slice(0, count)) rename(id, `Renamed ${id} at ${world.sandbox.clock.now()}`);
}

/** Sets the cursor ten minutes back, so that its next move shows: the API's clock has whole seconds only. */
async function windBack(connection: Connection): Promise<number> {
  await setCursor(connection, Date.now() - 10 * MINUTE);
  return (await cursor(world, connection)) ?? 0;
}

async function setCursor(connection: Connection, milliseconds: number): Promise<void> {
  await world.sql`
    update sync.cursors set cursor = to_timestamp(${milliseconds / 1000}) where connection = ${connection}`;
}

/** Locks a row as a person's open transaction does; gives what ends that. */
async function hold(connection: Connection, id: number): Promise<() => Promise<void>> {
  let release = () => {};
  let locked = false;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const transaction = world.sql.begin(async (tx) => {
    await tx`select from ${tx(connection)}.tasks where id = ${id} for update`;
    locked = true;
    await released;
  });
  await until('the row is locked', () => locked);
  return async () => {
    release();
    await transaction;
  };
}
