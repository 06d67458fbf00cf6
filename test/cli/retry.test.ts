import { expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { type Connection, expectOutcome } from '../sync/world.js';
import { type Mirrored, mirrored } from './mirrored.js';

test('failed rows go out again, each by its row_id or all together', async () => {
  const mirror = await mirrored();
  const { world, does, rows, row } = mirror;
  const [first = '', second = ''] = await rows('invoiced', 2);
  const [third = ''] = await rows('freshbooks', 1);
  await refuse(mirror, 'invoiced', [first, second]);
  await refuse(mirror, 'freshbooks', [third]);

  expect(await does('retry', first)).toBe(`Row ${first} of invoiced will be sent again.\n`);
  expect(await row('invoiced', first)).toMatchObject({ sync_state: 'pending', sync_error: null });
  expect(await row('invoiced', second)).toMatchObject({ sync_state: 'failed' });
  expectOutcome(await world.push('invoiced'), 'ok');
  expect(await row('invoiced', first)).toMatchObject({ sync_state: 'synced', name: `Refused ${first}` });

  expect(await does('retry', '--all', '--connection', 'freshbooks')).toBe(
    '1 failed row will be sent again.\n',
  );
  expect(await row('invoiced', second)).toMatchObject({ sync_state: 'failed' });
  expect(await does('retry', '--all')).toBe('1 failed row will be sent again.\n');
  expect(await does('retry', '--all')).toBe('No row has failed.\n');
  expect(await does('retry', first, second)).toBe(
    `Row ${first} of invoiced is synced: there is nothing to send.\nRow ${second} of invoiced is pending already, and is sent by itself.\n`,
  );
});

test('with a row that does not exist nothing is retried', async () => {
  const mirror = await mirrored();
  const [row = ''] = await mirror.rows('invoiced', 1);
  await refuse(mirror, 'invoiced', [row]);
  expect(await mirror.fails(2, 'retry', row, '999999')).toContain('no row 999999');
  expect(await mirror.row('invoiced', row)).toMatchObject({ sync_state: 'failed' });
});

test('a create of unknown outcome adopts the task that a person names', async () => {
  const mirror = await mirrored();
  const { world, does, row } = mirror;
  const { rowId, candidate } = await ambiguous(mirror);
  expect(await does('retry', rowId, '--adopt', String(candidate))).toContain(`task ${candidate}`);
  expect(await row('freshbooks', rowId)).toMatchObject({ sync_state: 'pending' });
  expect(await does('plan', '--connection', 'freshbooks')).toContain('as you decided');
  const before = [...world.sandbox.freshbooks.people.tasks()].length;
  await atRest(mirror, rowId);
  expect(await row('freshbooks', rowId)).toMatchObject({ id: String(candidate), sync_state: 'synced' });
  expect([...world.sandbox.freshbooks.people.tasks()]).toHaveLength(before);
});

test('or is made again, where a person says that it made none', async () => {
  const mirror = await mirrored();
  const { world, does, row } = mirror;
  const { rowId, candidate } = await ambiguous(mirror);
  await does('retry', rowId, '--create');
  await atRest(mirror, rowId);
  const made = await row('freshbooks', rowId);
  expect(made).toMatchObject({ name: 'Consulting', sync_state: 'synced' });
  expect(Number(made['id'])).not.toBe(candidate);
  expect(world.sandbox.freshbooks.people.task(Number(made['id']))).toMatchObject({ name: 'Consulting' });
});

test('a task that the create can not have made is refused, with the reason and what to do', async () => {
  const mirror = await mirrored();
  const { world, fails, row, rows } = mirror;
  await world.sql`insert into freshbooks.tasks (name) values ('Made by another insert')`;
  expectOutcome(await world.push('freshbooks'), 'ok');
  const { rowId, candidate } = await ambiguous(mirror);
  const [older = ''] = await rows('freshbooks', 1);
  const { id } = await row('freshbooks', older);
  const [own] = await world.sql`select id from freshbooks.tasks where name = 'Made by another insert'`;
  await world.sql`insert into sync.retired_ids (connection, id, row_id) values ('freshbooks', 77, ${older})`;

  const adopt = (task: unknown) => fails(1, 'retry', rowId, '--adopt', String(task));
  expect(await adopt(id)).toMatch(/before the create was sent; give another id, or .*--create/);
  expect(await adopt(own?.['id'])).toContain('made it');
  expect(await adopt(77)).toContain('before it was deleted for good');
  expect(await row('freshbooks', rowId)).toMatchObject({ sync_state: 'failed' });

  await mirror.does('retry', rowId, '--adopt', String(candidate + 1000));
  await mirror.does('retry', rowId, '--adopt', String(candidate));
  const second =
    await world.sql`select decision, adopt_id::int from sync.writes where row_id = ${rowId} and settled_at is null`;
  expect(second).toMatchObject([{ decision: 'adopt', adopt_id: candidate }]);
});

test('where nothing is unknown there is nothing to decide', async () => {
  const mirror = await mirrored();
  const [failed = '', synced = ''] = await mirror.rows('invoiced', 2);
  await refuse(mirror, 'invoiced', [failed]);
  expect(await mirror.fails(1, 'retry', failed, '--create')).toContain(`npx taskmirror retry ${failed}`);
  expect(await mirror.fails(1, 'retry', synced, '--adopt', '5')).toContain('nothing to decide');
  expect(await mirror.fails(2, 'retry', '999999', '--create')).toContain('no row 999999');
});

test('a create that is still being looked up is left to the worker', async () => {
  const mirror = await mirrored();
  mirror.world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.create',
    times: 1,
    fault: { kind: 'reset', when: 'after' },
  });
  const [row] = await mirror.world.sql`
    insert into invoiced.tasks (name, action, due_date) values ('Lost', 'phone', '2026-12-01Z') returning row_id`;
  await mirror.world.send('invoiced');
  expect(await mirror.fails(1, 'retry', String(row?.['row_id']), '--create')).toContain(
    'still being looked up',
  );
});

