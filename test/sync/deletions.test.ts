import { afterEach, describe, expect, test } from 'vitest';
import type { FreshBooksOptions } from '../../src/sandbox/freshbooks/options.js';
import type { SourceClient } from '../../src/sources/source.js';
import { expectEqual } from './equality.js';
import { cursor, remote, row, someId, versions } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
afterEach(() => world.close());

/** A world whose mirror holds so many tasks of each API. */
async function mirrored(tasks: number, freshbooks: Partial<FreshBooksOptions> = {}): Promise<void> {
  world = await openWorld({ sandbox: { invoiced: { tasks }, freshbooks: { tasks, options: freshbooks } } });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
}

const single = { invoiced: 'tasks.get', freshbooks: 'tasks.read' } as const;

describe.each(connections)('%s', (connection) => {
  test('a task deleted at the API is deleted by the next poll, and its raw says so', async () => {
    await mirrored(20);
    const id = someId(world, connection);
    remote(world, connection).remove(id);
    expectOutcome(await world.poll(connection), 'ok');
    const { raw, ...deleted } = await row(world, connection, id);
    expect(deleted).toMatchObject({ vis_state: 1, sync_state: 'synced' });
    expect(raw?.vis_state ?? null).toBe(connection === 'invoiced' ? null : 1);
    expect(await world.lastRun(connection)).toMatchObject({ outcome: 'ok', deleted: 1 });
    await expectEqual(world, connection);
    const before = await versions(world, connection);
    expectOutcome(await world.poll(connection), 'ok');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await versions(world, connection)).toEqual(before);
  });

  test('empty lists delete nothing: the brake stops the sweep, which is visible', async () => {
    await mirrored(20);
    const before = await versions(world, connection);
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: { kind: 'empty-list' } });
    expectOutcome(await world.walk(connection), 'stopped');
    expect(asked(connection)).toBe(0);
    expect(await versions(world, connection)).toEqual(before);
    expect(await world.lastRun(connection)).toMatchObject({
      outcome: 'stopped',
      deleted: 0,
      error: expect.stringMatching(/20 of 20 active tasks \(100%\).*DELETE_LIMIT \(20%\).*--full --force/),
    });

    // Forced, each id is still asked for, and says that it is there.
    expectOutcome(await world.walk(connection, { force: true }), 'ok');
    expect(asked(connection)).toBe(20);
    expect(await versions(world, connection)).toEqual(before);
  });

  test('ten absent tasks are asked for without a brake', async () => {
    await mirrored(10);
    const before = await versions(world, connection);
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: { kind: 'empty-list' } });
    expectOutcome(await world.walk(connection), 'ok');
    expect(asked(connection)).toBe(10);
    expect(await versions(world, connection)).toEqual(before);
  });

  test.each([
    [11, 100, 'ok'],
    [12, 60, 'ok'],
    [13, 60, 'stopped'],
    [10, 12, 'ok'],
  ])('%i of %i tasks deleted at once end a sweep %s', async (count, tasks, outcome) => {
    await mirrored(tasks);
    const gone = remote(world, connection).ids().slice(0, count);
    for (const id of gone) remote(world, connection).remove(id);
    expectOutcome(await world.walk(connection), outcome);
    expect(await world.lastRun(connection)).toMatchObject({ deleted: outcome === 'ok' ? count : 0 });
    expect(await deletedRows(connection)).toBe(outcome === 'ok' ? count : 0);
    if (outcome === 'ok') return await expectEqual(world, connection);
    expectOutcome(await world.walk(connection, { force: true }), 'ok');
    await expectEqual(world, connection);
  });

  test('many deletions at once stop a poll, the cursor waits, other changes come in, and force goes on', async () => {
    await mirrored(40);
    const before = await cursor(world, connection);
    const [first, ...others] = remote(world, connection).ids();
    for (const id of others.slice(0, 12)) remote(world, connection).remove(id);
    remote(world, connection).rename(first ?? 0, 'Renamed beside them');
    for (let times = 0; times < 2; times++) expectOutcome(await world.poll(connection), 'stopped');
    expect(await cursor(world, connection)).toBe(before);
    expect(await deletedRows(connection)).toBe(0);
    expect(await row(world, connection, first ?? 0)).toMatchObject({ name: 'Renamed beside them' });
    expect(await heldBack()).toBe(0);

    expectOutcome(await world.poll(connection, { force: true }), 'ok');
    expect(await deletedRows(connection)).toBe(12);
    await expectEqual(world, connection);
    expectOutcome(await world.poll(connection), 'ok');
  });

  test('the brake of a sweep leaves what else it healed', async () => {
    await mirrored(40);
    const [first, ...others] = remote(world, connection).ids();
    for (const id of others.slice(0, 12)) remote(world, connection).remove(id);
    remote(world, connection).rename(first ?? 0, 'Healed');
    expectOutcome(await world.walk(connection), 'stopped');
    expect(await row(world, connection, first ?? 0)).toMatchObject({ name: 'Healed' });
    expect(await world.lastRun(connection)).toMatchObject({ updated: 1 });
    expect(await heldBack()).toBe(0);
  });

  test('a task that a page skips costs one GET and nothing else', async () => {
    await mirrored(20);
    const before = await versions(world, connection);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows', count: 2 },
    });
    expectOutcome(await world.walk(connection), 'ok');
    expect(asked(connection)).toBe(2);
    expect(await versions(world, connection)).toEqual(before);
  });

  test('an absent task that the API will not speak of is not deleted, which is visible', async () => {
    await mirrored(20);
    const before = await versions(world, connection);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows', count: 2 },
    });
    for (const fault of [
      { kind: 'html', status: 404 },
      { kind: 'status', status: 400 },
      { kind: 'status', status: 404, body: { message: 'no such place' } },
      { kind: 'add-keys', keys: { id: 1, taskid: 1 } },
    ] as const) {
      const rule = world.sandbox.faults.add({ api: connection, route: single[connection], fault });
      expect(await world.walk(connection)).toMatchObject({
        outcome: 'ok',
        error: expect.stringContaining('2 tasks may be deleted, but the API would not say'),
      });
      expect(await versions(world, connection)).toEqual(before);
      world.sandbox.faults.clear(rule);
    }
  });

  test('an API in trouble ends the run: nothing is deleted, nothing is left asking', async () => {
    await mirrored(60);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.list',
      fault: { kind: 'drop-rows', count: 12 },
    });
    world.sandbox.faults.add({
      api: connection,
      route: single[connection],
      fault: { kind: 'status', status: 503 },
    });
    const asking = { now: 0, atClose: -1 };
    const worker = world.as({
      open: (...opening) => counting(world.context.open(...opening), asking),
    });
    expectOutcome(await worker.walk(connection), 'failed');
    expect(asking.atClose).toBe(0);
    expect(await deletedRows(connection)).toBe(0);
  });

  test.each(['remote', 'local'] as const)(
    'a deleted task that is there again is mirrored as it is, and no conflict is made up (%s)',
    async (policy) => {
      await mirrored(20);
      const worker = world.as({ policy });
      const id = someId(world, connection);
      const back = snapshotOf(connection, id);
      remote(world, connection).remove(id);
      expectOutcome(await worker.poll(connection), 'ok');
      expect(await row(world, connection, id)).toMatchObject({ vis_state: 1 });
      back('Back again');
      expectOutcome(await worker.walk(connection), 'ok');
      expect(await row(world, connection, id)).toMatchObject({
        vis_state: 0,
        name: 'Back again',
        sync_state: 'synced',
      });
      expect(await world.sql`select * from sync.conflicts`).toHaveLength(0);
      await expectEqual(world, connection);
    },
  );

  test('no page brings back a retired id', async () => {
    await mirrored(20);
    const id = remote(world, connection).create('Made anew elsewhere');
    await world.sql`insert into sync.retired_ids (connection, id, row_id) values (${connection}, ${id}, 1)`;
    expectOutcome(await world.poll(connection), 'ok');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await world.sql`select from ${world.sql(connection)}.tasks where id = ${id}`).toHaveLength(0);
  });
});

