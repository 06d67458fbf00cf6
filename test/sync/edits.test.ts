import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConflictPolicy } from '../../src/fields.js';
import type { Database } from '../../src/mirror/database.js';
import { expectEqual } from './equality.js';
import { remote, row, someId, versions } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 30 }, freshbooks: { tasks: 30 } } });
});
afterEach(() => world.close());

/** A second writable column of each source, with a value that nobody gives but these tests. */
const other = {
  invoiced: { column: 'user_id', value: 4711, shown: '4711' },
  freshbooks: { column: 'description', value: 'Typed here', shown: 'Typed here' },
} as const;

describe.each(connections)('%s', (connection) => {
  test('a pending edit of another field survives polls and sweeps, and both changes stand', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    await edit(connection, id, other[connection]);
    remote(world, connection).rename(id, 'Renamed there');
    for (const work of [world.poll, world.walk, world.poll]) {
      expectOutcome(await work(connection), 'ok');
      expect(await row(world, connection, id)).toMatchObject({
        name: 'Renamed there',
        [other[connection].column]: other[connection].shown,
        sync_state: 'pending',
      });
    }
    expect(await conflicts()).toEqual([]);
  });

  test('an edit that commits between the read and the write of a page is kept', async () => {
    await world.walk(connection);
    const [id, beside] = [someId(world, connection, 0), someId(world, connection, 1)];
    remote(world, connection).rename(id, 'Renamed there');
    remote(world, connection).rename(beside, 'Renamed beside it');
    const db = beforeFirstWrite(world.db, () => edit(connection, id, other[connection]));
    expectOutcome(await world.as({ db }).poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({
      name: 'Renamed there',
      [other[connection].column]: other[connection].shown,
      sync_state: 'pending',
    });
    expect(await row(world, connection, beside)).toMatchObject({ name: 'Renamed beside it' });
    expect(await world.lastRun(connection)).toMatchObject({ updated: 2, conflicts: 0 });
  });

  test('an edit of the same field that commits between read and write is journalled, not lost', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    const before = await row(world, connection, id);
    remote(world, connection).rename(id, 'Renamed there');
    const db = beforeFirstWrite(world.db, () =>
      edit(connection, id, { column: 'name', value: 'Renamed here' }),
    );
    expectOutcome(await world.as({ db }).poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'Renamed there', sync_state: 'synced' });
    expect(await conflicts()).toMatchObject([
      {
        field: 'name',
        base: before['name'],
        local: 'Renamed here',
        remote: 'Renamed there',
        winner: 'remote',
      },
    ]);
  });

  test('an edit that went back, after a page was read that is merged later, still meets what comes next', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    const { name } = await row(world, connection, id);
    await edit(connection, id, { column: 'name', value: 'Renamed here' });
    touch(connection, id);
    const db = beforeFirstWrite(world.db, () => edit(connection, id, { column: 'name', value: name }));
    expectOutcome(await world.as({ db }).poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ sync_state: 'pending', edited_again: ['name'] });
    remote(world, connection).rename(id, 'Renamed there');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'Renamed there', sync_state: 'synced' });
    expect(await conflicts()).toMatchObject([
      { field: 'name', base: name, local: name, remote: 'Renamed there', winner: 'remote' },
    ]);
  });

  test('an edit that the API was seen to hold since is no party to what it is changed to later', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    const { name } = await row(world, connection, id);
    for (const value of ['Renamed here', name]) await edit(connection, id, { column: 'name', value });
    await edit(connection, id, other[connection]);
    touch(connection, id);
    expectOutcome(await world.poll(connection), 'ok');
    remote(world, connection).rename(id, 'Renamed there');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({ name: 'Renamed there' });
    expect((await conflicts()).filter((each) => (each as { field: string }).field === 'name')).toEqual([]);
  });

  test('a row that is edited all the time is left for the next run', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    remote(world, connection).rename(id, 'Renamed there');
    let edits = 0;
    const db: Database = {
      ...world.db,
      transaction: async (work) => {
        edits += 1;
        await edit(connection, id, { ...other[connection], value: nth(connection, edits) });
        return world.db.transaction(work);
      },
    };
    expect(await world.as({ db }).poll(connection)).toMatchObject({
      outcome: 'ok',
      error: expect.stringContaining('held by another transaction'),
    });
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({
      name: 'Renamed there',
      [other[connection].column]: String(nth(connection, edits)),
    });
  });

  const sides: readonly (readonly [ConflictPolicy, 'there' | 'here', 'here' | 'there'])[] = [
    ['remote', 'there', 'there'],
    ['remote', 'here', 'there'],
    ['local', 'there', 'here'],
    ['newest', 'there', 'there'],
    ['newest', 'here', 'here'],
  ];
  test.each(sides)(
    'policy %s, last edited %s: %s wins, and the loser is journalled once',
    async (policy, last, winner) => {
      await world.walk(connection);
      const worker = world.as({ policy });
      const id = someId(world, connection);
      const before = await row(world, connection, id);
      world.sandbox.clock.advance(last === 'there' ? 60_000 : -60_000);
      // Whoever was last, the API's clock is right when it answers.
      remote(world, connection).rename(id, 'Renamed there');
      world.sandbox.clock.advance(last === 'there' ? -60_000 : 60_000);
      await edit(connection, id, { column: 'name', value: 'Renamed here' });
      for (const work of [worker.poll, worker.walk, worker.poll]) expectOutcome(await work(connection), 'ok');
      expect(await row(world, connection, id)).toMatchObject({
        name: `Renamed ${winner}`,
        sync_state: winner === 'here' ? 'pending' : 'synced',
      });
      expect(await conflicts()).toMatchObject([
        {
          field: 'name',
          base: before['name'],
          local: 'Renamed here',
          remote: 'Renamed there',
          winner: winner === 'here' ? 'local' : 'remote',
        },
      ]);
    },
  );

  test('keys that an answer leaves out blank no column and are no edit', async () => {
    await world.walk(connection);
    const [edited, untouched] = [someId(world, connection, 0), someId(world, connection, 1)];
    await edit(connection, edited, other[connection]);
    remote(world, connection).rename(untouched, 'Renamed there');
    expectOutcome(await world.poll(connection), 'ok');
    const before = await versions(world, connection);
    const keys =
      connection === 'invoiced'
        ? ['name', 'action', 'customer_id', 'user_id', 'due_date', 'complete', 'created_at', 'updated_at']
        : [
            'name',
            'tname',
            'description',
            'tdesc',
            'rate.code',
            'billable',
            'tax1',
            'tax2',
            'vis_state',
            'updated',
          ];
    world.sandbox.faults.add({ api: connection, route: '*', fault: { kind: 'omit-keys', keys } });
    expectOutcome(await world.poll(connection), 'ok');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await versions(world, connection)).toEqual(before);
    expect(await conflicts()).toEqual([]);
  });

  test('a task first seen without some keys gets them when they come', async () => {
    const keys =
      connection === 'invoiced' ? ['user_id', 'complete'] : ['description', 'tdesc', 'tax1', 'rate'];
    world.sandbox.faults.add({ api: connection, route: '*', fault: { kind: 'omit-keys', keys } });
    expectOutcome(await world.walk(connection), 'ok');
    world.sandbox.faults.clear();
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('a sweep makes pending what changed while the triggers were off', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    await unnoticed(connection, id, 'Slipped in');
    expect(await row(world, connection, id)).toMatchObject({ sync_state: 'synced' });
    expectOutcome(await world.walk(connection), 'ok');
    const swept = await row(world, connection, id);
    expect(swept).toMatchObject({ name: 'Slipped in', sync_state: 'pending' });
    expect(swept['edited_at']).toBeInstanceOf(Date);
  });

  test('an edit that was refused stays so when another field changes at the API, and ends when the API has it', async () => {
    await world.walk(connection);
    const id = someId(world, connection);
    await edit(connection, id, { column: 'name', value: 'Wanted here' });
    await asWorker(
      (tx) =>
        tx`update ${tx(connection)}.tasks set sync_state = 'failed', sync_error = 'no such name' where id = ${id}`,
    );
    touch(connection, id);
    expectOutcome(await world.poll(connection), 'ok');
    const failed = { name: 'Wanted here', sync_state: 'failed', sync_error: 'no such name' };
    expect(await row(world, connection, id)).toMatchObject(failed);
    expectOutcome(await world.walk(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject(failed);

    remote(world, connection).rename(id, 'Wanted here');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await row(world, connection, id)).toMatchObject({
      sync_state: 'synced',
      sync_error: null,
      edited_at: null,
    });
    await expectEqual(world, connection);
  });

  test('an edit meets a delete at the API: the policy decides, but never against one for good', async () => {
    await world.walk(connection);
    for (const [index, policy] of (['remote', 'local'] as const).entries()) {
      const worker = world.as({ policy });
      const id = someId(world, connection);
      await edit(connection, id, { column: 'name', value: 'Edited here' });
      remote(world, connection).remove(id);
      for (const work of [worker.poll, worker.walk, worker.poll]) expectOutcome(await work(connection), 'ok');
      const kept = policy === 'local' && connection === 'freshbooks';
      expect(await row(world, connection, id)).toMatchObject(
        kept
          ? { vis_state: 0, name: 'Edited here', sync_state: 'pending' }
          : { vis_state: 1, sync_state: 'synced' },
      );
      const journal = await conflicts();
      expect(journal).toHaveLength(index + 1);
      expect(journal.at(-1)).toMatchObject(
        kept
          ? { field: 'vis_state', winner: 'local' }
          : { field: 'name', local: 'Edited here', winner: 'remote' },
      );
    }
  });
});

