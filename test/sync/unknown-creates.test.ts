import { afterEach, describe, expect, test } from 'vitest';
import { sources } from '../../src/sources/index.js';
import { type Decision, decideCreate } from '../../src/sync/decide.js';
import { atRest } from './at-rest.js';
import { remote, someId } from './remote.js';
import {
  type Connection,
  connections,
  expectOutcome,
  openWorld,
  type World,
  type WorldOptions,
} from './world.js';

/** What becomes of a create of which nobody knows whether it arrived, when people go on working at the API before it is looked for. */
let world: World;
afterEach(() => world.close());

async function mirrored(options: WorldOptions = {}): Promise<void> {
  probes = 0;
  world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } }, ...options });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
}

const LOST = 'after';
const NEVER_CAME = 'before';

describe.each(connections)('%s', (connection) => {
  test('a task that people have changed altogether is not made again: a person says which it is', async () => {
    await mirrored();
    const [row] = await attempted(connection, LOST, 'Ours');
    const id = newest(connection);
    change(connection, id, 'Theirs');
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'failed',
      id: null,
      sync_error: naming(id),
    });
    expect(made(connection)).toBe(1);

    await decided(row, { adopt: id });
    await atRest(world, connection);
    expect(made(connection)).toBe(1);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'synced',
      id: String(id),
      name: 'Theirs',
    });
    await world.walk(connection);
    expect(await rows(connection)).toBe(6);
  });

  test('another new task, however different, is named too, and the person may say that it is none', async () => {
    await mirrored();
    const [row] = await attempted(connection, NEVER_CAME, 'Ours');
    const other = remote(world, connection).create('Something else entirely');
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'failed', sync_error: naming(other) });
    await decided(row, 'create');
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', name: 'Ours' });
    expect(made(connection)).toBe(2);
  });

  test('an outage in the middle of many inserts needs no person: what was made is adopted, the rest is made', async () => {
    await mirrored();
    const inserted: string[] = [];
    for (let i = 0; i < 24; i++) inserted.push(await insert(connection, `Insert ${i}`));
    // Every other answer is lost, every third request never comes.
    for (const [skip, when] of [
      [2, LOST],
      [3, NEVER_CAME],
    ] as const)
      for (let i = 0; i < 4; i++) strike(connection, when, skip + i * 2);
    await atRest(world, connection);
    expect(made(connection)).toBe(24);
    for (const [i, row] of inserted.entries())
      expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', name: `Insert ${i}` });
    expect(await world.sql`select from sync.writes where outcome = 'unknown'`).not.toHaveLength(0);
  });

  test('a task that was given the content of another create, which was made too, is nobody’s until a person says so', async () => {
    await mirrored();
    for (const skip of [0, 0]) strike(connection, LOST, skip);
    const first = await insert(connection, 'First');
    const second = await insert(connection, 'Second');
    await world.send(connection);
    world.sandbox.faults.clear();
    const [edited, untouched] = [idOf(connection, 'First'), idOf(connection, 'Second')];
    remote(world, connection).rename(edited, 'Second');
    await atRest(world, connection);
    for (const row of [first, second]) {
      const { sync_state, sync_error } = await rowOf(connection, row);
      expect(sync_state).toBe('failed');
      expect(sync_error).toEqual(naming(edited));
      expect(sync_error).toEqual(naming(untouched));
    }
    await decided(first, { adopt: edited });
    await decided(second, { adopt: untouched });
    await atRest(world, connection);
    expect(made(connection)).toBe(2);
    await world.walk(connection);
    expect(await rows(connection)).toBe(7);
  });

  test('where that other one was never made, each row ends with one task', async () => {
    await mirrored();
    const first = await insert(connection, 'First');
    const second = await insert(connection, 'Second');
    // They go at once, in either order: what comes is the first's.
    world.sandbox.faults.add({ ...create(connection), times: 2, fault: { kind: 'reset', when: 'before' } });
    await world.send(connection);
    world.sandbox.faults.clear();
    const { people } = world.sandbox.invoiced;
    const edited =
      connection === 'invoiced'
        ? people.create({ name: 'First', action: 'phone', due_date: Date.parse('2026-12-01Z') / 1000 }).id
        : remote(world, connection).create('First');
    remote(world, connection).rename(edited, 'Second');
    await atRest(world, connection);
    expect(await rowOf(connection, second)).toMatchObject({ id: String(edited), sync_state: 'synced' });
    expect(await rowOf(connection, first)).toMatchObject({ name: 'First', sync_state: 'synced' });
    expect(made(connection)).toBe(2);
  });

  test('what a create that is still on its way has made is not taken for another’s', async () => {
    await mirrored();
    const [lost] = await attempted(connection, NEVER_CAME, 'Never came');
    const other = await insert(connection, 'On its way');
    world.sandbox.faults.add({
      ...create(connection),
      fault: { kind: 'slow', milliseconds: 600, when: 'after' },
    });
    await atRest(world, connection);
    for (const row of [lost, other])
      expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced' });
    expect(made(connection)).toBe(2);
  });

  test('nor what one has made that was sent after the look had begun', async () => {
    await mirrored();
    const [lost] = await attempted(connection, NEVER_CAME, 'Never came');
    await finished();
    const others: string[] = [];
    for (let i = 0; i < 16; i++) others.push(await insert(connection, `Sent meanwhile ${i}`));
    const slow = (when: 'before' | 'after', milliseconds: number) =>
      ({ kind: 'slow', when, milliseconds }) as const;
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: slow('before', 400) });
    world.sandbox.faults.add({ ...create(connection), times: 16, fault: slow('after', 300) });
    await atRest(world, connection);
    for (const row of [lost, ...others])
      expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced' });
    expect(made(connection)).toBe(17);
  });

  test('a task that came up after the API must have finished is not it', async () => {
    await mirrored();
    const [row] = await attempted(connection, NEVER_CAME, 'Ours');
    await finished();
    if (connection === 'freshbooks') expectOutcome(await world.poll(connection), 'ok');
    else await world.sql`update sync.writes set sent_at = sent_at - interval '1 hour'`;
    remote(world, connection).create('Made much later');
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', name: 'Ours' });
    expect(made(connection)).toBe(2);
  });

  test.each([-7_200_000, 7_200_000])(
    'nor is one that was there before, with the API’s clock %i ms off',
    async (off) => {
      await mirrored();
      const { clock } = world.sandbox;
      clock.advance(off - 86_400_000);
      remote(world, connection).create('Made the day before');
      clock.advance(86_400_000);
      const [row] = await attempted(connection, NEVER_CAME, 'Ours');
      await atRest(world, connection);
      expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', name: 'Ours' });
      // And its own is known all the same.
      const [other] = await attempted(connection, LOST, 'Lost');
      const id = newest(connection);
      change(connection, id, 'Theirs');
      await atRest(world, connection);
      expect(await rowOf(connection, other)).toMatchObject({ sync_state: 'failed', sync_error: naming(id) });
    },
  );

  test('in the hour of the autumn that comes twice, its own task is known though it reads an hour early', async () => {
    await mirrored();
    const { clock } = world.sandbox;
    // 01:30 for the second time, in Chicago or in New York.
    const again = Date.parse(connection === 'invoiced' ? '2026-11-01T07:30:00Z' : '2026-11-01T06:30:00Z');
    clock.advance(again - clock.now());
    const [row] = await attempted(connection, LOST, 'Ours');
    const id = newest(connection);
    change(connection, id, 'Theirs');
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'failed', sync_error: naming(id) });
    expect(made(connection)).toBe(1);
  });

  test('a row that is deleted while its task, much changed, is deleted too, is really deleted', async () => {
    await mirrored();
    const [row] = await attempted(connection, LOST, 'Ours');
    const id = newest(connection);
    change(connection, id, 'Theirs');
    await world.poll(connection);
    remote(world, connection).remove(id);
    await world.poll(connection);
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'failed',
      sync_error: expect.stringMatching(`deleted at the API since: ${id} .*delete the row`),
    });
    await world.sql`delete from ${table(connection)} where row_id = ${row}`;
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toEqual({});
    expect(made(connection)).toBe(1);
  });

  test('a row for which a person has said to make it, and which is deleted then, is not made', async () => {
    await mirrored();
    const [row] = await attempted(connection, NEVER_CAME, 'Ours');
    remote(world, connection).create('Something else');
    await atRest(world, connection);
    await decided(row, 'create');
    await world.sql`delete from ${table(connection)} where row_id = ${row}`;
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toEqual({});
    expect(made(connection)).toBe(1);
  });

  test('one that a list leaves out, though it is counted there, is not made again', async () => {
    await mirrored();
    world.sandbox.invoiced.options.idempotency = 'ignored';
    const [row] = await attempted(connection, LOST, 'Ours');
    const id = newest(connection);
    world.sandbox.faults.clear();
    await finished();
    world.sandbox.faults.add({ ...list(connection), fault: { kind: 'drop-rows', count: 9 } });
    await world.push(connection);
    const short = { id: null, sync_error: expect.stringMatching(/counts more tasks than it lists/) };
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'pending', ...short });

    // It goes on for five minutes.
    await world.sql`update sync.writes set sent_at = sent_at - interval '6 minutes' where row_id = ${row}`;
    await due(connection);
    await world.push(connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'failed', ...short });

    await world.sql`update sync.writes set sent_at = sent_at + interval '6 minutes' where row_id = ${row}`;
    await world.sql`delete from ${table(connection)} where row_id = ${row}`;
    await world.push(connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'pending', ...short });

    world.sandbox.faults.clear();
    await due(connection);
    await atRest(world, connection);
    expect(made(connection)).toBe(1);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'synced',
      id: String(id),
      vis_state: 1,
    });
  });

  test('a new task whose id can not be read is a candidate as well', async () => {
    await mirrored();
    const [row] = await attempted(connection, LOST, 'Ours');
    world.sandbox[connection].people.mangle(newest(connection), { id: 'none', taskid: 'none' });
    await atRest(world, connection);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'failed',
      sync_error: expect.stringContaining('none ('),
    });
    expect(made(connection)).toBe(1);
  });
});