test('what a failed poll held back is forgotten by the next one', async () => {
  await mirrored(20);
  for (const id of remote(world, 'freshbooks').ids().slice(0, 3)) remote(world, 'freshbooks').remove(id);
  // The deleted ones are listed; then what the run needs to end fails.
  for (let i = 0; i < 150; i++)
    world.sandbox.freshbooks.people.deleteTask(remote(world, 'freshbooks').create(`${i}`));
  world.sandbox.faults.add({
    api: 'freshbooks',
    route: 'tasks.list',
    fault: { kind: 'status', status: 500 },
    skip: 2,
  });
  expectOutcome(await world.poll('freshbooks'), 'failed');
  world.sandbox.faults.clear();
  expectOutcome(await world.poll('freshbooks'), 'ok');
  expect(await heldBack()).toBe(0);
  await expectEqual(world, 'freshbooks');
});

test("Invoiced's silent deletions come with the sweep, and its events are only hints", async () => {
  await mirrored(100);
  const { people } = world.sandbox.invoiced;
  const [first, second] = [...people.tasks()];
  const gone = [
    ...people.settleCustomer(first?.customer_id ?? 0),
    ...people.removeCustomer(second?.customer_id ?? 0),
  ];
  expectOutcome(await world.poll('invoiced'), 'ok');
  expect(await deletedRows('invoiced')).toBe(0);
  expectOutcome(await world.walk('invoiced'), 'ok');
  expect(await deletedRows('invoiced')).toBe(gone.length);
  await expectEqual(world, 'invoiced');
});

