import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { approveDeletes } from '../../src/mirror/pending.js';
import { atRest } from './at-rest.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
const open = async (options: Parameters<typeof openWorld>[0] = {}) => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 30 }, freshbooks: { tasks: 30 } }, ...options });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
};
beforeEach(() => open());
afterEach(() => world.close());

/** What was asked of the API by `work`: `GET`, `PATCH name`. */
async function asked(
  connection: 'invoiced' | 'freshbooks',
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const mark = world.sandbox.log.mark();
  await work();
  return world.sandbox.log
    .entries({ after: mark, api: connection })
    .map(({ method, keys }) => (method === 'GET' ? 'GET' : `${method} ${keys.join(' ')}`.trim()));
}

const some = async (connection: 'invoiced' | 'freshbooks') => {
  const [row] = await world.sql`
    select * from ${world.sql(connection)}.tasks where vis_state = 0 order by row_id limit 1`;
  return row as { readonly row_id: string; readonly id: string; readonly name: string };
};
const rowOf = async (connection: 'invoiced' | 'freshbooks', rowId: unknown) => {
  const [row] = await world.sql`select * from ${world.sql(connection)}.tasks where row_id = ${String(rowId)}`;
  return row as Record<string, unknown>;
};

describe.each(connections)('%s', (connection) => {
  const remote = (id: unknown) =>
    connection === 'invoiced'
      ? world.sandbox.invoiced.people.task(Number(id))
      : world.sandbox.freshbooks.people.task(Number(id));
  const write = connection === 'invoiced' ? 'PATCH' : 'PUT';

  test('an edit of one field reaches the API alone, after another look at the task', async () => {
    const { row_id, id } = await some(connection);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Call them again' where row_id = ${row_id}`;
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'pending' });
    expect(await asked(connection, () => world.push(connection))).toEqual(['GET', `${write} name`]);
    expect(remote(id)).toMatchObject({ name: 'Call them again' });
    expect(await rowOf(connection, row_id)).toMatchObject({
      sync_state: 'synced',
      name: 'Call them again',
      edited_at: null,
      sync_error: null,
    });
  });

  test('an edit that was taken back is not sent, once the API was seen to hold what it went back to', async () => {
    const { row_id, name } = await some(connection);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Nonsense' where row_id = ${row_id}`;
    await world.sql`update ${world.sql(connection)}.tasks set name = ${name} where row_id = ${row_id}`;
    expect(await rowOf(connection, row_id)).toMatchObject({ edited_again: ['name'] });
    expect(await asked(connection, () => world.push(connection))).toEqual(['GET']);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced', edited_again: null });
  });

  test.each(['remote', 'local'] as const)(
    'an edit that was taken back meets what the API was changed to meanwhile: by the policy %s, and nothing is lost',
    async (policy) => {
      const { row_id, id, name } = await some(connection);
      await world.sql`update ${world.sql(connection)}.tasks set name = 'Nonsense' where row_id = ${row_id}`;
      if (connection === 'invoiced')
        world.sandbox.invoiced.people.edit(Number(id), { name: 'Changed there' });
      else world.sandbox.freshbooks.people.editTask(Number(id), { name: 'Changed there' });
      await world.sql`update ${world.sql(connection)}.tasks set name = ${name} where row_id = ${row_id}`;
      expectOutcome(await world.as({ policy }).push(connection), 'ok');
      const kept = policy === 'local' ? name : 'Changed there';
      expect(remote(id)).toMatchObject({ name: kept });
      expect(await rowOf(connection, row_id)).toMatchObject({ name: kept, sync_state: 'synced' });
      expect(await world.sql`select field, local, remote, winner from sync.conflicts`).toEqual([
        { field: 'name', local: name, remote: 'Changed there', winner: policy },
      ]);
    },
  );

  test('an insert makes one task, whose id and defaults come back into the row', async () => {
    const [row] =
      connection === 'invoiced'
        ? await world.sql`insert into invoiced.tasks (name, action, due_date) values ('New', 'phone', '2026-12-01Z') returning row_id`
        : await world.sql`insert into freshbooks.tasks (name) values ('New') returning row_id`;
    const before = tasksAt(connection);
    expectOutcome(await world.push(connection), 'ok');
    expect(tasksAt(connection)).toBe(before + 1);
    const made = await rowOf(connection, row?.['row_id']);
    expect(made).toMatchObject({ sync_state: 'synced', name: 'New' });
    expect(remote(made['id'])).toMatchObject({ name: 'New' });
    if (connection === 'freshbooks') expect(made).toMatchObject({ rate_amount: '0.00', billable: true });
    await world.poll(connection);
    expect(await count(connection)).toBe(31);
  });

  test('a delete reaches the API, and the row stays as deleted', async () => {
    const { row_id, id } = await some(connection);
    const gone =
      await world.sql`delete from ${world.sql(connection)}.tasks where row_id = ${row_id} returning row_id`;
    expect(gone.count).toBe(1);
    expectOutcome(await world.push(connection), 'ok');
    expect(remote(id)).toEqual(
      connection === 'invoiced' ? undefined : expect.objectContaining({ vis_state: 1 }),
    );
    expect(await rowOf(connection, row_id)).toMatchObject({ vis_state: 1, sync_state: 'synced' });
  });

  test('a restore brings the task back', async () => {
    const { row_id, id, name } = await some(connection);
    await world.sql`delete from ${world.sql(connection)}.tasks where row_id = ${row_id}`;
    await world.push(connection);
    await world.sql`update ${world.sql(connection)}.tasks set vis_state = 0 where row_id = ${row_id}`;
    expectOutcome(await world.push(connection), 'ok');
    const row = await rowOf(connection, row_id);
    expect(row).toMatchObject({ vis_state: 0, sync_state: 'synced', name });
    expect(remote(row['id'])).toMatchObject({ name });
    if (connection === 'freshbooks') expect(row['id']).toBe(id);
    else {
      expect(row['id']).not.toBe(id);
      expect(await world.sql`select id from sync.retired_ids`).toMatchObject([{ id }]);
    }
    await world.poll(connection);
    expect(await count(connection)).toBe(30);
  });

  test('an answer that is lost after the work was done leaves one change, and the newer local edit stands', async () => {
    const { row_id, id } = await some(connection);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      times: 1,
      fault: { kind: 'reset', when: 'after' },
    });
    await world.sql`update ${world.sql(connection)}.tasks set name = 'first' where row_id = ${row_id}`;
    await world.send(connection);
    expect(remote(id)).toMatchObject({ name: 'first' });
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'pending' });
    await world.sql`update ${world.sql(connection)}.tasks set name = 'second' where row_id = ${row_id}`;
    await world.poll(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'pending', name: 'second' });
    await atRest(world, connection);
    expect(remote(id)).toMatchObject({ name: 'second' });
    expect(await world.sql`select * from sync.conflicts`).toEqual([]);
  });

  test.each(['before', 'after'] as const)(
    'a create whose answer is lost %s the work makes one task',
    async (when) => {
      world.sandbox.faults.add({
        api: connection,
        route: 'tasks.create',
        times: 1,
        fault: { kind: 'reset', when },
      });
      const before = tasksAt(connection);
      const row_id = await insert(connection, 'Only once');
      await world.send(connection);
      expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'pending', id: null });
      await world.poll(connection);
      await atRest(world, connection);
      expect(tasksAt(connection)).toBe(before + 1);
      const row = await rowOf(connection, row_id);
      expect(row).toMatchObject({ sync_state: 'synced', name: 'Only once' });
      expect(remote(row['id'])).toMatchObject({ name: 'Only once' });
      expect(await count(connection)).toBe(31);
    },
  );

  test('twins inserted on purpose stay twins, when both answers are lost', async () => {
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.create',
      times: 2,
      fault: { kind: 'reset', when: 'after' },
    });
    const before = tasksAt(connection);
    const rows = [await insert(connection, 'Twin'), await insert(connection, 'Twin')];
    await world.push(connection);
    await atRest(world, connection);
    expect(tasksAt(connection)).toBe(before + 2);
    const ids = await Promise.all(rows.map(async (row) => (await rowOf(connection, row))['id']));
    expect(new Set(ids).size).toBe(2);
    await world.walk(connection);
    expect(await count(connection)).toBe(32);
  });

  test('a refusal marks the row failed with the words of the API, and the others go on', async () => {
    const { row_id } = await some(connection);
    const other = (
      await world.sql`select row_id from ${world.sql(connection)}.tasks where vis_state = 0 order by row_id offset 1 limit 1`
    )[0]?.['row_id'];
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      times: 1,
      fault: { kind: 'status', status: connection === 'invoiced' ? 400 : 422 },
    });
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Refused' where row_id = ${row_id}`;
    await world.push(connection);
    const failed = await rowOf(connection, row_id);
    expect(failed).toMatchObject({ sync_state: 'failed', name: 'Refused' });
    expect(String(failed['sync_error'])).not.toBe('');
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Taken' where row_id = ${other}`;
    await world.push(connection);
    expect(await rowOf(connection, other)).toMatchObject({ sync_state: 'synced' });
    await world.sql`update ${world.sql(connection)}.tasks set sync_state = 'pending' where row_id = ${row_id}`;
    await world.push(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced', name: 'Refused' });
  });

  test('a value that the API cut is taken over and journalled, not sent again', async () => {
    const { row_id } = await some(connection);
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      fault: { kind: 'cut-text', keys: ['name'], length: 4 },
    });
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Much too long' where row_id = ${row_id}`;
    await world.push(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced', name: 'Much' });
    expect(await world.sql`select field, local, remote, winner from sync.conflicts`).toMatchObject([
      { field: 'name', local: 'Much too long', remote: 'Much', winner: 'remote' },
    ]);
    expect(await asked(connection, () => world.push(connection))).toEqual([]);
  });

  test('a write that is accepted but changes nothing is a refusal', async () => {
    const { row_id } = await some(connection);
    world.sandbox.faults.add({ api: connection, route: 'tasks.update', fault: { kind: 'keep-old' } });
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Ignored' where row_id = ${row_id}`;
    await world.push(connection);
    expect(await rowOf(connection, row_id)).toMatchObject({
      sync_state: 'failed',
      name: 'Ignored',
      sync_error: 'accepted, but not changed: name',
    });
  });

  test('an edit on both sides is a conflict, whose loser is kept', async () => {
    const { row_id, id } = await some(connection);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Ours' where row_id = ${row_id}`;
    edit(connection, Number(id), 'Theirs');
    await world.push(connection);
    expect(remote(id)).toMatchObject({ name: 'Theirs' });
    expect(await rowOf(connection, row_id)).toMatchObject({ name: 'Theirs', sync_state: 'synced' });
    expect(await world.sql`select field, local, remote, winner from sync.conflicts`).toMatchObject([
      { field: 'name', local: 'Ours', remote: 'Theirs', winner: 'remote' },
    ]);
  });

  test('too many deletes at once wait for a person; a row that was deleted before it was made does not', async () => {
    const hidden = String(await insert(connection, 'Never made'));
    await world.sql`update ${world.sql(connection)}.tasks set vis_state = 1 where row_id = ${hidden}`;
    await world.sql`delete from ${world.sql(connection)}.tasks where row_id <> ${hidden}`;
    expectOutcome(await world.push(connection), 'stopped');
    expect(await rowOf(connection, hidden)).toMatchObject({ sync_state: 'synced', id: null });
    expect(tasksAt(connection)).toBe(30);
    expect(String((await world.lastRun(connection))['error'])).toContain('--force');
    await approveDeletes(world.db, connection);
    expectOutcome(await world.push(connection), 'ok');
    expect(await activeAt(connection)).toBe(0);
  });

  test('a bad key stops the connection, not the rows', async () => {
    const { row_id } = await some(connection);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Later' where row_id = ${row_id}`;
    world.sandbox.faults.add({ api: connection, route: 'tasks.*', fault: { kind: 'status', status: 403 } });
    expectOutcome(await world.push(connection), 'failed');
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'pending' });
    const [told] = await world.sql`select problem from sync.connections where name = ${connection}`;
    expect(told?.['problem']).not.toBeNull();
    world.sandbox.faults.clear();
    await atRest(world, connection);
    expect(await rowOf(connection, row_id)).toMatchObject({ sync_state: 'synced' });
  });

  test('at rest nothing is asked but lists, and no row changes', async () => {
    const { row_id } = await some(connection);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Echo?' where row_id = ${row_id}`;
    await world.push(connection);
    await world.poll(connection);
    const before =
      await world.sql`select row_id, xmin::text from ${world.sql(connection)}.tasks order by row_id`;
    const requests = await asked(connection, async () => {
      await world.push(connection);
      await world.poll(connection);
    });
    expect(requests).toEqual(['GET', 'GET']);
    expect(
      await world.sql`select row_id, xmin::text from ${world.sql(connection)}.tasks order by row_id`,
    ).toEqual(before);
  });
});

