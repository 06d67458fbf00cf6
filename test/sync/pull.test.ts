import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectEqual } from './equality.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 1234 }, freshbooks: { tasks: 789 } } });
});
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('a first read mirrors every task exactly', async () => {
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
    expect(await world.lastRun(connection)).toMatchObject({ kind: 'read', outcome: 'ok', updated: 0 });
  });

  test('50 remote changes are in the mirror after one poll', async () => {
    await world.walk(connection);
    for (let i = 0; i < 50; i++) change(world, connection);
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('an idle poll asks once a listing and writes no task row', async () => {
    await world.walk(connection);
    await world.poll(connection);
    const before = await versions(world, connection);
    const mark = world.sandbox.log.mark();
    expectOutcome(await world.poll(connection), 'ok');
    expect(world.sandbox.log.entries({ after: mark, api: connection }).map(({ route }) => route)).toEqual(
      connection === 'invoiced' ? ['tasks.list', 'events.list'] : ['tasks.list', 'tasks.list'],
    );
    expect(await versions(world, connection)).toEqual(before);
    expect(await world.lastRun(connection)).toMatchObject({
      kind: 'poll',
      inserted: 0,
      updated: 0,
      deleted: 0,
    });
  });
});

function change({ sandbox }: World, connection: string): void {
  if (connection === 'invoiced') {
    const { people } = sandbox.invoiced;
    const id = people.randomId() ?? 0;
    const chance = sandbox.random();
    if (chance < 0.2) people.create();
    else if (chance < 0.4) people.remove(id);
    else if (chance < 0.6) people.complete(id);
    else people.edit(id, { name: `Changed ${chance}` });
  } else {
    const { people } = sandbox.freshbooks;
    const id = people.randomId() ?? 0;
    const chance = sandbox.random();
    if (chance < 0.2) people.createTask();
    else if (chance < 0.4) people.deleteTask(id);
    else if (chance < 0.5) people.restoreTask(id);
    else if (chance < 0.6) people.archiveTask(id);
    else people.editTask(id, { rate: { amount: chance * 100 } });
  }
}

async function versions({ sql }: World, connection: string): Promise<unknown> {
  return sql`select row_id, xmin::text, ctid::text from ${sql(connection)}.tasks order by row_id`;
}
