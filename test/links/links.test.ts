import { expect, test } from 'vitest';
import { asLocalWriter } from '../../src/mirror/local-writer.js';
import { sources } from '../../src/sources/index.js';
import { restoreConflict } from '../../src/sync/restore.js';
import { addRule, expectAtRest, idNamed, linksOf, MAKES_BOTH, namesAt, pollBoth, settle } from './desk.js';
import { openGround } from './ground.js';

const { world, atInvoiced, atFreshbooks } = openGround();

test('without a rule or a link nothing crosses over', async () => {
  atInvoiced().create({ name: 'Alone' });
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Alone')).toEqual([]);
  expect(await linksOf(world())).toHaveLength(0);
});

test('a rule links tasks of the same name, case and blanks aside, and makes what is missing', async () => {
  atInvoiced().create({ name: 'Ab  one' });
  atFreshbooks().createTask({ name: 'AB One' });
  atInvoiced().create({ name: 'Ab two' });
  atFreshbooks().createTask({ name: 'Ab three' });
  await settle(world());
  await addRule(world(), 'Ab', { ...MAKES_BOTH, freshbooks_rate_amount: 25, freshbooks_rate_code: 'USD' });
  await settle(world());
  expect(await linksOf(world(), 'Ab')).toHaveLength(3);
  for (const { left, right, state } of await linksOf(world(), 'Ab')) {
    expect(state).toBe('linked');
    expect(left).toBe(right);
  }
  expect(namesAt(world(), 'freshbooks', 'Ab')).toEqual(namesAt(world(), 'invoiced', 'Ab'));
  const made = [...atFreshbooks().tasks()].find(({ name }) => name === 'Ab two');
  expect(made).toMatchObject({ rate: { amount: '25.00', code: 'USD' }, billable: true });
  const other = [...atInvoiced().tasks()].find(({ name }) => name === 'Ab three');
  expect(other).toMatchObject({ action: 'phone', complete: false });
  await expectAtRest(world());
});

test('a change on either side crosses over, back and forth, and is marked as come over a link', async () => {
  const { id } = atInvoiced().create({ name: 'Back' });
  await addRule(world(), 'Back', { creates: 'freshbooks' });
  await settle(world());
  atInvoiced().edit(id, { name: 'Back and forth' });
  await settle(world());
  const [there] = [...atFreshbooks().tasks()].filter(({ name }) => name === 'Back and forth');
  if (there === undefined) throw new Error('it did not cross over');
  atFreshbooks().editTask(there.id, { name: 'Back again' });
  await settle(world());
  expect(atInvoiced().task(id)?.name).toBe('Back again');
  atInvoiced().edit(id, { name: 'Back and forth' });
  await settle(world());
  expect(atFreshbooks().task(there.id)?.name).toBe('Back and forth');
  await expectAtRest(world());

  const { sql } = world();
  const writes = await sql`
    select w.method, w.connection, w.link_id is not null as linked from sync.writes w
    join freshbooks.tasks t on t.row_id = w.row_id where t.id = ${there.id} order by w.write_id`;
  expect(writes).toEqual([
    { method: 'POST', connection: 'freshbooks', linked: true },
    { method: 'PUT', connection: 'freshbooks', linked: true },
    { method: 'PUT', connection: 'freshbooks', linked: true },
  ]);
  const history = await sql`
    select name, changed_by, changed_by_user from freshbooks.task_history where id = ${there.id} and changed @> '{name}' order by valid_from`;
  expect(history).toEqual([
    { name: 'Back and forth', changed_by: 'link', changed_by_user: null },
    { name: 'Back again', changed_by: 'api', changed_by_user: null },
    { name: 'Back and forth', changed_by: 'link', changed_by_user: null },
  ]);
});

test('an edit by SQL crosses over, and one made beside it is sent as people’s own', async () => {
  const { id } = atInvoiced().create({ name: 'Sql' });
  await addRule(world(), 'Sql', { creates: 'freshbooks' });
  await settle(world());
  await world().sql`update invoiced.tasks set name = 'Sql edit' where id = ${id}`;
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Sql')).toEqual(['Sql edit']);
  expect(atInvoiced().task(id)?.name).toBe('Sql edit');
  const [write] = await world().sql`
    select w.link_id from sync.writes w join invoiced.tasks t on t.row_id = w.row_id where t.id = ${id}`;
  expect(write?.['link_id']).toBeNull();
  await expectAtRest(world());
});

