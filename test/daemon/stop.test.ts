import { expect, test, vi } from 'vitest';
import { makeFolder } from '../cli/command.js';
import { until } from '../servers/index.js';
import { expectEqual } from '../sync/equality.js';
import { runProgram } from './process.js';
import { active, openWorld, type World } from './world.js';

// A process of its own, and half a minute of pages where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
/** What a supervisor may count on. */
const STOP_MS = 20_000;

/** Both accounts, of whose pages the first few come and the others never: no first read ends before it is stopped. */
async function endless(): Promise<World> {
  const world = await openWorld({ sandbox: { invoiced: { tasks: 1_100 }, freshbooks: { tasks: 3_000 } } });
  for (const api of ['invoiced', 'freshbooks'] as const)
    world.sandbox.faults.add({ api, route: 'tasks.list', skip: 6, fault: { kind: 'hang' } });
  return world;
}

test('SIGTERM in the middle of a first read commits the page under way, and the next start goes on', async () => {
  const world = await endless();
  const first = runProgram(['start'], { env: world.env, folder: makeFolder() });
  await pagesAre(world, 'freshbooks', 2);
  first.kill('SIGTERM');
  const asked = performance.now();
  expect(await first.ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(STOP_MS);

  const runs = await world.sql`select connection, outcome, fetched from sync.runs where kind = 'read'`;
  expect(runs.map(({ outcome }) => outcome)).toEqual(['interrupted', 'interrupted']);
  for (const { connection, fetched } of runs) expect(await active(world.sql, connection)).toBe(fetched);
  await goesOn(world);
});

test('a daemon that is killed in the middle of a first read leaves nothing that the next one does not put right', async () => {
  const world = await endless();
  const first = runProgram(['start'], { env: world.env, folder: makeFolder() });
  await pagesAre(world, 'freshbooks', 2);
  first.kill('SIGKILL');
  expect(await first.ended).toBe('SIGKILL');
  world.sandbox.invoiced.people.remove(world.sandbox.invoiced.people.randomId() ?? 0);

  // As if the half minute had passed after which a dead process's lease and job are given to others.
  await world.sql`update sync.leases set ends_at = clock_timestamp()`;
  await world.sql`update bullmq.job set locked_until_ms = 0 where state = 'active'`;
  await goesOn(world);
});

/** FreshBooks goes on a page before; Invoiced, whose pages must be read in order, begins anew; both end equal. */
async function goesOn(world: World): Promise<void> {
  const [walk] = await world.sql`select position from sync.walks where connection = 'freshbooks'`;
  const page = Number(walk?.['position'].page);
  expect(page).toBeGreaterThan(1);
  const mark = world.sandbox.log.mark();
  world.sandbox.faults.clear();
  await world.start({}, { workers: { lockDuration: 2_000, stalledInterval: 200 }, reconcileEvery: 200 });
  for (const connection of ['invoiced', 'freshbooks'] as const) {
    await until(
      `the first read of ${connection} is over`,
      async () => {
        const [cursor] = await world.sql`select from sync.cursors where connection = ${connection}`;
        return cursor;
      },
      30_000,
    );
  }
  const asked = (api: 'invoiced' | 'freshbooks') =>
    world.sandbox.log
      .entries({ after: mark, api, route: 'tasks.list' })
      .map(({ query }) => Number(new URLSearchParams(query).get('page') ?? 1));
  expect(asked('freshbooks')[0]).toBe(page - 1);
  expect(asked('invoiced')[0]).toBe(1);
  for (const connection of ['invoiced', 'freshbooks'] as const) {
    await until(`${connection} is equal`, () => expectEqual(world, connection).then(() => true), 15_000);
  }
}

async function pagesAre(world: World, connection: string, pages: number): Promise<void> {
  await until(
    `${pages} pages of ${connection} are committed, and not all`,
    async () => {
      const [run] = await world.sql`select pages from sync.runs where connection = ${connection}`;
      return Number(run?.['pages']) >= pages;
    },
    30_000,
  );
}