test('a task that people at FreshBooks delete before it is looked for takes its row along', async () => {
  await mirrored();
  const [row] = await attempted('freshbooks', LOST, 'Ours');
  const id = newest('freshbooks');
  remote(world, 'freshbooks').remove(id);
  await atRest(world, 'freshbooks');
  expect(await rowOf('freshbooks', row)).toMatchObject({
    id: String(id),
    vis_state: 1,
    sync_state: 'synced',
  });
  expect(made('freshbooks')).toBe(1);
});

test('one that is gone from Invoiced before anybody saw it is known by its event', async () => {
  await mirrored();
  const [row] = await attempted('invoiced', LOST, 'Ours');
  const id = newest('invoiced');
  world.sandbox.invoiced.people.remove(id);
  await atRest(world, 'invoiced');
  expect(await rowOf('invoiced', row)).toMatchObject({ sync_state: 'failed', sync_error: naming(id) });
  expect(made('invoiced')).toBe(1);
});

test('one that a poll has brought, and that is gone from Invoiced without an event, is known by its row', async () => {
  await mirrored({
    sandbox: { invoiced: { tasks: 5, options: { eventLoss: 1 } } },
    context: { deleteLimit: 1 },
  });
  const [row] = await attempted('invoiced', LOST, 'Ours');
  const id = newest('invoiced');
  await world.poll('invoiced');
  world.sandbox.invoiced.people.remove(id);
  await world.walk('invoiced');
  await atRest(world, 'invoiced');
  expect(await rowOf('invoiced', row)).toMatchObject({ sync_state: 'failed', sync_error: naming(id) });
  expect(made('invoiced')).toBe(1);
});

