import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/sandbox/fault.js';
import { until } from '../servers/index.js';
import { gated } from './gated.js';
import { remote } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

/** One world for all: each test works on rows of its own. */
let world: World;
beforeAll(async () => {
  world = await openWorld({
    sandbox: { invoiced: { tasks: 60 }, freshbooks: { tasks: 60 } },
    limits: { totalMs: 2_000, startWithinMs: 2_000 },
  });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
});
afterAll(() => world.close());

const before: Record<Connection, { made: number; active: number; rows: number }> = {
  invoiced: { made: 0, active: 0, rows: 0 },
  freshbooks: { made: 0, active: 0, rows: 0 },
};
beforeEach(async () => {
  for (const connection of connections) {
    await toRest(connection);
    before[connection] = {
      made: everMade(connection),
      active: active(connection),
      rows: await rows(connection),
    };
  }
  await world.sql`truncate sync.conflicts`;
  world.sandbox.log.clear();
});
afterEach(async () => {
  world.sandbox.faults.clear();
  // A row that a test left for a person would be in the next one's way.
  for (const connection of connections) {
    await world.sql`update sync.writes w set settled_at = now() from ${world.sql(connection)}.tasks t
      where t.row_id = w.row_id and t.sync_state = 'failed'`;
    await world.sql`delete from ${world.sql(connection)}.tasks where sync_state = 'failed' and id is null`;
  }
});

const LOST: Fault = { kind: 'reset', when: 'after' };
const NEVER_CAME: Fault = { kind: 'reset', when: 'before' };
/** The work is done at once; its answer takes so long that much can happen meanwhile. */
const ON_ITS_WAY: Fault = { kind: 'slow', when: 'after', milliseconds: 400 };
/** The work is done, and its answer comes when nobody waits for it any more. */
const TOO_LATE: Fault = { kind: 'slow', when: 'after', milliseconds: 2_500 };

type Route = 'create' | 'update' | 'delete';