test.each([
  [['retry'], 'name the rows, or --all'],
  [['retry', '--all', '12'], '--all means every failed row'],
  [['retry', '12', '--adopt', '3', '--create'], 'exclude each other'],
  [['retry', '12', '13', '--create'], 'one ROW at a time'],
  [['retry', '--all', '--create'], 'one ROW at a time'],
  [['retry', '12', '--connection', 'invoiced'], '--connection goes with --all'],
  [['retry', 'first'], 'use a whole number'],
  [['retry', '12', '--adopt', '99999999999999999'], 'no API has such an id'],
])('wrong usage: %j', async (args, words) => {
  const { fails } = await mirrored();
  expect(await fails(2, ...args)).toContain(words);
});

async function refuse({ world }: Mirrored, connection: Connection, rows: readonly string[]): Promise<void> {
  world.sandbox.faults.add({
    api: connection,
    route: 'tasks.update',
    times: rows.length,
    fault: { kind: 'status', status: 400 },
  });
  for (const row of rows) {
    await world.sql`update ${world.sql(connection)}.tasks set name = ${`Refused ${row}`} where row_id = ${row}`;
  }
  await world.push(connection);
  const failed =
    await world.sql`select row_id from ${world.sql(connection)}.tasks where sync_state = 'failed'`;
  expect(failed).toHaveLength(rows.length);
}

/** A local insert whose answer was lost, and a task at the API that could be what it made. */
async function ambiguous(mirror: Mirrored): Promise<{ rowId: string; candidate: number }> {
  const { world } = mirror;
  world.sandbox.faults.add({
    api: 'freshbooks',
    route: 'tasks.create',
    times: 1,
    fault: { kind: 'reset', when: 'before' },
  });
  const [row] = await world.sql`insert into freshbooks.tasks (name) values ('Consulting') returning row_id`;
  const rowId = String(row?.['row_id']);
  await world.send('freshbooks');
  const { id } = world.sandbox.freshbooks.people.createTask({ name: 'Consulting, by hand' });
  await atRest(mirror, rowId);
  expect(await mirror.row('freshbooks', rowId)).toMatchObject({ sync_state: 'failed' });
  return { rowId, candidate: id };
}

async function atRest({ world, row }: Mirrored, rowId: string): Promise<void> {
  await until('the row is not pending', async () => {
    await world.push('freshbooks');
    return (await row('freshbooks', rowId))['sync_state'] !== 'pending';
  });
}