describe('while it may still be on its way', () => {
  const slowly = (eventLoss: number) =>
    mirrored({
      sandbox: { invoiced: { tasks: 5, options: { eventLoss } } },
      context: { deleteLimit: 1 },
    });

  /** People delete the task, and somebody here has it made anew. */
  async function anew(id: number): Promise<string> {
    remote(world, 'invoiced').remove(id);
    await world.walk('invoiced');
    await world.walk('invoiced');
    const [row] =
      await world.sql`update invoiced.tasks set vis_state = 0 where id = ${id} and vis_state = 1 returning row_id`;
    await world.send('invoiced');
    return String(row?.['row_id']);
  }

  test.each([0, 1])(
    'a pulled row that is its task, deleted and made anew meanwhile, keeps it from being made again (events lost: %i)',
    async (eventLoss) => {
      await slowly(eventLoss);
      const [row] = await attempted('invoiced', LOST, 'Ours');
      const id = newest('invoiced');
      await world.poll('invoiced');
      const pulled = await anew(id);
      expect(made('invoiced')).toBe(2);

      await atRest(world, 'invoiced');
      const words = `: ${id} \\(Ours, deleted since, made anew by row ${pulled}\\)\\. .*or delete the row`;
      expect(await rowOf('invoiced', row)).toMatchObject({
        sync_state: 'failed',
        sync_error: expect.stringMatching(new RegExp(words)),
      });
      expect(made('invoiced')).toBe(2);
      await world.sql`delete from invoiced.tasks where row_id = ${row}`;
      await atRest(world, 'invoiced');
      expect(await rowOf('invoiced', row)).toEqual({});
      expect(await rows('invoiced')).toBe(6);
    },
  );

  test('another insert that was made, deleted and made anew meanwhile is not taken for it', async () => {
    await slowly(0);
    const [row] = await attempted('invoiced', NEVER_CAME, 'Ours');
    await insert('invoiced', 'Another');
    await world.send('invoiced');
    await anew(newest('invoiced'));
    await atRest(world, 'invoiced');
    expect(await rowOf('invoiced', row)).toMatchObject({ sync_state: 'synced', name: 'Ours' });
    expect(made('invoiced')).toBe(3);
  });
});

