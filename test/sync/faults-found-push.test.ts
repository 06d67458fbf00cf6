import { afterEach, describe, expect, test } from 'vitest';
import { approveDeletes } from '../../src/mirror/pending.js';
import { until } from '../servers/index.js';
import { atRest } from './at-rest.js';
import { gated } from './gated.js';
import { remote, row, someId } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

/** Faults that were once found in pushing. Each of these was red then. */
let world: World;
async function mirrored(tasks = 30): Promise<void> {
  world = await openWorld({ sandbox: { invoiced: { tasks }, freshbooks: { tasks } } });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
}
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  const table = () => world.sql(`${connection}.tasks`);
  const rename = (id: number, name: string) =>
    world.sql`update ${table()} set name = ${name} where id = ${id}`;
  const ids = () => remote(world, connection).ids();

  test('deletes that are made while a push is under way are judged too, and wait for a person', async () => {
    await mirrored();
    await rename(someId(world, connection), 'Edited');
    const worker = gated(world, 'read', 'before');
    const pushing = worker.push(connection);
    await worker.reached();
    await world.sql`delete from ${table()}`;
    worker.open();
    await pushing;
    await atRest(world, connection);
    expect(await world.lastRun(connection)).toMatchObject({ kind: 'push', outcome: 'stopped' });
    expect(ids()).toHaveLength(30);
  });

  test('edits that a push has taken up delete nothing when their rows are deleted meanwhile', async () => {
    await mirrored();
    await world.sql`update ${table()} set name = name || '!'`;
    const worker = gated(world, 'send', 'before');
    const pushing = worker.push(connection);
    await worker.reached();
    await world.sql`delete from ${table()}`;
    worker.open();
    await pushing;
    await atRest(world, connection);
    expect(await world.lastRun(connection)).toMatchObject({ kind: 'push', outcome: 'stopped' });
    expect(ids()).toHaveLength(30);
  });

  test('an edit at the API is seen though the look before the write leaves the field out', async () => {
    await mirrored();
    const id = someId(world, connection);
    remote(world, connection).rename(id, 'Theirs');
    await rename(id, 'Ours');
    const fault = { kind: 'omit-keys' as const, keys: ['name', 'tname'] };
    world.sandbox.faults.add({ api: connection, route: 'tasks.get', times: 1, fault });
    await atRest(world, connection);
    expect(await world.sql`select local, remote, winner from sync.conflicts where field = 'name'`).toEqual([
      { local: 'Ours', remote: 'Theirs', winner: 'remote' },
    ]);
  });

  test('deletes that wait for a person leave no run at each look', async () => {
    await mirrored();
    await world.sql`delete from ${table()}`;
    expectOutcome(await world.push(connection), 'stopped');
    for (let looks = 0; looks < 2; looks++) {
      expect(await world.push(connection)).toEqual({
        state: 'skipped',
        reason: 'its deletes wait for a person',
      });
    }
    expect(await world.sql`select from sync.runs where kind = 'push'`).toHaveLength(1);
  });

  test('an edit is sent though it waits behind more held deletes than are looked up at once', async () => {
    await mirrored(120);
    const id = someId(world, connection);
    await world.sql`delete from ${table()} where id <> ${id}`;
    await rename(id, 'Behind them all');
    await world.push(connection);
    await atRest(world, connection);
    expect(await row(world, connection, id)).toMatchObject({ name: 'Behind them all', sync_state: 'synced' });
    expect(ids()).toHaveLength(120);
    expect(await world.sql`select from sync.runs where kind = 'push'`).toHaveLength(1);
  });

  test('a forced poll approves no deletes by itself', async () => {
    await mirrored();
    await world.sql`delete from ${table()}`;
    expectOutcome(await world.poll(connection, { force: true }), 'ok');
    expectOutcome(await world.push(connection), 'stopped');
    expect(ids()).toHaveLength(30);
  });

  test('an approval lets no deletes pass that are made after it', async () => {
    await mirrored();
    await world.sql`delete from ${table()} where id = ${someId(world, connection)}`;
    await approveDeletes(world.db, connection);
    await world.sql`delete from ${table()} where vis_state = 0`;
    expectOutcome(await world.push(connection), 'stopped');
    expect(ids()).toHaveLength(30);
    await approveDeletes(world.db, connection);
    expectOutcome(await world.push(connection), 'ok');
    expect(ids()).toHaveLength(0);
  });

  test('a row whose write hangs holds up no edit that is made meanwhile, nor the next one of the same row', async () => {
    await mirrored();
    const [slow, quick] = [someId(world, connection, 0), someId(world, connection, 1)];
    await rename(slow, 'Slow');
    const worker = gated(world, 'send', 'before', 1);
    const pushing = worker.push(connection);
    await worker.reached();
    for (const name of ['First', 'Second']) {
      await rename(quick, name);
      await until(`${name} is at the API`, () => nameAtApi(connection, quick) === name);
    }
    expect(nameAtApi(connection, slow)).not.toBe('Slow');
    worker.open();
    await pushing;
    await atRest(world, connection);
    expect(nameAtApi(connection, slow)).toBe('Slow');
  });

  test('a write that never arrived is forgotten once the API was seen, whatever people enter there later', async () => {
    await mirrored();
    const id = someId(world, connection);
    const there = (name: string) => remote(world, connection).rename(id, name);
    await rename(id, 'Ours');
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      fault: { kind: 'reset', when: 'before' },
    });
    await world.send(connection);
    world.sandbox.faults.clear();
    there('Theirs');
    await world.poll(connection);
    await atRest(world, connection);
    expect(await world.sql`select local, remote from sync.conflicts`).toEqual([
      { local: 'Ours', remote: 'Theirs' },
    ]);
    expect(await world.sql`select from sync.writes where settled_at is null`).toHaveLength(0);

    there('Ours');
    await world.poll(connection);
    await atRest(world, connection);
    expect(nameAtApi(connection, id)).toBe('Ours');
    expect(await row(world, connection, id)).toMatchObject({ name: 'Ours', sync_state: 'synced' });
    expect(await world.sql`select from sync.conflicts`).toHaveLength(1);
  });

  test('a create that another worker has settled is not opened again when its sender comes back', async () => {
    await mirrored();
    const rowId = await insert(connection, 'Only once');
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.create',
      fault: { kind: 'reset', when: 'after' },
    });
    const sender = gated(world, 'send', 'after');
    const sending = sender.push(connection);
    await sender.reached();
    world.sandbox.faults.clear();
    // It stands still with the loss of its answer; its lease ends, and another one takes over.
    await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second' where kind = 'push'`;
    await atRest(world, connection);
    const settled = () => world.sql`select outcome from sync.writes where settled_at is not null`;
    expect(await settled()).toEqual([{ outcome: 'ok' }]);
    sender.open();
    await sending;
    expect(await settled()).toEqual([{ outcome: 'ok' }]);
    await world.sql`update ${table()} set name = 'Renamed' where row_id = ${rowId}`;
    await atRest(world, connection);
    expect(ids()).toHaveLength(31);
    expect(namesAtApi(connection)).toContain('Renamed');
  });

  test('an answer that comes late, and whose task can not be looked at again, loses neither edit', async () => {
    await mirrored();
    const id = someId(world, connection);
    await rename(id, 'Ours');
    const sender = gated(world, 'send', 'after');
    const sending = sender.push(connection);
    await sender.reached();
    // A poll writes the row from a later look, with a change of another field.
    const { invoiced, freshbooks } = world.sandbox;
    if (connection === 'invoiced') invoiced.people.edit(id, { action: 'letter' });
    else freshbooks.people.editTask(id, { description: 'Theirs' });
    await world.poll(connection);
    const single = connection === 'invoiced' ? 'tasks.get' : 'tasks.read';
    world.sandbox.faults.add({ api: connection, route: single, fault: { kind: 'status', status: 401 } });
    sender.open();
    await sending;
    // Not refused: it was done.
    expect(await world.sql`select from sync.writes where outcome = 'refused'`).toHaveLength(0);
    expect(await row(world, connection, id)).not.toMatchObject({ sync_state: 'failed' });
    world.sandbox.faults.clear();
    await atRest(world, connection);
    const theirs = connection === 'invoiced' ? { action: 'letter' } : { description: 'Theirs' };
    expect(await row(world, connection, id)).toMatchObject({ name: 'Ours', sync_state: 'synced', ...theirs });
    expect(task(connection, id)).toMatchObject({ name: 'Ours', ...theirs });
    expect(await world.sql`select from sync.conflicts`).toHaveLength(0);
  });

  test('what stops the pushes stays to be seen while the polls go well, until a push goes well', async () => {
    await mirrored();
    await rename(someId(world, connection), 'Edited');
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      fault: { kind: 'status', status: 403 },
    });
    const problem = async () =>
      (await world.sql`select problem from sync.connections where name = ${connection}`)[0]?.['problem'];
    await world.push(connection);
    const told = await problem();
    expect(told).toContain('403');
    expectOutcome(await world.poll(connection), 'ok');
    expect(await problem()).toBe(told);
    world.sandbox.faults.clear();
    await atRest(world, connection);
    expect(await problem()).toBeNull();
  });

  test.each([
    ['an hour behind', 'there', -3_600_000],
    ['an hour behind', 'here', -3_600_000],
    ['an hour ahead', 'there', 3_600_000],
    ['an hour ahead', 'here', 3_600_000],
  ] as const)(
    "under newest, with the API's clock %s, a push lets the edit made later %s win",
    async (_, last, ahead) => {
      await mirrored();
      const id = someId(world, connection);
      const { clock } = world.sandbox;
      // Ten seconds before or after ours, and a clock that is as wrong again when it answers.
      const apart = last === 'there' ? 10_000 : -10_000;
      clock.advance(ahead + apart);
      remote(world, connection).rename(id, 'Edited there');
      clock.advance(-apart);
      await rename(id, 'Edited here');
      const worker = world.as({ policy: 'newest' });
      await atRest({ ...world, ...worker }, connection);
      expect(nameAtApi(connection, id)).toBe(`Edited ${last}`);
      expect(await row(world, connection, id)).toMatchObject({ name: `Edited ${last}` });
    },
  );
});

