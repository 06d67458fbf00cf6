import { expect, test, vi } from 'vitest';
import { makeFolder } from '../cli/command.js';
import { until } from '../servers/index.js';
import { expectEqual } from '../sync/equality.js';
import { runProgram } from './process.js';
import { openWorld, type World } from './world.js';

// A process of its own, which starts slowly where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const WITHIN_MS = 30_000;
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
      return held.length === 4 && made(world) === 2 && held.map(({ run }) => String(run));
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
  expect(made(world)).toBe(2);
  const runs = await world.sql`select outcome, error from sync.runs where run_id = any(${inHand}::bigint[])`;
  expect(runs).toEqual(inHand.map(() => ({ outcome: 'interrupted', error: 'its process ended' })));
  await survivor.stop();
});

/** How many tasks of that name both APIs hold. */
function made({ sandbox: { invoiced, freshbooks } }: World): number {
  const all = [...invoiced.people.tasks(), ...freshbooks.people.tasks()];
  return all.filter(({ name }) => name === 'Made once').length;
}

async function cursors({ sql }: World): Promise<number> {
  return (await sql`select from sync.cursors`).length;
}