test('a restore that Invoiced has made anew, and that people have changed altogether, is not made again', async () => {
  await mirrored();
  const former = someId(world, 'invoiced');
  await world.sql`delete from invoiced.tasks where id = ${former}`;
  await atRest(world, 'invoiced');
  strike('invoiced', LOST);
  const [restored] =
    await world.sql`update invoiced.tasks set vis_state = 0 where id = ${former} returning row_id`;
  await world.send('invoiced');
  world.sandbox.faults.clear();
  const id = newest('invoiced');
  change('invoiced', id, 'Theirs');
  await atRest(world, 'invoiced');
  const row = String(restored?.['row_id']);
  expect(await rowOf('invoiced', row)).toMatchObject({
    sync_state: 'failed',
    id: String(former),
    sync_error: naming(id),
  });
  await decided(row, { adopt: id });
  await atRest(world, 'invoiced');
  expect(await rowOf('invoiced', row)).toMatchObject({
    id: String(id),
    name: 'Theirs',
    sync_state: 'synced',
    vis_state: 0,
  });
  expect(made('invoiced')).toBe(1);
});

const table = (connection: Connection) => world.sql(`${connection}.tasks`);
const create = (connection: Connection) => ({ api: connection, route: 'tasks.create', times: 1 });
const list = (connection: Connection) => ({ api: connection, route: 'tasks.list' });
/** What was put off is due at once. */
const due = (connection: Connection) =>
  world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update ${tx(`${connection}.tasks`)} set push_after = null`;
  });
const strike = (connection: Connection, when: 'before' | 'after', skip = 0) =>
  world.sandbox.faults.add({ ...create(connection), skip, fault: { kind: 'reset', when } });

/** Inserts a row and sends it, with its answer lost. */
async function attempted(connection: Connection, when: 'before' | 'after', name: string): Promise<[string]> {
  strike(connection, when);
  const row = await insert(connection, name);
  await world.send(connection);
  expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'pending', id: null });
  return [row];
}

async function insert(connection: Connection, name: string): Promise<string> {
  const [row] =
    connection === 'invoiced'
      ? await world.sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
      : await world.sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
  return String(row?.['row_id']);
}

/** People change every field of a task. */
function change(connection: Connection, id: number, name: string): void {
  const { invoiced, freshbooks } = world.sandbox;
  if (connection === 'invoiced')
    invoiced.people.edit(id, { name, action: 'letter', due_date: 1_900_000_000, user_id: 9 });
  else
    freshbooks.people.editTask(id, {
      name,
      description: 'Theirs',
      rate: { amount: '9.00' },
      billable: false,
    });
}

async function decided(row: string, decision: Decision): Promise<void> {
  await world.db.transaction((tx) => decideCreate(tx, Object.values(sources), row, decision));
}

async function rowOf(connection: Connection, row: string): Promise<Record<string, unknown>> {
  const [found] = await world.sql`select * from ${table(connection)} where row_id = ${row}`;
  return found ?? {};
}

/** Until the API must have finished with all that was sent. */
const finished = () => world.context.runtime.sleep(world.context.push.finishedAfterMs + 5);

const naming = (id: number) => expect.stringMatching(`\\b${id} \\(`);
const newest = (connection: Connection) =>
  Math.max(...[...world.sandbox[connection].people.tasks()].map(({ id }) => id));
const idOf = (connection: Connection, name: string) =>
  [...world.sandbox[connection].people.tasks()].find((task) => task.name === name)?.id ?? 0;
const rows = async (connection: Connection) => (await world.sql`select from ${table(connection)}`).length;
/** How many tasks came up at the API, those that are gone for good included: ids are never used again. */
function made(connection: Connection): number {
  const { invoiced, freshbooks } = world.sandbox;
  if (connection === 'freshbooks') return freshbooks.people.count() - 5;
  const { eventLoss } = invoiced.options;
  invoiced.options.eventLoss = 1;
  const { id } = invoiced.people.create();
  invoiced.people.remove(id);
  invoiced.options.eventLoss = eventLoss;
  probes += 1;
  return id - invoiced.options.firstTaskId - 5 - probes + 1;
}
let probes = 0;