describe.each(connections)('%s', (connection) => {
  const table = () => world.sql(`${connection}.tasks`);
  const strike = (route: Route, fault: Fault, times = 1) =>
    world.sandbox.faults.add({ api: connection, route: routeOf(connection, route), times, fault });

  test('a row that is deleted while its create is on its way stays, and its one task ends deleted', async () => {
    strike('create', ON_ITS_WAY);
    const row = await insert(connection, 'Not for long');
    const pushing = world.push(connection);
    await arrived(connection, 'create');
    await world.sql`delete from ${table()} where row_id = ${row}`;
    expectOutcome(settledLater(await pushing), 'ok');
    await toRest(connection);
    expect(await rowOf(connection, row)).toMatchObject({ vis_state: 1, sync_state: 'synced' });
    expect(made(connection)).toBe(1);
    expect(active(connection)).toBe(before[connection].active);
  });

  test.each([
    ['was made', LOST],
    ['was never made', NEVER_CAME],
  ] as const)(
    'a row that is deleted while it is not known whether its task %s ends deleted',
    async (_, fault) => {
      strike('create', fault);
      const row = await insert(connection, 'Not for long');
      await world.send(connection);
      await world.sql`delete from ${table()} where row_id = ${row}`;
      await toRest(connection);
      expect(made(connection)).toBe(fault === LOST ? 1 : 0);
      expect(active(connection)).toBe(before[connection].active);
      expect(await world.sql`select from sync.writes where settled_at is null`).toHaveLength(0);
      const [sent] = await world.sql`
        select outcome, answered_at is not null as answered from sync.writes where row_id = ${row} order by write_id limit 1`;
      expect(sent).toEqual(
        fault === LOST ? { outcome: 'ok', answered: true } : { outcome: 'unknown', answered: false },
      );
      await world.walk(connection);
      expect(await world.sql`select from ${table()} where vis_state <> 1`).toHaveLength(
        before[connection].active,
      );
    },
  );

  test.each([
    ['is on its way', ON_ITS_WAY],
    ['is lost', LOST],
    ['never came', NEVER_CAME],
  ] as const)('a row that is restored while its delete %s ends restored', async (_, fault) => {
    const { row_id, name } = await some(connection);
    strike(connection === 'invoiced' ? 'delete' : 'update', fault);
    await world.sql`delete from ${table()} where row_id = ${row_id}`;
    const pushing = world.send(connection);
    await arrived(connection, connection === 'invoiced' ? 'delete' : 'update');
    if (fault !== ON_ITS_WAY) await pushing;
    await world.sql`update ${table()} set vis_state = 0, name = 'Back again' where row_id = ${row_id}`;
    await pushing;
    await toRest(connection);
    const row = await rowOf(connection, row_id);
    expect(row).toMatchObject({ vis_state: 0, sync_state: 'synced', name: 'Back again' });
    expect(name).not.toBe('Back again');
    expect(task(connection, row['id'])).toMatchObject({ name: 'Back again' });
    expect(active(connection)).toBe(before[connection].active);
    expect(await world.sql`select from sync.writes where settled_at is null`).toHaveLength(0);
  });

  test('an update that never came to a task which nobody has touched is no conflict; one that was undone is', async () => {
    const { row_id, id, name } = await some(connection);
    const journal = () =>
      world.sql`select field, local, remote, winner from sync.conflicts where row_id = ${row_id}`;
    strike('update', NEVER_CAME);
    await world.sql`update ${table()} set name = 'Ours' where row_id = ${row_id}`;
    await toRest(connection);
    expect(task(connection, id)).toMatchObject({ name: 'Ours' });
    expect(await journal()).toEqual([]);
    strike('update', LOST);
    await world.sql`update ${table()} set name = 'Ours again' where row_id = ${row_id}`;
    await world.send(connection);
    remote(world, connection).rename(Number(id), 'Ours');
    await toRest(connection);
    expect(task(connection, id)).toMatchObject({ name: 'Ours again' });
    expect(await journal()).toEqual([
      { field: 'name', local: 'Ours again', remote: 'Ours', winner: 'local' },
    ]);
    expect(name).not.toBe('Ours');
  });

  test('a restore survives a poll or a sweep that finds the delete first', async () => {
    const { row_id } = await some(connection);
    strike(connection === 'invoiced' ? 'delete' : 'update', LOST);
    await world.sql`delete from ${table()} where row_id = ${row_id}`;
    await world.send(connection);
    await world.sql`update ${table()} set vis_state = 0 where row_id = ${row_id}`;
    await world.poll(connection);
    await world.walk(connection);
    await toRest(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ vis_state: 0, sync_state: 'synced' });
    expect(active(connection)).toBe(before[connection].active);
  });

  test('an edit of the pulled twin goes out once the twin is folded', async () => {
    strike('create', LOST);
    const row = await insert(connection, 'Ours');
    await world.send(connection);
    await world.poll(connection);
    await world.sql`update ${table()} set name = 'Edited as the twin' where name = ${ours} and row_id <> ${row}`;
    await toRest(connection);
    expect(made(connection)).toBe(1);
    const folded = await rowOf(connection, row);
    expect(folded).toMatchObject({ name: 'Edited as the twin', sync_state: 'synced' });
    expect(task(connection, folded['id'])).toMatchObject({ name: 'Edited as the twin' });
    expect(await rows(connection)).toBe(before[connection].rows + 1);
  });

  test('an edit of the twin that is committed while it is being folded is not lost', async () => {
    strike('create', LOST);
    const row = await insert(connection, 'Ours');
    await world.send(connection);
    await world.poll(connection);
    const editing = await world.sql.reserve();
    await editing`begin`;
    const { count } =
      await editing`update ${table()} set name = 'Edited meanwhile' where name = ${ours} and row_id <> ${row}`;
    expect(count).toBe(1);
    const mark = world.sandbox.log.mark();
    const resting = toRest(connection);
    // Whoever waits for the edit must see it then; whoever does not wait comes back.
    await until('the push waits for it, or has looked at the API and come back', async () => {
      const looked = world.sandbox.log.count({ api: connection, route: 'tasks.list', after: mark }) > 0;
      return (await isLockWaitedFor()) || (looked && (await isAtRest(connection)));
    });
    await editing`commit`;
    editing.release();
    await resting;
    const folded = await rowOf(connection, row);
    expect(folded).toMatchObject({ name: 'Edited meanwhile', sync_state: 'synced' });
    expect(task(connection, folded['id'])).toMatchObject({ name: 'Edited meanwhile' });
    expect(await rows(connection)).toBe(before[connection].rows + 1);
  });

  test('edits of a row and of its pulled twin are both kept: one goes out, the other is journalled', async () => {
    strike('create', LOST);
    const row = await insert(connection, 'Ours');
    await world.send(connection);
    await world.poll(connection);
    await world.sql`update ${table()} set name = 'Edited as the twin' where name = ${ours} and row_id <> ${row}`;
    await world.sql`update ${table()} set name = 'Edited as inserted' where row_id = ${row}`;
    await toRest(connection);
    expect(await rowOf(connection, row)).toMatchObject({ name: 'Edited as inserted', sync_state: 'synced' });
    expect(
      await world.sql`select local, remote, winner from sync.conflicts where row_id = ${row}`,
    ).toMatchObject([{ local: 'Edited as the twin', remote: 'Edited as inserted', winner: 'remote' }]);
  });

  test('so are edits of a field that the create did not send', async () => {
    const field = connection === 'invoiced' ? 'user_id' : 'tax1';
    strike('create', LOST);
    const row = await insert(connection, 'Ours');
    await world.send(connection);
    await world.poll(connection);
    const set = (value: number) => world.sql({ [field]: value });
    await world.sql`update ${table()} set ${set(71)} where name = ${ours} and row_id <> ${row}`;
    await world.sql`update ${table()} set ${set(72)} where row_id = ${row}`;
    await toRest(connection);
    expect(await rowOf(connection, row)).toMatchObject({ [field]: '72', sync_state: 'synced' });
    expect(await world.sql`select local, remote from sync.conflicts where row_id = ${row}`).toMatchObject([
      { local: 71, remote: 72 },
    ]);
  });

  test('a poll that inserts the same task at the same moment makes no second one', async () => {
    const row = await insert(connection, 'Ours');
    strike('create', ON_ITS_WAY);
    const pushing = world.push(connection);
    await arrived(connection, 'create');
    const id = newest(connection);
    const polling = await world.sql.reserve();
    await polling`begin`;
    await polling`select set_config('taskmirror.origin', 'sync', true)`;
    await polling`
      insert into ${table()} (row_id, id, name, raw, synced_at, first_seen_at)
      values (nextval('sync.row_ids'), ${id}, ${ours}, ${world.sql.json({ id, name: ours })}, clock_timestamp(), clock_timestamp())`;
    let over = false;
    void pushing.finally(() => {
      over = true;
    });
    await until('the push waits for it, or is over', async () => over || (await isLockWaitedFor()));
    await polling`commit`;
    polling.release();
    await pushing;
    await toRest(connection);
    expect(made(connection)).toBe(1);
    expect(await rowOf(connection, row)).toMatchObject({ id: String(id), sync_state: 'synced' });
    expect(await rows(connection)).toBe(before[connection].rows + 1);
  });

  test('a worker that lost its lease while it was sending leaves its create to be looked up', async () => {
    strike('create', ON_ITS_WAY);
    const row = await insert(connection, 'Once');
    const pushing = world.push(connection);
    await arrived(connection, 'create');
    await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
    await toRest(connection);
    await pushing;
    await toRest(connection);
    expect(made(connection)).toBe(1);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced' });
  });

  test('what was sent is forgotten once the API was seen to have it', async () => {
    const { row_id, id } = await some(connection);
    strike('update', LOST);
    await world.sql`update ${table()} set name = 'first' where row_id = ${row_id}`;
    await world.send(connection);
    await world.poll(connection);
    await toRest(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced', edited_at: null });
    expect(await world.sql`select from sync.writes where settled_at is null`).toHaveLength(0);

    rename(connection, id, 'second');
    await world.poll(connection);
    await world.sql`update ${table()} set name = 'third' where row_id = ${row_id}`;
    rename(connection, id, 'first');
    await toRest(connection);
    // A person has put the first value back: that is theirs, not ours.
    expect(await world.sql`select local, remote, winner from sync.conflicts`).toMatchObject([
      { local: 'third', remote: 'first', winner: 'remote' },
    ]);
  });

  test('an edit at the API between the loss of ours and the look is kept, or ours is journalled', async () => {
    const { row_id, id } = await some(connection);
    strike('update', LOST);
    await world.sql`update ${table()} set name = 'ours' where row_id = ${row_id}`;
    await world.send(connection);
    rename(connection, id, 'theirs');
    await toRest(connection);
    expect(task(connection, id)).toMatchObject({ name: 'theirs' });
    expect(await rowOf(connection, row_id)).toMatchObject({ name: 'theirs', sync_state: 'synced' });
    expect(await world.sql`select local, remote from sync.conflicts`).toMatchObject([
      { local: 'ours', remote: 'theirs' },
    ]);
  });

  test('a row that somebody holds locked does not hold up the others', async () => {
    const { row_id } = await some(connection);
    const other = await some(connection);
    await world.sql`update ${table()} set name = 'held' where row_id = ${row_id}`;
    await world.sql`update ${table()} set name = 'free' where row_id = ${other.row_id}`;
    const holding = await world.sql.reserve();
    await holding`begin`;
    await holding`update ${table()} set name = 'still typing' where row_id = ${row_id}`;
    try {
      const mark = world.sandbox.log.mark();
      const result = await within(LONG_MS, world.push(connection));
      expect(await rowOf(connection, other.row_id)).toMatchObject({ sync_state: 'synced' });
      // Coming back at once would ask the API again and again.
      expect(result).toMatchObject({ state: 'later' });
      expect(result).toHaveProperty(
        'afterMs',
        expect.toSatisfy((ms: number) => ms >= 500),
      );
      expect(world.sandbox.log.count({ api: connection, after: mark })).toBeLessThan(5);
    } finally {
      await holding`commit`;
      holding.release();
    }
    await toRest(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced', name: 'still typing' });
  });

  test('an inserted row that somebody holds locked does not hold up the others', async () => {
    const row = await insert(connection, 'New');
    const { row_id } = await some(connection);
    await world.sql`update ${table()} set name = 'free' where row_id = ${row_id}`;
    const holding = await world.sql.reserve();
    await holding`begin`;
    await holding`update ${table()} set name = 'New, still typing' where row_id = ${row}`;
    try {
      const result = await within(LONG_MS, world.push(connection));
      expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced' });
      expect(result).toHaveProperty(
        'afterMs',
        expect.toSatisfy((ms: number) => ms >= 500),
      );
    } finally {
      await holding`commit`;
      holding.release();
    }
    await toRest(connection);
    expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', name: 'New, still typing' });
    expect(made(connection)).toBe(1);
  });

  test('an insert that somebody is about to take back is not made', async () => {
    const row = await insert(connection, 'Taken back');
    const deleting = await world.sql.reserve();
    await deleting`begin`;
    // No write of it is saved yet: it goes for good.
    await deleting`delete from ${table()} where row_id = ${row}`;
    try {
      await within(LONG_MS, world.push(connection));
    } finally {
      await deleting`commit`;
      deleting.release();
    }
    await toRest(connection);
    expect(made(connection)).toBe(0);
    expect(await rowOf(connection, row)).toEqual({});
    expect(await world.sql`select from sync.writes where row_id = ${row}`).toEqual([]);
  });

  test('a row that can not be written stops only itself', async () => {
    const { row_id } = await some(connection);
    const other = await some(connection);
    // A constraint of the people who own the database, say.
    await world.sql`alter table ${table()} add constraint picky check (raw ->> 'name' <> 'unfit')`;
    await world.sql`update ${table()} set name = 'unfit' where row_id = ${row_id}`;
    await world.push(connection);
    await world.sql`update ${table()} set name = 'fit' where row_id = ${other.row_id}`;
    expectOutcome(settledLater(await world.push(connection)), 'ok');
    expect(await rowOf(connection, other.row_id)).toMatchObject({ sync_state: 'synced' });
    expect(await rowOf(connection, row_id)).toMatchObject({
      sync_state: 'pending',
      sync_error: expect.stringContaining('picky'),
    });
    await world.sql`alter table ${table()} drop constraint picky`;
  });

  test('a task that is another row’s insert can not be adopted, and the row says so', async () => {
    strike('create', NEVER_CAME);
    const first = await insert(connection, 'First');
    await world.send(connection);
    const second = await insert(connection, 'Second');
    await toRest(connection);
    strike('create', NEVER_CAME);
    const third = await insert(connection, 'Third');
    await world.send(connection);
    const { id } = await rowOf(connection, second);
    await world.sql`update sync.writes set decision = 'adopt', adopt_id = ${String(id)} where row_id = ${third}`;
    await toRest(connection);
    expect(await rowOf(connection, third)).toMatchObject({
      sync_state: 'failed',
      sync_error: expect.stringContaining('--create'),
    });
    expect(await rowOf(connection, first)).toMatchObject({ sync_state: 'synced' });
    expect(await rowOf(connection, second)).toMatchObject({ id, sync_state: 'synced' });
  });

  test('inserts that are much alike are told apart, when one of them was not made', async () => {
    strike('create', NEVER_CAME);
    const first = await insert(connection, 'Never came');
    await world.send(connection);
    // The others reach the API, but their answers don't come back.
    strike('create', LOST, 3);
    const others = [];
    for (const name of ['Second', 'Third', 'Fourth']) others.push(await insert(connection, name));
    await world.send(connection);
    await toRest(connection);
    expect(made(connection)).toBe(4);
    for (const row of [first, ...others])
      expect(await rowOf(connection, row)).toMatchObject({ sync_state: 'synced', id: expect.anything() });
  });

  test('a pull that looked at a row before a write of it was saved does not settle the row without it', async () => {
    const { row_id, id } = await some(connection);
    const pusher = gated(world, 'read', 'after');
    await world.sql`update ${table()} set name = 'Both' where row_id = ${row_id}`;
    const pushing = pusher.push(connection);
    await pusher.reached();
    // The push has seen the task as it was; the pull sees that the API holds the same by now.
    rename(connection, id, 'Both');
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', times: 1, fault: ON_ITS_WAY });
    strike('update', TOO_LATE);
    const pulling = world.poll(connection);
    await until(
      'the pull has asked',
      () => world.sandbox.log.count({ api: connection, route: 'tasks.list' }) > 0,
    );
    await world.sql.begin(async (tx) => {
      await tx`select from sync.leases where connection = ${connection} and kind = 'poll' for update`;
      await until('the pull is about to write', isLockWaitedFor);
      pusher.open();
      await arrived(connection, 'update');
    });
    await pulling;
    await pushing;
    await toRest(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ name: 'Both', sync_state: 'synced' });
    expect(task(connection, id)).toMatchObject({ name: 'Both' });
    expect(await world.sql`select method, outcome from sync.writes where settled_at is null`).toEqual([]);
  });

  test('a new task that can not be read is not made again', async () => {
    strike('create', LOST);
    const row = await insert(connection, 'Made');
    await world.send(connection);
    const id = newest(connection);
    world.sandbox[connection].people.mangle(id, { name: { not: 'a name' } });
    await toRest(connection);
    expect(made(connection)).toBe(1);
    expect(await rowOf(connection, row)).toMatchObject({
      sync_state: 'failed',
      sync_error: expect.stringContaining(String(id)),
    });
  });
});

