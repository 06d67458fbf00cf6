import { afterEach, beforeEach, expect, test } from 'vitest';
import { atRest } from './at-rest.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

// An edit that goes back to what the API last gave looks like none, and is one.

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } } });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
});
afterEach(() => world.close());

const people = () => world.sandbox.freshbooks.people;

interface Row {
  readonly row_id: string;
  readonly id: string;
  readonly name: string;
}

const first = async (source: 'invoiced' | 'freshbooks'): Promise<Row> => {
  const [row] = await world.sql<Row[]>`select * from ${world.sql(source)}.tasks order by row_id limit 1`;
  if (row === undefined) throw new Error(`${source} has no row`);
  return row;
};
const rowOf = async (rowId: string) => {
  const [row] = await world.sql`select * from freshbooks.tasks where row_id = ${rowId}`;
  return row;
};
const set = (rowId: string, columns: Record<string, unknown>) =>
  world.sql`update freshbooks.tasks set ${world.sql(columns)} where row_id = ${rowId}`;
const conflicts = () =>
  world.sql`select field, local, remote, winner from sync.conflicts order by conflict_id`;

/** What a worker writes that does not know of such edits. */
const asFormerWorker = (rowId: string, columns: Record<string, unknown>) =>
  world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update freshbooks.tasks set ${tx(columns)} where row_id = ${rowId}`;
  });

test('beside an edit of another field it is journalled too where the API deleted the task', async () => {
  const { row_id, id, name } = await first('freshbooks');
  await set(row_id, { name: 'Typed' });
  await set(row_id, { name, description: 'Typed too' });
  people().editTask(Number(id), { name: 'Changed there' });
  people().deleteTask(Number(id));
  expectOutcome(await world.push('freshbooks'), 'ok');
  expect(await conflicts()).toMatchObject([
    { field: 'name', local: name, remote: 'Changed there', winner: 'remote' },
    { field: 'description', local: 'Typed too', winner: 'remote' },
  ]);
});

test('it meets a deletion at FreshBooks as any edit does', async () => {
  const { row_id, id, name } = await first('freshbooks');
  for (const value of ['Typed', name]) await set(row_id, { name: value });
  people().deleteTask(Number(id));
  expectOutcome(await world.as({ policy: 'local' }).push('freshbooks'), 'ok');
  expect(people().task(Number(id))).toMatchObject({ name, vis_state: 0 });
  expect(await conflicts()).toMatchObject([{ field: 'vis_state', local: 0, remote: 1, winner: 'local' }]);
});

test('a task that was restored at once, and that Invoiced deleted for good meanwhile, stands in the journal', async () => {
  const { row_id, id } = await first('invoiced');
  await world.sql`delete from invoiced.tasks where row_id = ${row_id}`;
  await world.sql`update invoiced.tasks set vis_state = 0 where row_id = ${row_id}`;
  world.sandbox.invoiced.people.remove(Number(id));
  await atRest(world, 'invoiced');
  expect(await conflicts()).toMatchObject([{ field: 'vis_state', local: 0, winner: 'remote' }]);
});

test('of a task deleted on both sides it stays one, though its row is at rest', async () => {
  const { row_id, id, name } = await first('freshbooks');
  await set(row_id, { vis_state: 1 });
  await atRest(world, 'freshbooks');
  await set(row_id, { name: 'Typed' });
  await atRest(world, 'freshbooks');
  people().restoreTask(Number(id));
  people().editTask(Number(id), { name: 'Changed there' });
  await set(row_id, { name });
  expectOutcome(await world.as({ policy: 'local' }).push('freshbooks'), 'ok');
  expect(people().task(Number(id))).toMatchObject({ name });
  expect(await conflicts()).toMatchObject([
    { field: 'name', local: name, remote: 'Changed there', winner: 'local' },
  ]);
});

test.each([
  ['the row that made it', false],
  ['the row that a pull made for it', true],
])('while it is not known that a task was made: an edit of %s', async (_, pulled) => {
  loseCreate();
  const [made] = await world.sql`insert into freshbooks.tasks (name) values ('New') returning row_id`;
  await world.send('freshbooks');
  const id = Math.max(...[...people().tasks()].map((task) => task.id));
  if (pulled) expectOutcome(await world.walk('freshbooks'), 'ok');
  const [twin = made] = await world.sql`select row_id from freshbooks.tasks where id = ${id}`;
  for (const description of ['Typed', '']) await set(String(twin?.['row_id']), { description });
  people().editTask(id, { description: 'Changed there' });
  await atRest(world, 'freshbooks');
  expect(await conflicts()).toMatchObject([{ field: 'description', local: '', remote: 'Changed there' }]);
  expect(people().task(id)).toMatchObject({ description: await descriptionOf(String(made?.['row_id'])) });
});

test('before its task was made it is in what makes it, and what the API holds later is somebody else’s', async () => {
  loseCreate();
  const [made] = await world.sql`insert into freshbooks.tasks (name) values ('New') returning row_id`;
  for (const description of ['Typed', '']) await set(String(made?.['row_id']), { description });
  await world.send('freshbooks');
  const id = Math.max(...[...people().tasks()].map((task) => task.id));
  people().editTask(id, { description: 'Changed there' });
  await atRest(world, 'freshbooks');
  expect(people().task(id)).toMatchObject({ name: 'New', description: 'Changed there' });
  expect(await descriptionOf(String(made?.['row_id']))).toBe('Changed there');
});

test('of the row that made a task it goes before edits of the row that a pull made for it', async () => {
  loseCreate();
  const [made] = await world.sql`insert into freshbooks.tasks (name) values ('New') returning row_id`;
  await world.send('freshbooks');
  const id = Math.max(...[...people().tasks()].map((task) => task.id));
  expectOutcome(await world.walk('freshbooks'), 'ok');
  for (const description of ['Typed', '']) await set(String(made?.['row_id']), { description });
  await world.sql`update freshbooks.tasks set description = 'Typed too' where id = ${id}`;
  await atRest(world, 'freshbooks');
  expect(people().task(id)).toMatchObject({ description: '' });
  expect(await conflicts()).toMatchObject([
    { field: 'description', local: 'Typed too', remote: '', winner: 'remote' },
  ]);
});

function loseCreate(): void {
  const fault = { kind: 'reset', when: 'after' } as const;
  world.sandbox.faults.add({ api: 'freshbooks', route: 'tasks.create', times: 1, fault });
}

const descriptionOf = async (rowId: string) => (await rowOf(rowId))?.['description'];

test('a page that shows the API to hold it ends it: a later change there is none of its business', async () => {
  const { row_id, id, name } = await first('freshbooks');
  for (const value of ['Typed', name]) await set(row_id, { name: value });
  expectOutcome(await world.walk('freshbooks'), 'ok');
  expect(await rowOf(row_id)).toMatchObject({ edited_again: null, sync_state: 'synced' });
  people().editTask(Number(id), { name: 'Changed there' });
  expectOutcome(await world.as({ policy: 'local' }).walk('freshbooks'), 'ok');
  expect(await rowOf(row_id)).toMatchObject({ name: 'Changed there', sync_state: 'synced' });
  expect(await conflicts()).toEqual([]);
});

test('an answer that leaves it out shows nothing of it, and the API is asked once more', async () => {
  const { row_id, id, name } = await first('freshbooks');
  for (const value of ['Typed', name]) await set(row_id, { name: value });
  people().editTask(Number(id), { name: 'Changed there' });
  const fault = { kind: 'omit-keys', keys: ['name', 'tname'] } as const;
  world.sandbox.faults.add({ api: 'freshbooks', route: 'tasks.read', times: 1, fault });
  expectOutcome(await world.push('freshbooks'), 'ok');
  expect(await rowOf(row_id)).toMatchObject({ name: 'Changed there', sync_state: 'synced' });
  expect(await conflicts()).toMatchObject([{ field: 'name', local: name, remote: 'Changed there' }]);
});

test('what a former worker has left of it on a row at rest means nothing', async () => {
  const { row_id, id, name } = await first('freshbooks');
  for (const value of ['Typed', name]) await set(row_id, { name: value });
  await asFormerWorker(row_id, { sync_state: 'synced', edited_at: null, pending_since: null });
  expect(await rowOf(row_id)).toMatchObject({ edited_again: ['name'] });
  people().editTask(Number(id), { name: 'Changed there' });
  const before = await rowOf(row_id);
  expectOutcome(await world.as({ policy: 'local' }).poll('freshbooks'), 'ok');
  expect(await rowOf(row_id)).toMatchObject({
    name: 'Changed there',
    sync_state: 'synced',
    edited_again: null,
  });
  await asFormerWorker(row_id, { edited_again: before?.['edited_again'] });
  await set(row_id, { description: 'Typed' });
  expect(await rowOf(row_id)).toMatchObject({ sync_state: 'pending', edited_again: null });
  expect(await conflicts()).toEqual([]);
});