test('a restore is not forgotten when a sweep finds the former task gone', async () => {
  await mirrored();
  const id = someId(world, 'invoiced');
  const { name, row_id } = await row(world, 'invoiced', id);
  world.sandbox.invoiced.options.eventLoss = 1;
  world.sandbox.invoiced.people.remove(id);
  const sweeper = gated(world, 'read', 'before');
  const sweeping = sweeper.walk('invoiced');
  await sweeper.reached();
  // Meanwhile a push learns that it is gone, and a person wants it back.
  await world.sql`delete from invoiced.tasks where row_id = ${row_id}`;
  await world.push('invoiced');
  expect(await row(world, 'invoiced', id)).toMatchObject({ raw: null, vis_state: 1, sync_state: 'synced' });
  await world.sql`update invoiced.tasks set vis_state = 0 where row_id = ${row_id}`;
  sweeper.open();
  expectOutcome(await sweeping, 'ok');
  expect(await row(world, 'invoiced', id)).toMatchObject({ vis_state: 0, sync_state: 'pending' });
  await atRest(world, 'invoiced');
  expect(namesAtApi('invoiced')).toContain(name);
});

async function insert(connection: Connection, name: string): Promise<string> {
  const [made] =
    connection === 'invoiced'
      ? await world.sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
      : await world.sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
  return String(made?.['row_id']);
}

function task(connection: Connection, id: number) {
  const { invoiced, freshbooks } = world.sandbox;
  return connection === 'invoiced' ? invoiced.people.task(id) : freshbooks.people.task(id);
}

const nameAtApi = (connection: Connection, id: number) => task(connection, id)?.name;
const namesAtApi = (connection: Connection) =>
  [...world.sandbox[connection].people.tasks()].map(({ name }) => name);
