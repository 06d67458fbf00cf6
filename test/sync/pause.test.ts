import { afterEach, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
afterEach(() => world.close());

const paused = { state: 'skipped', reason: 'it is paused' };
const pause = (yes: boolean) =>
  world.sql`update sync.connections set paused_at = case when ${yes} then clock_timestamp() end`;

test.each(connections)(
  '%s: nothing is asked while it is paused, edits wait, and all is made up for after it',
  async (connection) => {
    world = await openWorld({ sandbox: { invoiced: { tasks: 30 }, freshbooks: { tasks: 30 } } });
    expectOutcome(await world.walk(connection), 'ok');
    await pause(true);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Edited meanwhile'
    where row_id = (select min(row_id) from ${world.sql(connection)}.tasks)`;
    const mark = world.sandbox.log.mark();
    for (const work of [world.poll, world.walk, world.push]) expect(await work(connection)).toEqual(paused);
    expect(world.sandbox.log.count({ after: mark })).toBe(0);
    await pause(false);
    expectOutcome(await world.push(connection), 'ok');
    await expectEqual(world, connection);
  },
);

test('a walk that is paused between two slices goes on from there', async () => {
  world = await openWorld({
    sandbox: { invoiced: { tasks: 0 }, freshbooks: { tasks: 1500 } },
  });
  const { perform } = world.as({ walkSliceMs: 0 });
  const slice = () =>
    perform({ kind: 'walk', connection: 'freshbooks' }, new AbortController().signal, () => {});
  expect(await slice()).toEqual({ state: 'continue' });
  await pause(true);
  const mark = world.sandbox.log.mark();
  expect(await slice()).toEqual(paused);
  expect(world.sandbox.log.count({ after: mark })).toBe(0);
  await pause(false);
  expectOutcome(await world.walk('freshbooks'), 'ok');
  await expectEqual(world, 'freshbooks');
  expect(await world.sql`select kind, outcome, inserted from sync.runs`).toEqual([
    { kind: 'read', outcome: 'ok', inserted: 1500 },
  ]);
});

test('a run that is under way ends within a second or so, and is taken up when it is resumed', async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 3000 }, freshbooks: { tasks: 0 } } });
  // Thirty pages, which would take twelve seconds.
  const slow = { kind: 'slow', milliseconds: 400, when: 'before' } as const;
  world.sandbox.faults.add({ api: 'invoiced', route: 'tasks.list', fault: slow });
  const walk = world.walk('invoiced');
  await until('it is under way', () => world.sandbox.log.count({ route: 'tasks.list' }) > 1);
  await pause(true);
  expectOutcome(await walk, 'interrupted');
  expect(await world.lastRun('invoiced')).toMatchObject({
    outcome: 'interrupted',
    error: 'the connection was paused',
  });
  expect(world.sandbox.log.count({ route: 'tasks.list' })).toBeLessThan(30);
  await pause(false);
  world.sandbox.faults.clear();
  expectOutcome(await world.walk('invoiced'), 'ok');
  await expectEqual(world, 'invoiced');
});

test.each(connections)('%s: so does a push, and what it had not sent yet waits', async (connection) => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 60 }, freshbooks: { tasks: 60 } } });
  expectOutcome(await world.walk(connection), 'ok');
  await world.sql`update ${world.sql(connection)}.tasks set name = name || '!'`;
  const route = 'tasks.update';
  const slow = { kind: 'slow', milliseconds: 1_000, when: 'before' } as const;
  world.sandbox.faults.add({ api: connection, route, fault: slow });
  const pushing = world.push(connection);
  await until('it is under way', () => world.sandbox.log.count({ route }) > 1);
  await pause(true);
  expectOutcome(await pushing, 'interrupted');
  // 60 writes, five at a time, would have taken twelve seconds.
  expect(world.sandbox.log.count({ route })).toBeLessThan(60);
  const pending = () => world.sql`select from ${world.sql(connection)}.tasks where sync_state = 'pending'`;
  expect((await pending()).length).toBeGreaterThan(0);
  // What was under way was let end, so that nothing is of unknown outcome.
  expect(await world.sql`select from sync.writes where settled_at is null`).toHaveLength(0);
  world.sandbox.faults.clear();
  await pause(false);
  expectOutcome(await world.push(connection), 'ok');
  expect(await pending()).toHaveLength(0);
});