test('a rate that is written while the create is on its way stands, whatever FreshBooks fills in', async () => {
  world.sandbox.faults.add({ api: 'freshbooks', route: 'tasks.create', times: 1, fault: ON_ITS_WAY });
  const row = await insert('freshbooks', 'Priced late');
  const pushing = world.push('freshbooks');
  await arrived('freshbooks', 'create');
  await world.sql`update freshbooks.tasks set rate_amount = 5, rate_code = 'USD' where row_id = ${row}`;
  await pushing;
  await toRest('freshbooks');
  const { id, ...rest } = await rowOf('freshbooks', row);
  expect(rest).toMatchObject({ rate_amount: '5.00', sync_state: 'synced' });
  expect(task('freshbooks', id)).toMatchObject({ rate: { amount: '5.00', code: 'USD' } });
  expect(await world.sql`select * from sync.conflicts`).toEqual([]);
});

test('so does one that is written while it is not known whether the task was made, and what stood there is journalled', async () => {
  world.sandbox.faults.add({ api: 'freshbooks', route: 'tasks.create', times: 1, fault: LOST });
  const row = await insert('freshbooks', 'Priced late');
  await world.send('freshbooks');
  await world.sql`update freshbooks.tasks set rate_amount = 5, rate_code = 'USD', vis_state = 1 where row_id = ${row}`;
  await toRest('freshbooks');
  expect(await rowOf('freshbooks', row)).toMatchObject({
    rate_amount: '5.00',
    vis_state: 1,
    sync_state: 'synced',
  });
  expect(await world.sql`select field, winner from sync.conflicts where row_id = ${row}`).toEqual([
    { field: 'rate', winner: 'local' },
  ]);
});