test('an event without its task, and one of a task that is there, delete nothing', async () => {
  await mirrored(20);
  const { sandbox } = world;
  const there = someId(world, 'invoiced');
  sandbox.faults.add({
    api: 'invoiced',
    route: 'events.list',
    fault: {
      kind: 'extra-rows',
      rows: [
        {
          id: 1,
          timestamp: Math.floor(Date.now() / 1000),
          type: 'task.deleted',
          data: { object: { id: there } },
        },
        { id: 2, timestamp: Math.floor(Date.now() / 1000), type: 'task.deleted', data: { object: {} } },
        { id: 3, type: 'task.deleted' },
        null,
      ],
    },
  });
  expectOutcome(await world.poll('invoiced'), 'ok');
  expect(asked('invoiced')).toBe(1);
  expect(await deletedRows('invoiced')).toBe(0);
});

describe('FreshBooks', () => {
  const searches = ['honoured', 'ignored', 'alone'] as const;
  const singles = [
    { getDeleted: 'task' },
    { getDeleted: 'error', deletedStatus: 404 },
    { getDeleted: 'error', deletedStatus: 422 },
  ] as const;
  const cases = searches.flatMap((searchVisState) =>
    singles.map((single) => ({ searchVisState, ...single })),
  );
  test.each(cases)('deletes, restores and archives under %o', async (options) => {
    await mirrored(40, options);
    const { people } = world.sandbox.freshbooks;
    const hidden = options.searchVisState === 'ignored';
    const [deleted = 0, archived = 0, restored = 0, kept = 0] = remote(world, 'freshbooks').ids();
    people.deleteTask(deleted);
    people.archiveTask(archived);
    people.deleteTask(restored);
    people.editTask(kept, { name: 'Kept' });
    expectOutcome(await world.poll('freshbooks'), 'ok');
    expectOutcome(await world.walk('freshbooks'), 'ok');
    await expectEqual(world, 'freshbooks', { hidden });
    expect(await row(world, 'freshbooks', deleted)).toMatchObject({ vis_state: 1, raw: { vis_state: 1 } });
    expect(await row(world, 'freshbooks', archived)).toMatchObject({ vis_state: 2 });

    people.restoreTask(restored);
    people.deleteTask(archived);
    expectOutcome(await world.poll('freshbooks'), 'ok');
    expectOutcome(await world.walk('freshbooks'), 'ok');
    await expectEqual(world, 'freshbooks', { hidden });
    expect(await row(world, 'freshbooks', restored)).toMatchObject({ vis_state: 0 });
    expect(await row(world, 'freshbooks', archived)).toMatchObject({ vis_state: 1 });
  });

  test('a deleted task that is refused by itself and skipped by the lists is found among the deleted ones', async () => {
    await mirrored(20, { getDeleted: 'error' });
    const id = someId(world, 'freshbooks');
    remote(world, 'freshbooks').remove(id);
    // The first listing is of active tasks, the second of deleted ones.
    world.sandbox.faults.add({
      api: 'freshbooks',
      route: 'tasks.list',
      fault: { kind: 'drop-rows' },
      skip: 1,
      times: 1,
    });
    expectOutcome(await world.walk('freshbooks'), 'ok');
    expect(asked('freshbooks')).toBe(1);
    await expectEqual(world, 'freshbooks');
  });

  test('an account that answers 404 for everything it is asked for by id deletes nothing', async () => {
    await mirrored(20);
    const { faults } = world.sandbox;
    faults.add({ api: 'freshbooks', route: 'tasks.list', fault: { kind: 'drop-rows', count: 3 } });
    faults.add({ api: 'freshbooks', route: 'tasks.read', fault: { kind: 'status', status: 404 } });
    expect(await world.walk('freshbooks')).toMatchObject({
      outcome: 'ok',
      error: expect.stringContaining('3 tasks may be deleted, but the API would not say'),
    });
    expect(await deletedRows('freshbooks')).toBe(0);
  });

  test('tasks that were deleted before the first read are mirrored as deleted', async () => {
    world = await openWorld();
    world.sandbox.freshbooks.people.seed({ count: 150, deleted: 0.8, archived: 0.1 });
    expectOutcome(await world.walk('freshbooks'), 'ok');
    await expectEqual(world, 'freshbooks');
    expect(await world.lastRun('freshbooks')).toMatchObject({ inserted: 150, deleted: 0 });
  });
});

