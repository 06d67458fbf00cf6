import { afterEach, beforeEach, expect, test } from 'vitest';
import { pauseWhereRestored } from '../../src/daemon/restored.js';
import { atRest } from './at-rest.js';
import { connections, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } } });
});
afterEach(() => world.close());

test('what a copy had still to make, and its original has made since, is not made again; the rest is', async () => {
  const { sandbox, sql, db, context } = world;
  await pauseWhereRestored(db, context.log);
  for (const connection of connections) await world.walk(connection);
  await sql`
    insert into freshbooks.tasks (name, rate_amount, rate_code) values ('Made since', 25, 'USD'), ('Not made', 30, 'USD')`;
  await sql`
    insert into invoiced.tasks (name, action, due_date)
    values ('Made since', 'phone', '2026-12-01Z'), ('Not made', 'phone', '2026-12-02Z')`;
  await sql`insert into freshbooks.tasks (name) values ('Deleted again')`;
  await sql`delete from freshbooks.tasks where name = 'Deleted again'`;

  // The original goes on and sends what waits. The copy is of before.
  const made = {
    freshbooks: sandbox.freshbooks.people.createTask({
      name: 'Made since',
      rate: { amount: '25.00', code: 'USD' },
    }),
    invoiced: sandbox.invoiced.people.create({
      name: 'Made since',
      action: 'phone',
      due_date: Date.parse('2026-12-01Z') / 1_000,
    }),
  };
  await sql`update sync.home set whereabouts = whereabouts || '{"table": "another"}'`;
  await pauseWhereRestored(db, context.log);
  expect(await sql`select from sync.connections where paused_at is null`).toHaveLength(0);
  await sql`update sync.connections set paused_at = null, pause_reason = null`;
  await sql`update sync.credentials set problem = null`;

  // Whether the task is met by a poll first or by the push: both are tried.
  await world.poll('freshbooks');
  // What is in doubt waits until the API must have finished with it.
  for (const connection of connections) await atRest(world, connection);
  for (const connection of connections) {
    const rows = await sql`
      select name, id, sync_state from ${sql(connection)}.tasks
      where name in ('Made since', 'Not made', 'Deleted again') order by name`;
    expect(rows).toMatchObject([
      { name: 'Made since', id: String(made[connection].id), sync_state: 'synced' },
      { name: 'Not made', id: expect.any(String), sync_state: 'synced' },
    ]);
    const names = [...sandbox[connection].people.tasks()].map(({ name }) => name);
    expect(names.filter((name) => name === 'Made since')).toHaveLength(1);
    expect(names.filter((name) => name === 'Not made')).toHaveLength(1);
    expect(names).not.toContain('Deleted again');
  }
});