const routeOf = (connection: Connection, route: Route) =>
  `tasks.${route === 'delete' && connection === 'freshbooks' ? 'update' : route}`;

/** Waits until a request is at the API. */
async function arrived(connection: Connection, route: Route): Promise<void> {
  await until(
    'the request is at the API',
    () => world.sandbox.log.count({ api: connection, route: routeOf(connection, route) }) > 0,
  );
}

/** The name that was inserted last. Each is its own, since tasks are known again by it. */
let ours = '';
async function insert(connection: Connection, words: string): Promise<string> {
  const name = `${crypto.randomUUID()} ${words}`;
  ours = name;
  const [row] =
    connection === 'invoiced'
      ? await world.sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
      : await world.sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
  return String(row?.['row_id']);
}

let used = '0';
async function some(connection: Connection) {
  const [row] = await world.sql`
    select row_id, id, name from ${world.sql(connection)}.tasks where vis_state = 0 and sync_state = 'synced' and row_id > ${used} order by row_id limit 1`;
  used = String(row?.['row_id']);
  return row as unknown as { row_id: string; id: string; name: string };
}

async function rowOf(connection: Connection, rowId: string): Promise<Record<string, unknown>> {
  const [row] = await world.sql`select * from ${world.sql(connection)}.tasks where row_id = ${rowId}`;
  return row ?? {};
}

