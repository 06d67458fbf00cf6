import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { remote } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('runs that insert the same tasks at once wait for each other in one order, never both', async () => {
    world = await openWorld();
    expectOutcome(await world.walk(connection), 'ok');
    const { create } = remote(world, connection);
    const [low, high] = [create('Low'), create('High')];
    const { sql } = world;
    const insert = (tx: World['sql'], id: number) =>
      tx`
        insert into ${tx(connection)}.tasks (row_id, connection, id, name)
        values (nextval('sync.row_ids'), ${connection}, ${id}, 'By another')`;
    let poll = Promise.resolve<unknown>(undefined);
    await sql
      .begin(async (begun) => {
        const tx = begun as unknown as World['sql'];
        await tx`select set_config('taskmirror.origin', 'sync', true)`;
        await insert(tx, low);
        poll = world.poll(connection);
        await until('the run waits for us', async () => {
          const waiting = await sql`
            select from pg_stat_activity
            where datname = current_database() and application_name = 'taskmirror test' and wait_event_type = 'Lock'`;
          return waiting.length > 0;
        });
        // Had it begun with this one, both would wait for ever.
        await insert(tx, high);
        throw new Done();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Done)) throw error;
      });
    expect(await poll).toMatchObject({ outcome: 'ok', error: null });
    await expectEqual(world, connection);
  });

  test('polls and walks at the same time, while people work, end equal', async () => {
    world = await openWorld({ sandbox: { invoiced: { tasks: 120 }, freshbooks: { tasks: 120 } } });
    expectOutcome(await world.walk(connection), 'ok');
    const { ids, rename, create, remove } = remote(world, connection);
    for (let round = 0; round < 5; round++) {
      const [a = 0, b = 0, c = 0] = ids().slice(round * 3);
      rename(a, `Renamed in ${round}`);
      const both = Promise.all([world.poll(connection), world.walk(connection)]);
      rename(b, `Renamed in ${round}`);
      create(`Made in ${round}`);
      remove(c);
      for (const result of await both) expectOutcome(result, 'ok');
    }
    expectOutcome(await world.poll(connection), 'ok');
    expectOutcome(await world.walk(connection, { full: true }), 'ok');
    await expectEqual(world, connection);
    expect(await world.sql`select from sync.conflicts`).toHaveLength(0);
  });
});

class Done extends Error {}
