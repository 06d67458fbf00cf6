import { afterEach, describe, expect, test } from 'vitest';
import { expectEqual } from './equality.js';
import { cursor, remote, row, someId } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

/** Faults that were once found in pulling. Each of these was red then. */
let world: World;
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('a row that somebody holds locked at the end of a first read does not make it begin again', async () => {
    world = await openWorld({ sandbox: { invoiced: { tasks: 150 }, freshbooks: { tasks: 150 } } });
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      skip: 1,
      fault: { kind: 'status', status: 500 },
    });
    expectOutcome(await world.walk(connection), 'failed');
    world.sandbox.faults.clear();
    const held = someId(world, connection);
    expect(await row(world, connection, held)).toMatchObject({ sync_state: 'synced' });
    remote(world, connection).rename(held, 'Changed under a lock');
    await world.sql.begin(async (tx) => {
      await tx`select from ${tx(connection)}.tasks where id = ${held} for update`;
      await world.walk(connection);
    });
    expect(await cursor(world, connection)).not.toBeNull();
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });
});

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])('under newest, a later delete at an API whose clock is an hour %s wins', async (_, ahead) => {
  // Invoiced's deletes are for good, so that no policy stands against them.
  world = await openWorld({ sandbox: { invoiced: { tasks: 0 }, freshbooks: { tasks: 30 } } });
  expectOutcome(await world.walk('freshbooks'), 'ok');
  const id = someId(world, 'freshbooks');
  const { clock } = world.sandbox;
  await world.sql`update freshbooks.tasks set name = 'Edited before' where id = ${id}`;
  // Ten seconds after our edit, by a clock that is as wrong again when it answers.
  clock.advance(ahead + 10_000);
  remote(world, 'freshbooks').remove(id);
  clock.advance(-10_000);
  expectOutcome(await world.as({ policy: 'newest' }).poll('freshbooks'), 'ok');
  expect(await row(world, 'freshbooks', id)).toMatchObject({ vis_state: 1, sync_state: 'synced' });
  expect(await world.sql`select local, winner from sync.conflicts`).toMatchObject([
    { local: 'Edited before', winner: 'remote' },
  ]);
});