function task(connection: Connection, id: unknown): object | undefined {
  const { invoiced, freshbooks } = world.sandbox;
  return connection === 'invoiced' ? invoiced.people.task(Number(id)) : freshbooks.people.task(Number(id));
}

function rename(connection: Connection, id: string, name: string): void {
  if (connection === 'invoiced') world.sandbox.invoiced.people.edit(Number(id), { name });
  else world.sandbox.freshbooks.people.editTask(Number(id), { name });
}

const ids = (connection: Connection) => [...world.sandbox[connection].people.tasks()].map(({ id }) => id);
const newest = (connection: Connection) => Math.max(...ids(connection));
const rows = async (connection: Connection) =>
  (await world.sql`select from ${world.sql(connection)}.tasks`).length;

/** How many tasks were made in this test, those that are gone for good included. */
const made = (connection: Connection) => everMade(connection) - before[connection].made;

/** FreshBooks keeps what is deleted. At Invoiced ids are never used again: the next one tells. */
function everMade(connection: Connection): number {
  const { invoiced, freshbooks } = world.sandbox;
  if (connection === 'freshbooks') return freshbooks.people.count();
  // Without an event: it would look as if our own task had been deleted.
  const { eventLoss } = invoiced.options;
  invoiced.options.eventLoss = 1;
  const { id } = invoiced.people.create();
  invoiced.people.remove(id);
  invoiced.options.eventLoss = eventLoss;
  probes += 1;
  return id - invoiced.options.firstTaskId - probes + 1;
}
let probes = 0;

