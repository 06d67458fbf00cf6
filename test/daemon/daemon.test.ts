import { expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { active, openWorld } from './world.js';

test.each(['postgres', 'redis'] as const)(
  'reads both accounts and follows them, with its queue on %s',
  async (queue) => {
    const world = await openWorld({ queue });
    const daemon = await world.start();
    await until('all tasks are there', async () => (await active(world.sql, 'invoiced')) === 234);
    await until('all services are there', async () => (await active(world.sql, 'freshbooks')) === 178);
    const { id } = world.sandbox.invoiced.people.create({ name: 'Call the baker' });
    await until('the new task is there', async () => {
      const rows = await world.sql`select from invoiced.tasks where id = ${id} and name = 'Call the baker'`;
      return rows.length === 1;
    });
    await daemon.stop();
    const open = await world.sql`
    select application_name from pg_stat_activity
    where datname = current_database() and application_name like 'taskmirror%'`;
    expect(open).toEqual([]);
  },
);