/** How many requests asked for one task. */
function asked(connection: Connection): number {
  return world.sandbox.log.count({ api: connection, route: single[connection] });
}

async function deletedRows(connection: Connection): Promise<number> {
  const { sql } = world;
  const [found] = await sql`select count(*)::int as count from ${sql(connection)}.tasks where vis_state = 1`;
  return found?.['count'];
}

async function heldBack(): Promise<number> {
  const [found] = await world.sql`select count(*)::int as count from sync.held_deletions`;
  return found?.['count'];
}

/** What brings a deleted task back under its id, with another name. */
function snapshotOf(connection: Connection, id: number): (name: string) => void {
  const { sandbox } = world;
  const before = sandbox.snapshot();
  return (name) => {
    if (connection === 'freshbooks') sandbox.freshbooks.people.restoreTask(id);
    else sandbox.restore(before);
    remote(world, connection).rename(id, name);
  };
}

interface Asking {
  now: number;
  atClose: number;
}

function counting(client: SourceClient, asking: Asking): SourceClient {
  return {
    ...client,
    read: async (...asked) => {
      asking.now += 1;
      try {
        return await client.read(...asked);
      } finally {
        asking.now -= 1;
      }
    },
    close: () => {
      asking.atClose = asking.now;
      return client.close();
    },
  };
}

test("an API that won't tell of deletions holds up nothing else, and the run says so", async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 3 } } });
  await world.walk('invoiced');
  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'events.list',
    fault: { kind: 'status', status: 403 },
  });
  world.sandbox.invoiced.people.create({ name: 'new' });
  const before = await cursor(world, 'invoiced');
  expectOutcome(await world.poll('invoiced'), 'ok');
  await expectEqual(world, 'invoiced');
  expect(await cursor(world, 'invoiced')).not.toBe(before);
  expect((await world.lastRun('invoiced'))['error']).toContain('found by the sweep only');
  const [told] = await world.sql`select problem from sync.connections where name = 'invoiced'`;
  expect(told?.['problem']).toBeNull();
});
