import { expect, test, vi } from 'vitest';
import { CONCURRENCY } from '../../src/jobs/kinds.js';
import { run } from '../cli/command.js';
import { until } from '../servers/index.js';
import { openWorld, type World } from './world.js';

vi.setConfig({ testTimeout: 90_000 });
const WITHIN_MS = 30_000;
/** One more than a worker walks through at a time. */
const LARGE = Array.from({ length: CONCURRENCY.walk + 1 }, (_, i) => `large${i}`);

test('accounts with far to read delay neither the polls nor the edits of others, nor what is sent beside a walk of the account itself', async () => {
  const world = await openWorld({
    queue: 'redis',
    sandbox: {
      invoiced: { tasks: 40, further: LARGE.map((apiKey) => ({ apiKey, tasks: 40_000 })) },
      freshbooks: { tasks: 40 },
    },
  });
  await world.start();
  await until('both small accounts are read', async () => (await cursors(world)).length === 2, WITHIN_MS);

  // From now on a page of Invoiced takes its time: each large account has two minutes of pages before it.
  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.list',
    fault: { kind: 'slow', milliseconds: 300 },
  });
  for (const name of LARGE) await addAccount(world, name);
  await until(
    'all walks that can are under way',
    async () => {
      const walks =
        await world.sql`select from sync.leases where kind = 'walk' and ends_at > clock_timestamp()`;
      return walks.length === CONCURRENCY.walk;
    },
    WITHIN_MS,
  );

  const { invoiced, freshbooks } = world.sandbox;
  const [task] = [...invoiced.people.tasks()];
  const [service] = [...freshbooks.people.tasks()];
  if (task === undefined || service === undefined) throw new Error('There are no tasks.');
  for (let turn = 1; turn <= 2; turn++) {
    const [there, here] = [`Renamed there ${turn}`, `Described here ${turn}`];
    freshbooks.people.editTask(service.id, { name: there });
    await world.sql`update freshbooks.tasks set description = ${here} where id = ${service.id}`;
    await world.sql`update invoiced.tasks set name = ${here} where connection = 'invoiced' and id = ${task.id}`;
    await until(
      'the remote edit is here, and both local ones are there',
      async () => {
        const [row] = await world.sql`select name, sync_state from freshbooks.tasks where id = ${service.id}`;
        return (
          row?.['name'] === there &&
          freshbooks.people.task(service.id)?.description === here &&
          invoiced.people.task(task.id)?.name === here
        );
      },
      WITHIN_MS,
    );
  }

  // All that was while every large account was still being read.
  expect((await cursors(world)).map(({ connection }) => connection)).toEqual(['freshbooks', 'invoiced']);
  const [walking] = await world.sql`
    select connection from sync.leases where kind = 'walk' and ends_at > clock_timestamp() order by connection limit 1`;
  await sendsBesideItsWalk(world, String(walking?.['connection']));
  expect(await cursors(world)).toHaveLength(2);
});

/** A row of an account whose first read is under way is edited, and sent before that read is over. */
async function sendsBesideItsWalk(world: World, connection: string): Promise<void> {
  const { people } = world.sandbox.invoiced.further[LARGE.indexOf(connection)] ?? world.sandbox.invoiced;
  const [row] = await until('some of it is read', async () => {
    const rows =
      await world.sql`select id from invoiced.tasks where connection = ${connection} order by id limit 1`;
    return rows.length > 0 && rows;
  });
  const id = Number(row?.['id']);
  await world.sql`update invoiced.tasks set name = 'Edited while it is read' where connection = ${connection} and id = ${id}`;
  await until('it is sent', () => people.task(id)?.name === 'Edited while it is read', WITHIN_MS);
}

async function addAccount({ env, sandbox }: World, name: string): Promise<void> {
  const args = [
    'connections',
    'add',
    name,
    '--source',
    'invoiced',
    '--no-check',
    '--base-url',
    sandbox.invoiced.url,
  ];
  const { code } = await run([...args, '--key-file', '-'], { env: { ...env }, input: `${name}\n` });
  expect(code).toBe(0);
}

const cursors = ({ sql }: World) => sql`select connection from sync.cursors order by connection`;
