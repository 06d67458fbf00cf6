import { expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { openWorld } from './world.js';

test('a daemon trims by its settings, and says in one line what is gone', async () => {
  const world = await openWorld();
  await world.sql`
    insert into sync.runs (connection, kind, lease, started_at, finished_at, outcome)
    select 'invoiced', 'poll', 'poll', t, t, 'ok' from (select now() - interval '3 days' as t) each, generate_series(1, 50)`;
  await world.start({ KEEP_RUNS: '4d' }, { trimEvery: 100 });
  await until(
    'it polls',
    async () =>
      (await world.sql`select from sync.runs where started_at > now() - interval '1 day'`).length > 4,
  );
  const old = () => world.sql`select from sync.runs where started_at < now() - interval '1 day'`;
  expect(await old()).toHaveLength(50);
  await world.start({ KEEP_RUNS: '2d' }, { trimEvery: 100 });
  await until('they are gone', async () => (await old()).length === 0);
  const said = await until('it says so', () =>
    world.lines.find(({ msg }) => String(msg).includes('long enough')),
  );
  expect(said).toMatchObject({ runs: 50 });
});

test('a push whose process ended with nothing left to send is closed, though no other push comes', async () => {
  const world = await openWorld();
  await (await world.start({ INVOICED_API_KEY: '' })).stop();
  await world.sql`
    with run as (
      insert into sync.runs (connection, kind, lease) values ('freshbooks', 'push', 'push') returning run_id
    )
    insert into sync.leases (connection, kind, run_id, ends_at)
    select 'freshbooks', 'push', run_id, now() - interval '1 second' from run`;
  await world.start({ INVOICED_API_KEY: '' }, { reconcileEvery: 100 });
  const [run] = await until('it is closed', async () => {
    const runs =
      await world.sql`select outcome, error from sync.runs where kind = 'push' and finished_at is not null`;
    return runs.length > 0 ? runs : null;
  });
  expect(run).toEqual({ outcome: 'interrupted', error: 'its process ended' });
});