async function edit(
  connection: Connection,
  id: number,
  { column, value }: { readonly column: string; readonly value: string | number },
): Promise<void> {
  const { sql } = world;
  await sql`update ${sql(connection)}.tasks set ${sql({ [column]: value })} where id = ${id}`;
}

/** Changes a row as if capture had been switched off. */
async function unnoticed(connection: Connection, id: number, name: string): Promise<void> {
  await asWorker((tx) => tx`update ${tx(connection)}.tasks set name = ${name} where id = ${id}`);
}

async function asWorker(work: (tx: World['sql']) => PromiseLike<unknown>): Promise<void> {
  await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await work(tx as unknown as World['sql']);
  });
}

/** The database as a run sees it, with something that happens right before the run's first write of rows. */
function beforeFirstWrite(db: Database, act: () => Promise<void>): Database {
  let transactions = 0;
  return {
    ...db,
    transaction: async (work) => {
      transactions += 1;
      // The first one begins the run.
      if (transactions === 2) await act();
      return db.transaction(work);
    },
  };
}

const nth = (connection: Connection, number: number): string | number =>
  connection === 'invoiced' ? 5000 + number : `Edit ${number}`;

/** A change at the API of a field that no edit here is about. */
function touch(connection: Connection, id: number): void {
  const { invoiced, freshbooks } = world.sandbox;
  if (connection === 'invoiced') invoiced.people.edit(id, { user_id: 99 });
  else freshbooks.people.editTask(id, { description: 'Touched there' });
}

async function conflicts(): Promise<readonly unknown[]> {
  return world.sql`select * from sync.conflicts order by conflict_id`;
}