test('an archive with an edit is two calls at FreshBooks: data first, then vis_state', async () => {
  const { row_id, id } = await some('freshbooks');
  await world.sql`update freshbooks.tasks set name = 'Old service', vis_state = 2 where row_id = ${row_id}`;
  expect(await asked('freshbooks', () => world.push('freshbooks'))).toEqual([
    'GET',
    'PUT name',
    'PUT vis_state',
  ]);
  expect(world.sandbox.freshbooks.people.task(Number(id))).toMatchObject({
    name: 'Old service',
    vis_state: 2,
  });
});

test.each(['honoured', 'ignored'] as const)(
  'a create is made once with the idempotency key %s',
  async (idempotency) => {
    world.sandbox.invoiced.options.idempotency = idempotency;
    world.sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.create',
      times: 1,
      fault: { kind: 'status', status: 500 },
    });
    const before = tasksAt('invoiced');
    const row = await insert('invoiced', 'Once');
    await world.push('invoiced');
    await atRest(world, 'invoiced');
    expect(tasksAt('invoiced')).toBe(before + 1);
    expect(await rowOf('invoiced', row)).toMatchObject({ sync_state: 'synced' });
  },
);

test('a task that could be the lost one, but may not be, is for a person to decide', async () => {
  world.sandbox.faults.add({
    api: 'freshbooks',
    route: 'tasks.create',
    times: 1,
    fault: { kind: 'reset', when: 'before' },
  });
  const row = await insert('freshbooks', 'Consulting');
  await world.send('freshbooks');
  const { id } = world.sandbox.freshbooks.people.createTask({ name: 'Consulting, by hand' });
  await atRest(world, 'freshbooks');
  expect(await rowOf('freshbooks', row)).toMatchObject({
    sync_state: 'failed',
    sync_error: expect.stringContaining(String(id)),
  });
});

async function insert(connection: 'invoiced' | 'freshbooks', name: string): Promise<unknown> {
  const [row] =
    connection === 'invoiced'
      ? await world.sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
      : await world.sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
  return row?.['row_id'];
}

function edit(connection: 'invoiced' | 'freshbooks', id: number, name: string): void {
  if (connection === 'invoiced') world.sandbox.invoiced.people.edit(id, { name });
  else world.sandbox.freshbooks.people.editTask(id, { name });
}

const tasksAt = (connection: 'invoiced' | 'freshbooks') => world.sandbox[connection].people.count();
const activeAt = (connection: 'invoiced' | 'freshbooks') =>
  [...world.sandbox[connection].people.tasks()].filter(
    (task) => !('vis_state' in task) || task.vis_state !== 1,
  ).length;
const count = async (connection: 'invoiced' | 'freshbooks') =>
  (await world.sql`select from ${world.sql(connection)}.tasks where vis_state <> 1`).count;