const active = (connection: Connection) =>
  [...world.sandbox[connection].people.tasks()].filter(
    (each) => !('vis_state' in each) || each.vis_state !== 1,
  ).length;

/** A push that has more to do later has done well so far. */
const settledLater = (result: Awaited<ReturnType<World['push']>>) =>
  result.state === 'later'
    ? { state: 'done' as const, runId: '', outcome: 'ok' as const, error: null }
    : result;

async function isLockWaitedFor(): Promise<boolean> {
  const waiting = await world.sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return waiting.length > 0;
}

async function isAtRest(connection: Connection): Promise<boolean> {
  const running = await world.sql`
    select from sync.runs where connection = ${connection} and kind = 'push' and finished_at is null`;
  return running.length === 0;
}

/** For what would else wait until the test lets go. */
const LONG_MS = 15_000;

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const late = world.context.runtime.sleep(milliseconds).then(() => {
    throw new Error(`not done within ${milliseconds} ms`);
  });
  return Promise.race([work, late]);
}

/** Pushes until nothing is pending any more. */
async function toRest(connection: Connection): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const result = await world.push(connection);
    if (result.state === 'skipped') return;
    const ms = result.state === 'later' ? result.afterMs : result.state === 'busy' ? 50 : 0;
    await world.context.runtime.sleep(Math.min(ms, 300) + 1);
  }
  throw new Error(`${connection} does not come to rest`);
}
