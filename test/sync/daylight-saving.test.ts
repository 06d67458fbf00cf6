import { afterEach, describe, expect, test } from 'vitest';
import { expectEqual } from './equality.js';
import { remote, row } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

const HALF_AN_HOUR = 30 * 60_000;

let world: World;
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  // New York leaves summer time at 06:00 UTC, Chicago, where Invoiced's servers may stand, at 07:00.
  test.each([
    ['the hour that November repeats', Date.UTC(2026, 10, 1, 4, 15), 10],
    ['the hour that March leaves out', Date.UTC(2027, 2, 14, 6, 15), 6],
  ])('%s: every poll brings every change', async (_, startAt, halves) => {
    world = await openWorld({ sandbox: { startAt, invoiced: { tasks: 240 }, freshbooks: { tasks: 120 } } });
    const { clock } = world.sandbox;
    clock.freeze();
    expectOutcome(await world.walk(connection), 'ok');
    const { ids, rename, create, remove } = remote(world, connection);
    for (let half = 0; half < halves; half++) {
      clock.advance(HALF_AN_HOUR);
      const now = ids();
      // More than a page of tasks is newer than what is stamped an hour early.
      for (let i = 0; i < 60; i++) rename(now[(half * 60 + i) % now.length] ?? 0, `Renamed in ${half}`);
      create(`Made in ${half}`);
      remove(now[half] ?? 0);
      expectOutcome(await world.poll(connection), 'ok');
      await expectEqual(world, connection);
    }
    expectOutcome(await world.walk(connection), 'ok');
    expect(await world.lastRun(connection)).toMatchObject({ updated: 0, inserted: 0, deleted: 0 });
  });

  test('a task whose time stamp runs backwards takes its later state', async () => {
    world = await openWorld({
      sandbox: { startAt: Date.UTC(2026, 10, 1, 5, 59), invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } },
    });
    const { clock } = world.sandbox;
    await world.walk(connection);
    const { create, rename } = remote(world, connection);
    const id = create('First at 01:59');
    expectOutcome(await world.poll(connection), 'ok');
    const before = await row(world, connection, id);
    clock.advance(connection === 'invoiced' ? 62 * 60_000 : 2 * 60_000);
    rename(id, 'Then at 01:01');
    expectOutcome(await world.poll(connection), 'ok');
    const after = await row(world, connection, id);
    expect(after).toMatchObject({ name: 'Then at 01:01' });
    if (connection === 'freshbooks') expect(after['updated_at'] < before['updated_at']).toBe(true);
    await expectEqual(world, connection);
  });
});
