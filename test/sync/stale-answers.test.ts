import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from '../../src/sources/source.js';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { remote, row, someId } from './remote.js';
import { accountOf, type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 20 }, freshbooks: { tasks: 20 } } });
});
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('an old list that arrives after a newer observation changes nothing', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    const { rename } = remote(world, connection);
    rename(id, 'Old');
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'slow', milliseconds: 700, when: 'after' },
      times: 1,
    });
    const slow = world.poll(connection);
    await until('the slow answer was made', () => world.sandbox.faults.list().length === 0);
    rename(id, 'New');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    const { synced_at } = await row(world, connection, id);

    expectOutcome(await slow, 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New', synced_at });
    expectOutcome(await world.poll(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('of two pages with the same task the one that was asked for later stands', async () => {
    await world.walk(connection);
    const [id, beside] = [someId(world, connection, 0), someId(world, connection, 1)];
    const { rename } = remote(world, connection);
    rename(id, 'Old');
    const old = await pages(connection);
    rename(id, 'New');
    rename(beside, 'Beside it');
    const fresh = await pages(connection);
    // A page that had to be asked for again comes first, though it is newer.
    const worker = world.as({
      open: (...opening) => ({
        ...world.context.open(...opening),
        changes: async function* () {
          // A first one is worked on while the others gather.
          yield* [...fresh.map(only(beside)), ...fresh, ...old];
        },
      }),
    });
    expectOutcome(await worker.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
  });

  test('an old single answer that arrives late does not bring back what was restored', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    // Left out of every list, so that it is asked for by itself; the answer is on its way for long.
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows' },
      times: connection === 'invoiced' ? 1 : 2,
    });
    world.sandbox.faults.add({
      api: connection,
      route: connection === 'invoiced' ? 'tasks.get' : 'tasks.read',
      fault: { kind: 'slow', milliseconds: 700, when: 'after' },
      times: 1,
    });
    const sweep = world.walk(connection);
    await until('the slow answer was made', () => world.sandbox.faults.list().length === 0);
    remote(world, connection).rename(id, 'New');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    expectOutcome(await sweep, 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'New' });
    await expectEqual(world, connection);
  });
});

/** What a poll would read now. */
async function pages(connection: Connection): Promise<readonly Page[]> {
  const account = accountOf(world.sandbox, connection);
  if (account === null) throw new Error(`there is no ${connection}`);
  const client = world.context.open(account, 'poll', connection);
  const read: Page[] = [];
  try {
    for await (const page of client.changes(Date.now() / 1000 - 60, new AbortController().signal))
      read.push(page);
  } finally {
    await client.close();
  }
  return read;
}

const only =
  (id: number) =>
  (page: Page): Page => ({ ...page, tasks: page.tasks.filter((read) => read.ok && read.task.id === id) });
