import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { remote, row, someId } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 20 }, freshbooks: { tasks: 20 } } });
});
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('an old list that arrives after a newer observation changes nothing', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    const { rename } = remote(world, connection);
    rename(id, 'Old');
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'slow', milliseconds: 700, when: 'after' },
      times: 1,
    });
    const slow = world.poll(connection);
    await until('the slow answer was made', () => world.sandbox.faults.list().length === 0);
    rename(id, 'New');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    const { synced_at } = await row(world, connection, id);

    expectOutcome(await slow, 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New', synced_at });
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('an old single answer that arrives late does not bring back what was restored', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    // Left out of every list, so that it is asked for by itself; the answer is on its way for long.
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows' },
      times: connection === 'invoiced' ? 1 : 2,
    });
    world.sandbox.faults.add({
      api: connection,
      route: connection === 'invoiced' ? 'tasks.get' : 'tasks.read',
      fault: { kind: 'slow', milliseconds: 700, when: 'after' },
      times: 1,
    });
    const sweep = world.walk(connection);
    await until('the slow answer was made', () => world.sandbox.faults.list().length === 0);
    remote(world, connection).rename(id, 'New');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    expectOutcome(await sweep, 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    await expectEqual(world, connection);
  });
});
