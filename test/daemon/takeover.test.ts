import { expect, test, vi } from 'vitest';
import { makeFolder } from '../cli/command.js';
import { worldOn } from '../http/daemon.js';
import { until } from '../servers/index.js';
import { expectEqual } from '../sync/equality.js';
import { runProgram } from './process.js';
import { startWorker } from './worker-process.js';
import { active, openWorld, type World } from './world.js';

// A process of its own, which starts slowly where the machine is busy.
vi.setConfig({ testTimeout: 240_000 });
const WITHIN_MS = 30_000;
const MINUTE_MS = 60_000;
/** At 2 s an answer these are 200 pages, up to four at a time: a read is not over when another worker has started, however slowly. */
const TASKS = 20_000;
const SLOW_MS = 2_000;
const QUICK_MS = 200;
const connections = ['invoiced', 'freshbooks'] as const;

test('what a killed worker had in hand is taken over by one that runs beside it: reads, polls and sends, and nothing is lost or made twice', async () => {
  const world = await openWorld({ sandbox: { invoiced: { tasks: 300 }, freshbooks: { tasks: 300 } } });
  const victim = runProgram(['start'], { env: { ...world.env, PUSH_DELAY: '0' }, folder: makeFolder() });
  await until('both accounts are read', async () => (await cursors(world)) === 2, WITHIN_MS);

  // It hangs in a poll of each account, and in a write whose work is done.
  for (const api of connections) {
    world.sandbox.faults.add({ api, route: 'tasks.list', times: 1, fault: { kind: 'hang' } });
    world.sandbox.faults.add({
      api,
      route: 'tasks.create',
      times: 1,
      fault: { kind: 'hang', when: 'after' },
    });
  }
  await world.sql`insert into invoiced.tasks (name, action, due_date) values ('Made once', 'phone', now() + interval '1 day')`;
  await world.sql`insert into freshbooks.tasks (name) values ('Made once')`;
  const inHand = await until(
    'it has polls and creates under way',
    async () => {
      const held =
        await world.sql`select run_id::text as run from sync.leases where ends_at > clock_timestamp() and kind in ('poll', 'push')`;
      return held.length === 4 && named(world, 'Made once') === 2 && held.map(({ run }) => String(run));
    },
    WITHIN_MS,
  );

  const survivor = await world.start(
    { PUSH_DELAY: '0' },
    { workers: { lockDuration: 2_000, stalledInterval: 200 }, reconcileEvery: 200, scanEvery: 300 },
  );
  await world.sql`update freshbooks.tasks set description = 'Edited beside it' where name <> 'Made once' and id % 50 = 0`;
  victim.kill('SIGKILL');
  expect(await victim.ended).toBe('SIGKILL');
  // As if the half minute had passed after which a dead process's lease and job are given to others, and the time that a write may take.
  await world.sql`update sync.leases set ends_at = clock_timestamp() where run_id = any(${inHand}::bigint[])`;
  await world.sql`update bullmq.job set locked_until_ms = 0 where state = 'active'`;
  await world.sql`update sync.writes set sent_at = sent_at - interval '3 minutes' where settled_at is null`;
  await world.sql`update invoiced.tasks set name = 'Edited after it' where id % 50 = 0`;

  for (const connection of connections) {
    await until(`${connection} is equal`, () => expectEqual(world, connection).then(() => true), WITHIN_MS);
  }
  await until(
    'all is sent',
    async () => {
      const waiting = await world.sql`
      select from invoiced.tasks where sync_state <> 'synced' union all
      select from freshbooks.tasks where sync_state <> 'synced'`;
      return waiting.length === 0;
    },
    WITHIN_MS,
  );
  expect(named(world, 'Made once')).toBe(2);
  const runs = await world.sql`select outcome, error from sync.runs where run_id = any(${inHand}::bigint[])`;
  expect(runs).toEqual(inHand.map(() => ({ outcome: 'interrupted', error: 'its process ended' })));
  await survivor.stop();
});

test('with the usual settings a first read whose worker is killed is gone on with by another within a minute, and nothing is lost or there twice', async () => {
  const { env, ...world } = await worldOn('redis', {
    latency: QUICK_MS,
    invoiced: { tasks: TASKS },
    freshbooks: { tasks: TASKS, options: { rateLimit: 1_000_000 } },
  });
  const { POLL_EVERY: _, ...usual } = env;
  const victim = await startWorker({ env: usual });
  await until('both accounts are being read', async () => (await reads(world)).length === 2, WITHIN_MS);
  world.sandbox.setLatency(SLOW_MS);
  const survivor = await startWorker({ env: usual });

  victim.kill('SIGKILL');
  const killed = performance.now();
  expect(await victim.ended).toBe('SIGKILL');
  world.sandbox.setLatency(QUICK_MS);
  const inHand = await reads(world);
  expect(inHand).toHaveLength(2);
  expect(await cursors(world)).toBe(0);
  for (const source of connections) {
    const { sql } = world;
    await sql`
      update ${sql(source)}.tasks set name = 'Edited after it'
      where row_id = (select min(row_id) from ${sql(source)}.tasks)`;
  }
  world.sandbox.invoiced.people.create({ name: 'Made after it' });
  world.sandbox.freshbooks.people.createTask({ name: 'Made after it' });

  await until(
    'another run has committed pages of each',
    async () => (await reads(world)).filter((run) => !inHand.includes(run)).length === 2,
    MINUTE_MS,
  );
  expect(performance.now() - killed).toBeLessThan(MINUTE_MS);
  world.sandbox.setLatency(0);
  await until('both are read', async () => (await cursors(world)) === 2, MINUTE_MS);
  const ended = await world.sql`select outcome, error from sync.runs where run_id in ${world.sql(inHand)}`;
  expect(ended).toEqual(inHand.map(() => ({ outcome: 'interrupted', error: 'its process ended' })));
  for (const source of connections) {
    await until(`${source} is equal`, () => expectEqual(world, source).then(() => true), WITHIN_MS);
    expect(await active(world.sql, source)).toBe(TASKS + 1);
  }
  expect([named(world, 'Edited after it'), named(world, 'Made after it')]).toEqual([2, 2]);
  survivor.kill('SIGTERM');
  expect(await survivor.ended).toBe(0);
});

/** The runs of first reads that have committed pages. */
async function reads({ sql }: Pick<World, 'sql'>): Promise<readonly string[]> {
  const runs = await sql<{ run: string }[]>`
    select run_id::text as run from sync.runs where kind = 'read' and pages > 0 order by run_id`;
  return runs.map(({ run }) => run);
}

/** How many tasks of that name both APIs hold. */
function named({ sandbox: { invoiced, freshbooks } }: Pick<World, 'sandbox'>, wanted: string): number {
  const all = [...invoiced.people.tasks(), ...freshbooks.people.tasks()];
  return all.filter(({ name }) => name === wanted).length;
}

async function cursors({ sql }: Pick<World, 'sql'>): Promise<number> {
  return (await sql`select from sync.cursors`).length;
}