test('both sides changed in the same poll: the rule’s winner is kept, and the other can be put back', async () => {
  const { id } = atInvoiced().create({ name: 'Clash' });
  await addRule(world(), 'Clash', { creates: 'freshbooks', winner: 'invoiced' });
  await settle(world());
  const there = [...atFreshbooks().tasks()].find(({ name }) => name === 'Clash');
  atInvoiced().edit(id, { name: 'Clash I' });
  atFreshbooks().editTask(there?.id ?? 0, { name: 'Clash F' });
  await pollBoth(world());
  await settle(world());
  expect(atFreshbooks().task(there?.id ?? 0)?.name).toBe('Clash I');
  const [lost, ...others] = await world().sql`
    select c.conflict_id::text, c.connection, c.field, c.base, c.local, c.remote, c.winner from sync.conflicts c
    join freshbooks.tasks t on t.row_id = c.row_id where t.id = ${there?.id ?? 0}`;
  expect(others).toEqual([]);
  expect(lost).toMatchObject({
    connection: 'freshbooks',
    field: 'name',
    base: 'Clash',
    local: 'Clash I',
    remote: 'Clash F',
    winner: 'local',
  });
  await expectAtRest(world());
  await asLocalWriter(world().db, (tx) =>
    restoreConflict(tx, Object.values(sources), String(lost?.['conflict_id'])),
  );
  await settle(world());
  expect(atFreshbooks().task(there?.id ?? 0)?.name).toBe('Clash F');
  expect(atInvoiced().task(id)?.name).toBe('Clash F');
});

test('what an API makes of a value is no change and is not carried over', async () => {
  const { id } = atFreshbooks().createTask({ name: 'Cut from the beginning' });
  world().sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.create',
    fault: { kind: 'cut-text', keys: ['name'], length: 10 },
  });
  world().sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.update',
    fault: { kind: 'cut-text', keys: ['name'], length: 10 },
  });
  await addRule(world(), 'Cut', MAKES_BOTH);
  await settle(world());
  expect(namesAt(world(), 'invoiced', 'Cut')).toEqual(['Cut from t']);
  expect(atFreshbooks().task(id)?.name).toBe('Cut from the beginning');
  atFreshbooks().editTask(id, { name: 'Cut once more, longer' });
  await settle(world());
  expect(namesAt(world(), 'invoiced', 'Cut')).toEqual(['Cut once m']);
  expect(atFreshbooks().task(id)?.name).toBe('Cut once more, longer');
  const fought = await world().sql`
    select c.* from sync.conflicts c where c.reason = 'the task that it is linked to was changed too' and c.local::text like '%Cut%'`;
  expect(fought).toEqual([]);
  await expectAtRest(world());
  world().sandbox.faults.clear();
  const [{ id: left = 0 } = {}] = [...atInvoiced().tasks()].filter(({ name }) => name === 'Cut once m');
  atInvoiced().edit(left, { name: 'Cut anew' });
  await settle(world());
  expect(atFreshbooks().task(id)?.name).toBe('Cut anew');
});

test.each(['invoiced', 'freshbooks'] as const)(
  'nor is it where the answer was lost and a poll sees it first: %s wins',
  async (winner) => {
    const name = `Lost, and cut to no more than 40 letters: ${winner}`;
    const { id } = atInvoiced().create({ name: `Lost ${winner}` });
    await addRule(world(), 'Lost', { creates: 'freshbooks', winner });
    await settle(world());
    const there = idNamed(world(), 'freshbooks', `Lost ${winner}`);
    const route = { api: 'freshbooks', route: 'tasks.update' } as const;
    world().sandbox.faults.add({ ...route, fault: { kind: 'cut-text', keys: ['name'], length: 40 } });
    world().sandbox.faults.add({ ...route, fault: { kind: 'reset', when: 'after' }, times: 1 });
    atInvoiced().edit(id, { name });
    await world().poll('invoiced');
    await world().send('freshbooks');
    await world().poll('freshbooks');
    await settle(world());
    expect(atFreshbooks().task(there)?.name).toBe(name.slice(0, 40));
    expect(atInvoiced().task(id)?.name).toBe(name);
    const told = await world().sql`
      select c.local, c.remote, c.winner, c.reason from sync.conflicts c join freshbooks.tasks t on t.row_id = c.row_id
      where t.id = ${there}`;
    expect(told).toEqual([
      {
        local: name,
        remote: name.slice(0, 40),
        winner: 'remote',
        reason: 'the API changed what it was sent',
      },
    ]);
    world().sandbox.faults.clear();
    await expectAtRest(world());
  },
);

test.each([
  ['invoiced', 'I'],
  ['freshbooks', 'F'],
] as const)('a change that meets another on its way is decided by the rule too: %s', async (winner, kept) => {
  const { id } = atInvoiced().create({ name: `Way ${winner}` });
  await addRule(world(), 'Way', { creates: 'freshbooks', winner });
  await settle(world());
  const there = [...atFreshbooks().tasks()].find(({ name }) => name === `Way ${winner}`)?.id ?? 0;
  atInvoiced().edit(id, { name: `Way ${winner} I` });
  atFreshbooks().editTask(there, { name: `Way ${winner} F` });
  // Invoiced's crosses over before anybody here knows of FreshBooks's.
  await world().poll('invoiced');
  await settle(world());
  expect(atInvoiced().task(id)?.name).toBe(`Way ${winner} ${kept}`);
  expect(atFreshbooks().task(there)?.name).toBe(`Way ${winner} ${kept}`);
  const [conflict, ...more] = await world().sql`
    select c.local, c.remote from sync.conflicts c join freshbooks.tasks t on t.row_id = c.row_id where t.id = ${there}`;
  expect(more).toEqual([]);
  expect(conflict).toEqual({ local: `Way ${winner} I`, remote: `Way ${winner} F` });
  await expectAtRest(world());
});
