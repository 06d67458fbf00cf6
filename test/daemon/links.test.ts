import { expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { active, openWorld } from './world.js';

test('what is written into the mirror crosses a link at once, with several daemons at work, and each task is made once', async () => {
  const world = await openWorld({ queue: 'redis' });
  const { sql, sandbox } = world;
  const daemons = await Promise.all([world.start({ POLL_EVERY: '1h' }), world.start({ POLL_EVERY: '1h' })]);
  await until('both are read', async () => {
    const [read] = await sql`select count(*)::int as n from sync.cursors`;
    return read?.['n'] === 2 && (await active(sql, 'freshbooks')) === 178;
  });
  // Nothing is polled from here on: what crosses over was told of.
  const [pair] = await sql`
    with a as (select row_id, id from invoiced.tasks order by row_id limit 1), b as (select row_id, id from freshbooks.tasks order by row_id limit 1)
    insert into sync.links (left_row_id, right_row_id) select a.row_id, b.row_id from a, b
    returning left_row_id, right_row_id, (select id from a) as left_id, (select id from b) as right_id`;
  await sql`update freshbooks.tasks set name = 'Crossed' where row_id = ${pair?.['right_row_id'] ?? 0}`;
  const nameOf = (id: unknown) => sandbox.invoiced.people.task(Number(id))?.name;
  await until('it has crossed over to Invoiced', () => nameOf(pair?.['left_id']) === 'Crossed');
  await sql`update invoiced.tasks set name = 'And back' where row_id = ${pair?.['left_row_id'] ?? 0}`;
  await until(
    'and back to FreshBooks',
    () => sandbox.freshbooks.people.task(Number(pair?.['right_id']))?.name === 'And back',
  );

  await sql`
    insert into sync.link_rules (name, match, creates, invoiced_where, freshbooks_where)
    values ('calls', 'none', 'freshbooks', 'name ilike ''Ring %''', 'false')`;
  await sql`
    insert into invoiced.tasks (name, action, due_date) select 'Ring ' || n, 'phone', now() from generate_series(1, 8) n`;
  const rung = () =>
    [...sandbox.freshbooks.people.tasks()].filter(({ name }) => name?.startsWith('Ring ')).length;
  await until('each has its service', () => rung() === 8);
  await until('all is sent', async () => {
    const waiting = await sql`
      select from invoiced.tasks where sync_state <> 'synced' union all select from freshbooks.tasks where sync_state <> 'synced'`;
    return waiting.length === 0;
  });
  expect(rung()).toBe(8);
  expect(await sql`select from sync.links where rule = 'calls' and state = 'linked'`).toHaveLength(8);
  expect(world.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  for (const daemon of daemons) await daemon.stop();
});
